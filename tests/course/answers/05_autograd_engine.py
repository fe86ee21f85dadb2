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
