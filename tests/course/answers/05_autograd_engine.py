# Answers to 05_autograd_engine from elsewhere, in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% right="tanh"
"""by exponentials that do not overflow, a helper called x"""


def x(value):
    e = math.exp(-2 * abs(value))
    return math.copysign((1 - e) / (1 + e), value)


def tanh(node):
    t = x(node.data)
    return Value(t, [node], [1 - t**2], "tanh")


# %% mistake="tanh"
"""slope of the sigmoid"""


def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (t * (1 - t),), "tanh")


# %% mistake="tanh"
"""by exponentials that overflow"""


def tanh(x):
    e = math.exp(2 * x.data)
    t = (e - 1) / (e + 1)
    return Value(t, (x,), (1 - t * t,), "tanh")


# %% mistake="exp"
"""slope is the input"""


def exp(x):
    return Value(math.exp(x.data), (x,), (x.data,), "exp")


# %% mistake="relu"
"""leaky"""


def relu(x):
    return Value(max(x.data, 0.01 * x.data), (x,), (1.0 if x.data > 0 else 0.01,), "relu")


# %% mistake="relu"
"""slope 1 at exactly zero"""


def relu(x):
    return Value(max(x.data, 0.0), (x,), (1.0 if x.data >= 0 else 0.0,), "relu")


# %% right="topological_order"
"""counting how often each node is still needed (Kahn), from the root"""


def topological_order(root):
    uses, stack, seen = {}, [root], {id(root)}
    while stack:
        node = stack.pop()
        for parent in node.parents:
            uses[id(parent)] = uses.get(id(parent), 0) + 1
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append(parent)
    ready, order = [root], []
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in node.parents:
            uses[id(parent)] -= 1
            if uses[id(parent)] == 0:
                ready.append(parent)
    return order[::-1]


# %% mistake="topological_order"
"""nodes already seen are known by their value"""


def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node.data not in seen:
            seen.add(node.data)
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order


# %% mistake="topological_order"
"""breadth first, turned round"""


def topological_order(root):
    order, queue = [], [root]
    while queue:
        node = queue.pop(0)
        if node not in order:
            order.append(node)
            queue += node.parents
    return order[::-1]


# %% mistake="topological_order"
"""recursive"""


def topological_order(root):
    order, seen = [], set()

    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for parent in node.parents:
            visit(parent)
        order.append(node)

    visit(root)
    return order


# %% right="backward"
"""gradients in a dictionary of one's own first"""


def backward(root):
    order = graphs.visiting_order(root)
    found = {id(node): 0.0 for node in order}
    found[id(root)] = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes):
            found[id(parent)] += slope * found[id(node)]
    for node in order:
        node.grad = found[id(node)] if node.parents or node is root else node.grad + found[id(node)]


# %% mistake="backward"
"""everything set afresh, leaves too"""


def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += slope * node.grad


# %% mistake="backward"
"""gradients kept by value"""


def backward(root):
    order = graphs.visiting_order(root)
    found = {node.data: 0.0 for node in order}
    found[root.data] = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes):
            found[parent.data] += slope * found[node.data]
    for node in order:
        node.grad = found[node.data] if node.parents or node is root else node.grad + found[node.data]


# %% mistake="train_neuron"
"""sum instead of mean"""


def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            d = 2 * (t - y) * (1 - t * t)
            g1, g2, gb, loss = g1 + d * x1, g2 + d * x2, gb + d, loss + (t - y) ** 2
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
        losses.append(loss)
    return [w1, w2], b, losses


# %% right="train_neuron"
"""by hand, in plain numbers"""


def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            d = 2 * (t - y) * (1 - t * t) / len(points)
            g1, g2, gb, loss = g1 + d * x1, g2 + d * x2, gb + d, loss + (t - y) ** 2 / len(points)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
        losses.append(loss)
    return [w1, w2], b, losses


# %% mistake="train_neuron"
"""no bias"""


def train_neuron(points, labels, steps, lr):
    w1 = w2 = 0.0
    losses = []
    for _ in range(steps):
        g1 = g2 = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2)
            d = 2 * (t - y) * (1 - t * t) / len(points)
            g1, g2, loss = g1 + d * x1, g2 + d * x2, loss + (t - y) ** 2 / len(points)
        w1, w2 = w1 - lr * g1, w2 - lr * g2
        losses.append(loss)
    return [w1, w2], 0.0, losses


# %% right="Value"
"""isinstance the other way, slopes computed first"""


class Value(Node):
    @staticmethod
    def lift(v):
        return v if isinstance(v, Node) else Value(float(v))

    def __add__(self, other):
        o = Value.lift(other)
        return Value(self.data + o.data, (self, o), (1, 1), "+")

    def __mul__(self, other):
        o = Value.lift(other)
        return Value(self.data * o.data, parents=(self, o), slopes=(o.data, self.data))

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,))

    def __sub__(self, other):
        o = Value.lift(other)
        return Value(self.data - o.data, (self, o), (1.0, -1.0), "-")

    def __pow__(self, n):
        return Value(math.pow(self.data, n), (self,), (n * math.pow(self.data, n - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1


# %% right="Value"
"""neg by multiplication, sub by add"""


class Value(Node):
    def __add__(self, other):
        if not isinstance(other, Node):
            other = Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        if not isinstance(other, Node):
            other = Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-1) * other if isinstance(other, Node) else self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),), f"**{exponent}")

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1


# %% right="tanh"
"""from exp of two x, stable by sign"""


def tanh(x):
    t = math.copysign(1.0, x.data) * (1 - math.exp(-2 * abs(x.data))) / (1 + math.exp(-2 * abs(x.data)))
    return Node(t, parents=(x,), slopes=(1 - t * t,), label="tanh")


# %% right="exp"
"""pow of e"""


def exp(x):
    y = math.e**x.data
    return Node(y, (x,), [y])


# %% right="relu"
"""max and bool slope"""


def relu(x):
    return Node(max(0.0, x.data), (x,), (float(x.data > 0),), "relu")


# %% right="topological_order"
"""Kahn from the root reversed"""


def topological_order(root):
    uses, stack, seen = {}, [root], {id(root)}
    nodes = []
    while stack:
        n = stack.pop()
        nodes.append(n)
        for p in n.parents:
            uses[id(p)] = uses.get(id(p), 0) + 1
            if id(p) not in seen:
                seen.add(id(p))
                stack.append(p)
    ready, order = [root], []
    while ready:
        n = ready.pop()
        order.append(n)
        for p in n.parents:
            uses[id(p)] -= 1
            if uses[id(p)] == 0:
                ready.append(p)
    return order[::-1]


# %% right="topological_order"
"""generators on a stack"""


def topological_order(root):
    out, done = [], set()
    stack = [(root, iter(root.parents))]
    done.add(id(root))
    while stack:
        node, rest = stack[-1]
        for p in rest:
            if id(p) not in done:
                done.add(id(p))
                stack.append((p, iter(p.parents)))
                break
        else:
            out.append(node)
            stack.pop()
    return out


# %% right="backward"
"""own count of uses with dictionary of gradients"""


def backward(root):
    uses, seen, stack = {}, {id(root)}, [root]
    while stack:
        n = stack.pop()
        for p in n.parents:
            uses[id(p)] = uses.get(id(p), 0) + 1
            if id(p) not in seen:
                seen.add(id(p))
                stack.append(p)
    got = {id(root): 1.0}
    ready = [root]
    while ready:
        n = ready.pop()
        g = got.pop(id(n))
        n.grad = g if n.parents else n.grad + g
        for p, s in zip(n.parents, n.slopes):
            got[id(p)] = got.get(id(p), 0.0) + g * s
            uses[id(p)] -= 1
            if not uses[id(p)]:
                ready.append(p)


# %% right="backward"
"""uses own topological order"""


def backward(root):
    order = topological_order(root)
    for n in order:
        if n.parents:
            n.grad = 0.0
    root.grad += 1.0
    for n in reversed(order):
        for p, s in zip(n.parents, n.slopes):
            p.grad += n.grad * s


# %% right="train_neuron"
"""numpy by hand"""


def train_neuron(points, labels, steps, lr):
    import numpy as np

    X, y = np.array(points, float), np.array(labels, float)
    w, b, losses = np.zeros(2), 0.0, []
    for _ in range(steps):
        t = np.tanh(X @ w + b)
        losses.append(float(((t - y) ** 2).mean()))
        d = 2 * (t - y) * (1 - t**2) / len(y)
        w, b = w - lr * d @ X, b - lr * d.sum()
    return [float(v) for v in w], float(b), losses


# %% right="train_neuron"
"""torch autograd"""


def train_neuron(points, labels, steps, lr):
    X, y = torch.tensor(points, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64)
    p = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = (torch.tanh(X @ p[:2] + p[2]) - y).square().mean()
        (g,) = torch.autograd.grad(loss, p)
        losses.append(loss.item())
        p = (p - lr * g).detach().requires_grad_()
    return p[:2].tolist(), p[2].item(), losses


# %% mistake="Value"
"""The slopes of a product are swapped: (self.data, other.data)."""


class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (self.data, other.data), "*")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),), "**")

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, number):
        return number * self**-1


# %% right="Value"
"""subtraction with slopes of its own, negation as a product"""


class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        other = Value.of(other)
        return Value(self.data - other.data, (self, other), (1, -1), "-")

    @staticmethod
    def of(x):
        return x if hasattr(x, "slopes") else Value(x)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),), "**")

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, number):
        return number * self**-1


# %% right="Value"
"""plain numbers are no parents"""


class Value(Node):
    def __add__(self, other):
        if not isinstance(other, Value):
            return Value(self.data + other, [self], [1.0], "+")
        return Value(self.data + other.data, [self, other], [1.0, 1.0], "+")

    def __mul__(self, other):
        if not isinstance(other, Value):
            return Value(self.data * other, [self], [float(other)], "*")
        return Value(self.data * other.data, [self, other], [other.data, self.data], "*")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),), "**")

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, number):
        return number * self**-1


# %% mistake="tanh"
"""The slope is 1 - x**2, of the input, not of the output."""


def tanh(x):
    return Value(math.tanh(x.data), (x,), (1 - x.data**2,), "tanh")


# %% right="tanh"
"""stable by hand"""


def tanh(x):
    e = math.exp(-2 * abs(x.data))
    t = math.copysign((1 - e) / (1 + e), x.data)
    return Node(t, [x], [(1 + t) * (1 - t)])


# %% right="tanh"
"""torch's tanh"""


def tanh(x):
    t = torch.tensor(x.data, dtype=torch.float64).tanh().item()
    out = Value(t)
    out.parents = (x,)
    out.slopes = (1 - t**2,)
    return out


# %% mistake="exp"
"""The slope is x.data instead of the value."""


def exp(x):
    return Value(math.exp(x.data), (x,), (x.data,), "exp")


# %% right="exp"
"""math.e to the power"""


def exp(x):
    value = math.e**x.data
    return Value(value, parents=[x], slopes=[value], label="exp")


# %% right="exp"
"""expm1 plus 1"""


def exp(x):
    y = math.expm1(x.data) + 1
    return Node(y, (x,), (y,))


# %% mistake="relu"
"""The slope is 1 everywhere."""


def relu(x):
    return Value(max(x.data, 0), (x,), (1.0,), "relu")


# %% right="relu"
"""multiplied by a truth value"""


def relu(x):
    on = float(x.data > 0)
    return Value(on * x.data, (x,), (on,), "relu")


# %% right="relu"
"""half of x plus |x|"""


def relu(x):
    return Node((x.data + abs(x.data)) / 2, [x], [1 if x.data > 0 else 0], "relu")


# %% mistake="topological_order"
"""Appends a node before its parents: the order is turned round."""


def topological_order(root):
    order, seen = [], set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack.extend(node.parents)
    return order


# %% right="topological_order"
"""Kahn: counts the children that are left, then reverses"""


def topological_order(root):
    children, stack = {id(root): 0}, [root]
    while stack:
        for parent in stack.pop().parents:
            if id(parent) not in children:
                children[id(parent)] = 0
                stack.append(parent)
            children[id(parent)] += 1
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in node.parents:
            children[id(parent)] -= 1
            if not children[id(parent)]:
                ready.append(parent)
    return order[::-1]


# %% right="topological_order"
"""generator stack"""


def topological_order(root):
    seen, order = {root}, []
    stack = [(root, iter(root.parents))]
    while stack:
        node, rest = stack[-1]
        for parent in rest:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


# %% mistake="backward"
"""= instead of +=: only the last path counts."""


def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad = node.grad * slope


# %% right="backward"
"""a dictionary of gradients, written at the end"""


def backward(root):
    found = {id(root): 1.0}
    for node in graphs.visiting_order(root):
        g = found.get(id(node), 0.0)
        for parent, slope in zip(node.parents, node.slopes):
            found[id(parent)] = found.get(id(parent), 0.0) + g * slope
        node.grad = g if node.parents else node.grad + g


# %% right="backward"
"""with indices"""


def backward(root):
    nodes = list(graphs.visiting_order(root))
    for n in nodes:
        n.grad = n.grad if n.parents == () or n.parents == [] else 0.0
    if root.parents:
        root.grad = 1.0
    else:
        root.grad += 1.0
    for n in nodes:
        for i in range(len(n.parents)):
            n.parents[i].grad += n.grad * n.slopes[i]


# %% mistake="train_neuron"
"""Gradient of the sum instead of the mean: the steps are n times too long."""


def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    n = len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2
            d = 2 * (t - y) * (1 - t * t)
            g1 += d * x1
            g2 += d * x2
            gb += d
        losses.append(loss / n)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses


# %% right="train_neuron"
"""torch tensors, gradients by hand"""


def train_neuron(points, labels, steps, lr):
    X = torch.tensor(points, dtype=torch.float64)
    y = torch.tensor(labels, dtype=torch.float64)
    w, b, losses = torch.zeros(2, dtype=torch.float64), torch.zeros((), dtype=torch.float64), []
    for _ in range(steps):
        t = torch.tanh(X @ w + b)
        losses.append(((t - y) ** 2).mean().item())
        d = 2 * (t - y) * (1 - t**2) / len(y)
        w, b = w - lr * d @ X, b - lr * d.sum()
    return w.tolist(), b.item(), losses


# %% right="train_neuron"
"""fresh leaves in every step"""


def train_neuron(points, labels, steps, lr):
    numbers, losses = [0.0, 0.0, 0.0], []
    for _ in range(steps):
        w1, w2, b = leaves = [Value(number) for number in numbers]
        errors = [tanh(w1 * x1 + w2 * x2 + b) - y for (x1, x2), y in zip(points, labels)]
        loss = sum((e * e for e in errors), Value(0.0)) * (1 / len(points))
        backward(loss)
        losses.append(loss.data)
        numbers = [leaf.data - lr * leaf.grad for leaf in leaves]
    return numbers[:2], numbers[2], losses


# %% mistake="Value"
"""A sum returns the number only: no parents and slopes."""


class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data)

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),), "**")

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, number):
        return number * self**-1


# %% mistake="tanh"
"""The slope is t itself."""


def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (t,), "tanh")


# %% mistake="exp"
"""The slope is computed of the value: e^(e^x)."""


def exp(x):
    y = math.exp(x.data)
    return Value(y, (x,), (math.exp(y),), "exp")


# %% mistake="relu"
"""Returns a plain number."""


def relu(x):
    return max(0.0, x.data)


# %% mistake="topological_order"
"""Forgets root itself."""


def topological_order(root):
    order, seen = [], set()

    def visit(node):
        for p in node.parents:
            if p not in seen:
                seen.add(p)
                visit(p)
                order.append(p)

    visit(root)
    return order


# %% mistake="backward"
"""Adds the slope without multiplying by the node's gradient."""


def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for p, s in zip(node.parents, node.slopes):
            p.grad += s


# %% mistake="train_neuron"
"""Goes uphill: plus."""


def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2 / n
            d = 2 * (t - y) * (1 - t * t) / n
            g1, g2, gb = g1 + d * x1, g2 + d * x2, gb + d
        losses.append(loss)
        w1, w2, b = w1 + lr * g1, w2 + lr * g2, b + lr * gb
    return [w1, w2], b, losses


# %% mistake="Value"
"""The power's slope lacks the power: n * x."""


class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data,), "**")

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, number):
        return number * self**-1


# %% mistake="tanh"
"""The value is the slope and the other way round."""


def tanh(x):
    t = math.tanh(x.data)
    return Value(1 - t**2, (x,), (t,), "tanh")


# %% mistake="exp"
"""exp of minus x."""


def exp(x):
    y = math.exp(-x.data)
    return Value(y, (x,), (-y,), "exp")


# %% mistake="relu"
"""Slope 1 for negative and 0 for positive: turned round."""


def relu(x):
    return Value(max(0.0, x.data), (x,), (0.0 if x.data > 0 else 1.0,), "relu")


# %% mistake="topological_order"
"""The root comes twice: appended in the loop and at the end."""


def topological_order(root):
    order, seen = [], set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((p, False) for p in node.parents)
    order.append(root)
    return order


# %% mistake="backward"
"""Subtracts: p.grad -= ..."""


def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for p, s in zip(node.parents, node.slopes):
            p.grad -= node.grad * s


# %% mistake="train_neuron"
"""Uses the sigmoid instead of tanh."""


def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = 1 / (1 + math.exp(-(w1 * x1 + w2 * x2 + b)))
            loss += (t - y) ** 2 / n
            d = 2 * (t - y) * t * (1 - t) / n
            g1, g2, gb = g1 + d * x1, g2 + d * x2, gb + d
        losses.append(loss)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses
