# %% right="Value"
"""every slope written out, nothing built on anything else"""
class Value(Node):
    def __add__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data + other.data, parents=(self, other), slopes=(1, 1))

    def __mul__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data * other.data, parents=(self, other), slopes=(other.data, self.data))

    def __neg__(self):
        return Value(-self.data, [self], [-1])

    def __sub__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data - other.data, [self, other], [1, -1])

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data**exponent / self.data,))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

# %% right="Value"
"""closures: each result keeps a function that gives its slopes when they are asked for"""
class Value:
    def __init__(self, data, parents=(), slopes=(), label=""):
        self.data, self.grad, self.parents, self.label = float(data), 0.0, tuple(parents), label
        self.find_slopes = slopes if callable(slopes) else lambda: slopes

    @property
    def slopes(self):
        return self.find_slopes()

    def __add__(self, other):
        other = other if hasattr(other, "parents") else Value(other)
        return Value(self.data + other.data, (self, other), lambda: (1.0, 1.0), "+")

    def __mul__(self, other):
        other = other if hasattr(other, "parents") else Value(other)
        return Value(self.data * other.data, (self, other), lambda: (other.data, self.data), "*")

    def __neg__(self):
        return Value(-self.data, (self,), lambda: (-1.0,), "-")

    def __sub__(self, other):
        return self + -other

    def __pow__(self, n):
        return Value(self.data**n, (self,), lambda: (n * self.data ** (n - 1),), "**")

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return -self + other

# %% right="Value"
"""a table of operations: value and slopes by name"""
import operator

TABLE = {
    "+": (operator.add, lambda x, y: (1.0, 1.0)),
    "-": (operator.sub, lambda x, y: (1.0, -1.0)),
    "*": (operator.mul, lambda x, y: (y, x)),
    "neg": (operator.neg, lambda x: (-1.0,)),
}

class Value(Node):
    @classmethod
    def apply(cls, name, *operands):
        nodes = tuple(item if isinstance(item, Node) else cls(item) for item in operands)
        numbers = [node.data for node in nodes]
        forward, backward = TABLE[name]
        return cls(forward(*numbers), nodes, backward(*numbers), name)

    def __add__(self, other):
        return self.apply("+", self, other)

    def __mul__(self, other):
        return self.apply("*", self, other)

    def __neg__(self):
        return self.apply("neg", self)

    def __sub__(self, other):
        return self.apply("-", self, other)

    def __pow__(self, n):
        return Value(pow(self.data, n), (self,), (n * pow(self.data, n - 1),))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return self.apply("-", other, self)

# %% right="Value"
"""a dataclass, which cannot stand in a set, with its arrows as pairs"""
from dataclasses import dataclass, field

@dataclass
class Value:
    data: float
    arrows: list = field(default_factory=list)
    grad: float = 0.0

    @property
    def parents(self):
        return [parent for parent, _ in self.arrows]

    @property
    def slopes(self):
        return [slope for _, slope in self.arrows]

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    def __neg__(self):
        return 0 - self

    def __sub__(self, other):
        return self + other * -1

    def __pow__(self, n):
        return Value(self.data**n, [(self, n * self.data ** (n - 1))])

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Value(other) - self

# %% right="Value"
"""numbers kept as tensors of one element"""
class Value(Node):
    def __init__(self, data, parents=(), slopes=(), label=""):
        super().__init__(torch.as_tensor(data, dtype=torch.float64), parents, slopes, label)

    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        one = torch.ones((), dtype=torch.float64)
        return Value(self.data + other.data, (self, other), (one, one))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data.pow(n), (self,), (n * self.data.pow(n - 1),))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return -self + other

# %% mistake="Value"
"""In the product, each operand got its own value as slope. How fast does `a * b` change with `a`: `a` times, or `b` times as fast?"""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (self.data, other.data))

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,))

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""The difference has the slopes of a sum. If the second operand grows by 1, what does the difference do?"""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data - other.data, (self, other), (1.0, 1.0))

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""The negative has slope 1, as if it rose together with its parent. It falls when its parent rises."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return Value(-self.data, (self,), (1.0,))

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""In the slope of the power, the exponent was not lowered by 1. Check it with `x**1`, whose slope is 1 everywhere."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data**n,))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""The slope of the power lacks its factor, the old exponent. How steep is `x**2` at 3?"""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (self.data ** (n - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""The results have the right values and no parents, so nobody can find the way back. Hand the operands and the slopes over to the new `Value` as well."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data)

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data)

    def __neg__(self):
        return Value(-self.data)

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n)

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""Your operators change `self` and return it, so an operand is lost as soon as it is used. Each result must be a new `Value`."""
class Value(Node):
    def __add__(self, other):
        self.data += other.data if isinstance(other, Node) else other
        return self

    def __mul__(self, other):
        self.data *= other.data if isinstance(other, Node) else other
        return self

    def __neg__(self):
        self.data = -self.data
        return self

    def __sub__(self, other):
        self.data -= other.data if isinstance(other, Node) else other
        return self

    def __pow__(self, n):
        self.data **= n
        return self

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""When a node is used twice by the same operation, as in `a * a`, the second slope overwrites the first: a dictionary has one place per parent. Both paths count, and they add up."""
class Value:
    def __init__(self, data, arrows=None):
        self.data, self.grad, self.arrows = data, 0.0, arrows or {}

    @property
    def parents(self):
        return list(self.arrows)

    @property
    def slopes(self):
        return list(self.arrows.values())

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, {self: 1.0, other: 1.0})

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, {self: other.data, other: self.data})

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, {self: n * self.data ** (n - 1)})

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""Your `parents` is a set. A set has no order, so nobody knows which slope belongs to which parent, and it holds a node that is used twice only once. Use a tuple or a list."""
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad, self.parents, self.slopes = data, 0.0, set(parents), slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

# %% mistake="Value"
"""This works between two `Value`s and stops at a plain number, as in `a + 3`: a number has no `data`. Make a `Value` of it first."""
class Value(Node):
    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,))

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""This is an engine in the manner of micrograd, with `_prev` and `_backward`. It may be right, but nobody here can read it: the checks, the pictures and the later exercises look for `parents` and `slopes`."""
class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0.0, set(_children), _op
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

# %% mistake="Value"
"""Multiplying again and again makes whole powers only. The exponent may be negative or a fraction: take Python's own power for the value, and give the node one parent and one slope."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        result = Value(1.0)
        for _ in range(n):
            result = result * self
        return result

# %% mistake="Value"
"""The slopes of your product are nodes. A slope is a number: take the `data` of the other operand."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other, self))

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,))

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

# %% mistake="Value"
"""Your operators return plain numbers. A plain number forgets where it came from: return a new `Value`."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return self.data + other.data

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return self.data * other.data

    def __neg__(self):
        return -self.data

    def __sub__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return self.data - other.data

    def __pow__(self, n):
        return self.data**n

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

# %% mistake="Value"
"""The slopes of the product are swapped. How much a product changes with one factor is told by the *other*."""


class Value(Node):
    def __add__(self, other):
        if not isinstance(other, Node):
            other = Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        if not isinstance(other, Node):
            other = Value(other)
        return Value(self.data * other.data, (self, other), (self.data, other.data), "*")

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

# %% mistake="Value"
"""`+` changed the operand itself and gave it back. An operator returns a new `Value` and leaves its operands
as they are."""


class Value(Node):
    def __add__(self, other):
        if not isinstance(other, Node):
            other = Value(other)
        self.data += other.data
        return self

    def __mul__(self, other):
        if not isinstance(other, Node):
            other = Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def __radd__(self, number):
        return self + number

    def __rmul__(self, number):
        return self * number

    def __rsub__(self, number):
        return -self + number

    def __truediv__(self, other):
        return self * other**-1

# %% mistake="Value"
"""The sum has the right number and no parents, so nobody can find the way back through it. Hand over both operands, and their slopes, as you do elsewhere."""
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

# %% mistake="Value"
"""The product has the slopes of a sum, 1 and 1. If `a` grows by 1, how much does `a * b` grow?"""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (1.0, 1.0), "*")

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

# %% mistake="Value"
"""Beside a plain number the product has slope 1. `a * 3` grows three times as fast as `a`: the slope is the number."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        if not isinstance(other, Node):
            return Value(self.data * other, (self,), (1.0,), "*")
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

# %% mistake="Value"
"""The sum has one parent only. Both operands lead to it, each with slope 1."""
class Value(Node):
    def __add__(self, other):
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self,), (1.0,), "+")

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

# %% right="tanh"
"""a node of the class it was given"""
def tanh(x):
    value = math.tanh(x.data)
    return type(x)(value, parents=(x,), slopes=(1 - value**2,), label="tanh")

# %% right="tanh"
"""a slope from the hyperbolic cosine, guarded against overflow"""
def tanh(x):
    slope = 1 / math.cosh(x.data) ** 2 if abs(x.data) < 300 else 0.0
    return Node(math.tanh(x.data), [x], [slope])

# %% right="tanh"
"""from exponentials that cannot overflow"""
def tanh(x):
    shrunk = math.exp(-2 * abs(x.data))
    size = (1 - shrunk) / (1 + shrunk)
    return Value(size if x.data > 0 else -size, (x,), (1 - size * size,))

# %% right="tanh"
"""value and slope from PyTorch"""
def tanh(x):
    leaf = torch.tensor(float(x.data), dtype=torch.float64, requires_grad=True)
    out = torch.tanh(leaf)
    out.backward()
    return Value(out.item(), (x,), (leaf.grad.item(),), "tanh")

# %% mistake="tanh"
"""The slope is 1 minus the input squared. The formula squares the output, t."""
def tanh(x):
    return Value(math.tanh(x.data), (x,), (1 - x.data**2,))

# %% mistake="tanh"
"""The slope is 1 − t, but t must be squared. At a negative input your slope is above 1, and tanh is nowhere that steep."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (1 - t,))

# %% mistake="tanh"
"""The slope is t(1 − t). That belongs to the sigmoid; for tanh it is 1 − t²."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (t * (1 - t),))

# %% mistake="tanh"
"""The value is right, and no gradient would get through: the node has no parent, or its slope is 0. Hand over `x` and the slope as well."""
def tanh(x):
    return Value(math.tanh(x.data))

# %% mistake="tanh"
"""That is a plain number, which forgets that it came from `x`. Return a node with a parent and a slope."""
def tanh(x):
    return math.tanh(x.data)

# %% mistake="tanh"
"""`math.tanh` got a node where it wants a number. The number is in `x.data`."""
def tanh(x):
    t = math.tanh(x)
    return Value(t, (x,), (1 - t * t,))

# %% mistake="tanh"
"""For large inputs the exponential overflows. `math.tanh` does not, or divide both sides of the fraction by the large one first."""
def tanh(x):
    t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)
    return Value(t, (x,), (1 - t * t,))

# %% mistake="tanh"
"""`(x)` is nothing but x. A tuple of one has a comma, `(x,)`, and so has the tuple of its one slope."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x), (1 - t * t))

# %% mistake="tanh"
"""The hyperbolic cosine overflows for large inputs, though the slope there is as good as 0. Work the slope out from the value instead."""
def tanh(x):
    return Value(math.tanh(x.data), (x,), (1 / math.cosh(x.data) ** 2,))

# %% mistake="tanh"
"""The slope is fixed at 1, which is right at 0 only. How steep is tanh far from 0?"""
def tanh(x):
    return Value(math.tanh(x.data), (x,), (1.0,))

# %% mistake="tanh"
"""This changes `x` itself. What used `x` before would now see another number: return a new node."""
def tanh(x):
    x.data = math.tanh(x.data)
    return x

# %% mistake="tanh"
"""The slope has the wrong sign: it is 1 minus t squared. tanh rises everywhere."""


def tanh(x):
    t = math.tanh(x.data)
    return Node(t, (x,), (t**2 - 1,))

# %% mistake="tanh"
"""You wrote the result into `x` itself. `x` stays as it is; the result is a new node."""


def tanh(x):
    x.data = math.tanh(x.data)
    return Node(x.data, (x,), (1 - x.data**2,))

# %% mistake="tanh"
"""The slope is the value t itself. tanh is steepest where t is 0: its slope is 1 − t²."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (t,), "tanh")

# %% mistake="tanh"
"""This is `math.tan`, the tangent of an angle. The hyperbolic one is `math.tanh`."""
def tanh(x):
    t = math.tan(x.data)
    return Value(t, (x,), (1 - t**2,), "tanh")

# %% mistake="tanh"
"""The slope is multiplied by the input. A slope is the local derivative and nothing else: 1 − t²."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (x.data * (1 - t**2),), "tanh")

# %% mistake="tanh"
"""Value and slope have changed places: the value is t, the slope 1 − t²."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(1 - t**2, (x,), (t,), "tanh")

# %% mistake="tanh"
"""The slope is 1 + t². tanh is flat where t is near 1: it is 1 *minus* t²."""
def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (1 + t**2,), "tanh")

# %% right="exp"
"""a power of e"""
def exp(x):
    out = Node(math.e**x.data, (x,), label="exp")
    out.slopes = (out.data,)
    return out

# %% right="exp"
"""value and slope from PyTorch"""
def exp(x):
    value = torch.tensor(x.data, dtype=torch.float64).exp().item()
    return Value(value, [x], [value])

# %% mistake="exp"
"""The slope follows the rule for powers, exponent times base to one less. Here the variable is the exponent, and the slope is the value itself."""
def exp(x):
    return Value(math.exp(x.data), (x,), (x.data * math.exp(x.data - 1),))

# %% mistake="exp"
"""The slope is `x`. The exponential is its own derivative, so the slope is the value."""
def exp(x):
    return Value(math.exp(x.data), (x,), (x.data,))

# %% mistake="exp"
"""The slope is fixed at 1, which is right at 0 only."""
def exp(x):
    return Value(math.exp(x.data), (x,), (1.0,))

# %% mistake="exp"
"""The value is right, and no gradient would get through: the node has no parent, or its slope is 0. Hand over `x` and the slope as well."""
def exp(x):
    return Value(math.exp(x.data))

# %% mistake="exp"
"""That is a plain number, which forgets that it came from `x`. Return a node with a parent and a slope."""
def exp(x):
    return math.exp(x.data)

# %% mistake="exp"
"""`math.exp` got a node where it wants a number. The number is in `x.data`."""
def exp(x):
    value = math.exp(x)
    return Value(value, (x,), (value,))

# %% mistake="exp"
"""This is 2 to the power of `x`. The base is e, about 2.718."""
def exp(x):
    return Value(2**x.data, (x,), (math.log(2) * 2**x.data,))

# %% mistake="exp"
"""`expm1` is e^x minus 1, made for tiny numbers. Here e^x itself is asked for."""
def exp(x):
    y = math.expm1(x.data)
    return Value(y, (x,), (y,), "exp")

# %% mistake="exp"
"""The slope is that of tanh, 1 minus the value squared. The exponential is its own derivative."""
def exp(x):
    y = math.exp(x.data)
    return Value(y, (x,), (1 - y**2,), "exp")

# %% mistake="exp"
"""This is 2 to the power of `x`. The base is e, about 2.718."""
def exp(x):
    y = 2**x.data
    return Value(y, (x,), (y,), "exp")

# %% mistake="exp"
"""The base was rounded to 2.718. `math.exp` knows all its digits."""
def exp(x):
    y = 2.718**x.data
    return Value(y, (x,), (y,), "exp")

# %% right="relu"
"""a branch for each side"""
def relu(x):
    if x.data > 0:
        return Value(x.data, (x,), (1.0,), "relu")
    return Value(0.0, (x,), (0.0,), "relu")

# %% right="relu"
"""a mask times the input"""
def relu(x):
    mask = float(x.data > 0)
    return Node(mask * x.data, [x], [mask])

# %% right="relu"
"""a product with a constant node"""
def relu(x):
    on = Node(float(x.data > 0))
    return Node(x.data * on.data, (x, on), (on.data, x.data))

# %% mistake="relu"
"""For a positive input you gave back the input itself. Asked for is a new node with the input as its parent, or nobody can see in the graph that ReLU was applied."""
def relu(x):
    return x if x.data > 0 else Value(0.0)

# %% mistake="relu"
"""The slope is relu's output. Where `x` is positive, relu rises exactly as fast as `x`: slope 1, however large `x` is."""
def relu(x):
    out = max(0.0, x.data)
    return Value(out, (x,), (out,))

# %% mistake="relu"
"""The slope is 1 everywhere. For negative inputs relu is flat: nothing that `x` does changes the output."""
def relu(x):
    return Value(max(0.0, x.data), (x,), (1.0,))

# %% mistake="relu"
"""At exactly 0 your slope is 1. There is no derivative there; this engine takes 0, as PyTorch does."""
def relu(x):
    return Value(max(0.0, x.data), (x,), (1.0 if x.data >= 0 else 0.0,))

# %% mistake="relu"
"""Nothing happens to the input here: negative numbers come out as they went in. relu makes them 0, value and slope."""
def relu(x):
    return x

# %% mistake="relu"
"""The result is 0 for every input. Where `x` is positive, its value goes through."""
def relu(x):
    return Value(0.0)

# %% mistake="relu"
"""This is the absolute value: it turns negative inputs round. relu cuts them off at 0."""
def relu(x):
    return Value(abs(x.data), (x,), (1.0 if x.data > 0 else -1.0,))

# %% mistake="relu"
"""The value is right, and no gradient would get through: the node has no parent, or its slope is 0. Hand over `x` and the slope as well."""
def relu(x):
    return Value(max(0.0, x.data))

# %% mistake="relu"
"""That is a plain number, which forgets that it came from `x`. Return a node with a parent and a slope."""
def relu(x):
    return max(0.0, x.data)

# %% mistake="relu"
"""A node cannot be compared with a number, by `max` or by `>`. Compare the number in it, `x.data`."""
def relu(x):
    return max(0, x)

# %% mistake="relu"
"""For negative inputs you let a little through, value and slope. That is the leaky relu; ours gives 0."""
def relu(x):
    slope = 1.0 if x.data > 0 else 0.01
    return Value(slope * x.data, (x,), (slope,))

# %% mistake="relu" slip=true
"""For a negative input the node has no parent. No gradient goes back there, but the graph should still show
where the node came from."""


def relu(x):
    return Node(x.data, (x,), (1.0,)) if x.data > 0 else Node(0.0)

# %% mistake="relu"
"""For negative inputs the value is 0 and the slope is not. Where the value stays the same the slope is 0: a small one belongs to leaky ReLU."""
def relu(x):
    return Value(max(0.0, x.data), (x,), (1.0 if x.data > 0 else 0.01,), "relu")

# %% mistake="relu"
"""This is the absolute value: it turns negative inputs round. relu cuts them off at 0."""
def relu(x):
    return Value(abs(x.data), (x,), (1.0 if x.data > 0 else 0.0,), "relu")

# %% mistake="relu"
"""For negative inputs the slope is −1, as for the absolute value. relu is flat there: slope 0."""
def relu(x):
    return Value(max(0.0, x.data), (x,), (1.0 if x.data > 0 else -1.0,), "relu")

# %% mistake="relu"
"""The slopes are right, the value is not: negative inputs come out as they went in. relu makes them 0."""
def relu(x):
    return Value(x.data, (x,), (1.0 if x.data > 0 else 0.0,), "relu")

# %% mistake="relu"
"""You took the smaller of 0 and the input. relu takes the larger."""
def relu(x):
    return Value(min(0, x.data), (x,), (1.0 if x.data > 0 else 0.0,), "relu")

# %% mistake="relu"
"""For a positive input you gave back the input itself. Asked for is a new node with the input as its parent, or nobody can see in the graph that ReLU was there."""
def relu(x):
    if x.data > 0:
        return x
    return Value(0.0, (x,), (0.0,), "relu")

# %% mistake="relu"
"""The slopes are the wrong way round: relu rises where `x` is positive, and is flat elsewhere."""
def relu(x):
    return Value(max(0.0, x.data), (x,), (0.0 if x.data > 0 else 1.0,), "relu")

# %% right="topological_order"
"""looking at the topmost node of a stack until none of its parents is missing"""
def topological_order(root):
    order, done, stack = [], set(), [root]
    while stack:
        node = stack[-1]
        missing = [parent for parent in node.parents if id(parent) not in done]
        if missing:
            stack.append(missing[0])
        else:
            stack.pop()
            if id(node) not in done:
                done.add(id(node))
                order.append(node)
    return order

# %% right="topological_order"
"""counting how many children are still to come, from the root on"""
def topological_order(root):
    found, uses = [root], {root: 0}
    for node in found:
        for parent in node.parents:
            if parent not in uses:
                uses[parent] = 0
                found.append(parent)
            uses[parent] += 1
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in node.parents:
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)
    order.reverse()
    return order

# %% right="topological_order"
"""sorted by the length of the longest path from the root"""
def topological_order(root):
    distance, waiting = {root: 0}, [root]
    while waiting:
        node = waiting.pop()
        for parent in node.parents:
            if distance.get(parent, -1) < distance[node] + 1:
                distance[parent] = distance[node] + 1
                waiting.append(parent)
    return sorted(distance, key=distance.get, reverse=True)

# %% right="topological_order"
"""Python's own sorter"""
from graphlib import TopologicalSorter

def topological_order(root):
    graph, waiting = {}, [root]
    while waiting:
        node = waiting.pop()
        if node not in graph:
            graph[node] = node.parents
            waiting.extend(node.parents)
    return tuple(TopologicalSorter(graph).static_order())

# %% right="topological_order"
"""a function that calls itself, with the limit raised"""
import sys

def topological_order(root):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        visit(root)
    finally:
        sys.setrecursionlimit(limit)
    return order

# %% right="topological_order"
"""iterators of parents on the stack"""
def topological_order(root):
    order, seen, stack = [], {root}, [(root, iter(root.parents))]
    while stack:
        node, parents = stack[-1]
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            stack.pop()
    return order

# %% mistake="topological_order"
"""All but the chain of 5,000 nodes is right: there the function calls itself too deeply for Python. Keep a list of nodes still to be seen to instead."""
def topological_order(root):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order

# %% mistake="topological_order"
"""Each node is noted when you come to it, depth first, and the list is turned round in the end. A node on a longer path, which needs its parents earlier, then comes too late. Note a node when all its parents have been noted."""
def topological_order(root):
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack.extend(reversed(list(node.parents)))
    return order[::-1]

# %% mistake="topological_order"
"""You go level by level: the root, its parents, their parents. A node that is used on two levels is noted on the nearer one, too close to the root. Note a node when all its parents have been noted."""
def topological_order(root):
    order, seen = [root], {root}
    for node in order:
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                order.append(parent)
    return order[::-1]

# %% mistake="topological_order"
"""You mark a node as seen when it goes onto the stack. There it may wait while another node that needs it is already listed. Mark it when it has been listed."""
def topological_order(root):
    order, seen, stack = [], {root}, [root]
    while stack:
        node = stack[-1]
        waiting = len(stack)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
        if len(stack) == waiting:
            order.append(stack.pop())
    return order

# %% mistake="topological_order"
"""Your list begins with the root. The order is right, but from the wrong end: parents first, root last."""
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order[::-1]

# %% mistake="topological_order"
"""A node that is reached by two paths stands in your list twice. Remember which nodes you have been to."""
def topological_order(root):
    order, stack = [], [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order

# %% mistake="topological_order"
"""The root is missing from your list. It is a node of its own graph, and the last one in the order."""
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order[:-1]

# %% mistake="topological_order"
"""Only the first parent of each node is followed, so the nodes behind the others are missing."""
def topological_order(root):
    order = [root]
    while order[-1].parents:
        order.append(order[-1].parents[0])
    return order[::-1]

# %% mistake="topological_order"
"""The leaves are missing from your list. They have no parents, and yet they are nodes: it is their gradients that we want."""
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen and node.parents:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order

# %% mistake="topological_order"
"""This list holds the numbers and not the nodes. Append the node itself, not its `data`."""
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node.data)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order

# %% mistake="topological_order"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)

# %% mistake="topological_order"
"""That is the helper's own work; the exercise is to write it."""
def topological_order(root):
    return graphs.visiting_order(root)[::-1]

# %% mistake="topological_order"
"""You note a node before its parents have been noted, and turn the list round. With two paths of different
length that puts one of them too late. Note a node when all its parents have been noted."""


def topological_order(root):
    order, seen, stack = [], set(), [root]
    while stack:
        n = stack.pop()
        if id(n) in seen:
            continue
        seen.add(id(n))
        order.append(n)
        stack.extend(n.parents)
    return order[::-1]

# %% mistake="topological_order"
"""You recognise nodes by their number. Two nodes may hold the same number: remember the nodes themselves, by
`id`."""


def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        n, ready = stack.pop()
        if ready:
            order.append(n)
            continue
        if n.data in seen:
            continue
        seen.add(n.data)
        stack.append((n, True))
        stack += [(p, False) for p in n.parents]
    return order

# %% mistake="topological_order"
"""You mark a node by its `grad` and leave the mark there: `grad` is not yours to change, and the next call takes the nodes for done. Keep a set of the nodes that you have been to."""
def topological_order(root):
    order = []
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif not node.grad:
            node.grad = 1.0
            stack.append((node, True))
            stack.extend((p, False) for p in node.parents)
    return order

# %% mistake="topological_order"
"""The list and the set in your function's head are made once, when the function is defined. The second call goes on with what the first one left: make them inside."""
def topological_order(root, order=[], seen=set()):
    if root not in seen:
        seen.add(root)
        for p in root.parents:
            topological_order(p, order, seen)
        order.append(root)
    return order

# %% right="backward"
"""with the lesson's own order"""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        node.grad = node.grad if len(node.parents) == 0 else 0.0
    root.grad = 1.0
    for node in order:
        for i in range(len(node.parents)):
            node.parents[i].grad = node.parents[i].grad + node.slopes[i] * node.grad

# %% right="backward"
"""gradients in a dictionary, stored at the end"""
def backward(root):
    order = topological_order(root)
    total = {id(node): 0.0 for node in order}
    total[id(root)] = 1.0
    for node in order[::-1]:
        for parent, slope in zip(node.parents, node.slopes):
            total[id(parent)] += slope * total[id(node)]
    for node in order:
        node.grad = total[id(node)] + (0.0 if node.parents else node.grad)

# %% right="backward"
"""a node passes on when it has heard from all its children"""
from collections import Counter

def backward(root):
    waiting, found, expected = [root], {root}, Counter()
    while waiting:
        node = waiting.pop()
        if node.parents:
            node.grad = 0.0
        for parent in node.parents:
            expected[parent] += 1
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    root.grad = 1.0
    ready = [root]
    while ready:
        node = ready.pop()
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += slope * node.grad
            expected[parent] -= 1
            if not expected[parent]:
                ready.append(parent)

# %% right="backward"
"""computed nodes are cleared as soon as they have been read"""
def backward(root):
    order = topological_order(root)
    inherited = {node: node.grad for node in order if not node.parents}
    for node in order:
        node.grad = 0.0
    root.grad = 1.0
    while order:
        node = order.pop()
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += slope * node.grad
    for leaf, before in inherited.items():
        leaf.grad += before

# %% mistake="backward"
"""A node that is used twice keeps only the contribution that came last: `=` overwrites. Where paths meet, their gradients add."""
def backward(root):
    order = topological_order(root)
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad = node.grad * slope

# %% mistake="backward"
"""All gradients stay 0, because nobody starts: 0 times any slope is 0. How fast does `root` change with itself?"""
def backward(root):
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope

# %% mistake="backward"
"""Only the parents of `root` get a gradient. Either you begin at the leaves, whose gradients are not known yet, or you stop after the root. Gradients flow from the root back, node after node."""
def backward(root):
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope

# %% mistake="backward"
"""Each node passes on as soon as something reaches it, and later passes on again all that it has. A node must wait until everything made from it has passed on."""
def backward(root):
    for node in topological_order(root):
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    stack = [root]
    while stack:
        node = stack.pop()
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope
            stack.append(parent)
            if len(stack) > 100_000:
                return

# %% mistake="backward"
"""You visit each node once, going deep first. A node with a second path from the root then passes on before all of its gradient has arrived. First put the nodes in topological order."""
def backward(root):
    for node in topological_order(root):
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope
        stack.extend(reversed(list(node.parents)))

# %% mistake="backward"
"""You set all gradients to 0 at the start, those of the leaves as well. Leaves keep what an earlier call gave them: two losses, one after the other, shall add up."""
def backward(root):
    order = topological_order(root)
    for node in order:
        node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope

# %% mistake="backward"
"""A second call for the same root goes wrong: computed nodes still hold their gradients from the first call, and pass them on again. Only leaves keep theirs."""
def backward(root):
    root.grad = 1.0
    for node in reversed(topological_order(root)):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope

# %% mistake="backward"
"""Each parent gets the slope alone, not multiplied by the gradient of the node. That is the local derivative; the chain rule multiplies along the path."""
def backward(root):
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += slope

# %% mistake="backward"
"""The slopes are multiplied by values, `data`, where the gradient of the node belongs."""
def backward(root):
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += slope * node.data

# %% mistake="backward"
"""Gradients and slopes are added where they should be multiplied. Multiply along a path, add over the paths."""
def backward(root):
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += slope + node.grad

# %% mistake="backward"
"""All is right but the chain of 5,000 nodes: there the function calls itself too deeply for Python. Use a loop over the order."""
def backward(root):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope

# %% mistake="backward"
"""That is the helper's own work; the exercise is to write it."""
def backward(root):
    order = graphs.visiting_order(root)
    before = {node: node.grad for node in order if not node.parents}
    graphs.sweep(order)
    for leaf, grad in before.items():
        leaf.grad += grad

# %% mistake="backward"
"""You start from the value of `root`. Its derivative with respect to itself is 1."""


def backward(root):
    order = topological_order(root)
    for n in order:
        if n.parents:
            n.grad = 0.0
    root.grad = root.data
    for n in reversed(order):
        for p, s in zip(n.parents, n.slopes):
            p.grad += n.grad * s

# %% mistake="backward"
"""You multiply into the gradient of a parent. Multiply along a path, but *add* what arrives by different paths."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 1.0
    root.grad = 1.0
    for node in order:
        for p, s in zip(node.parents, node.slopes):
            p.grad *= node.grad * s

# %% mistake="backward"
"""You multiply by the parent's value. The slope that belongs to this arrow stands in `slopes`."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for p in node.parents:
            p.grad += node.grad * p.data

# %% mistake="backward"
"""You set a node to 0 when its turn comes. By then its gradient has arrived, and is wiped out: clear all nodes first, in a loop of their own."""
def backward(root):
    root.grad = 1.0
    for node in graphs.visiting_order(root):
        if node.parents and node is not root:
            node.grad = 0.0
        for p, s in zip(node.parents, node.slopes):
            p.grad += node.grad * s

# %% mistake="backward"
"""Only the parents of `root` get a gradient. Gradients flow on: each node in the order passes on to its own parents."""
def backward(root):
    root.grad = 1.0
    for p, s in zip(root.parents, root.slopes):
        p.grad += root.grad * s

# %% mistake="backward"
"""You add to the node what its parent has. Gradients flow the other way, from a node to its parents."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for p, s in zip(node.parents, node.slopes):
            node.grad += p.grad * s

# %% mistake="backward"
"""A node that is used twice by the same operation has two slopes, and a set or a dictionary has one place for it. Both count, and they add up."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        slopes = dict(zip(node.parents, node.slopes))
        for p in set(node.parents):
            p.grad += node.grad * slopes[p]

# %% mistake="backward"
"""`root` keeps what an earlier call left and gets 1 on top of it. It is a computed node: it is *set* to 1."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order[1:]:
        if node.parents:
            node.grad = 0.0
    root.grad += 1.0
    for node in order:
        for p, s in zip(node.parents, node.slopes):
            p.grad += node.grad * s

# %% mistake="backward"
"""Each path is walked anew, and each time a node passes on *all* it has, also what it has passed on before. Put the nodes in order first; then each passes on once."""
def backward(root, first=True):
    if first:
        root.grad = 1.0
    for parent, slope in zip(root.parents, root.slopes):
        parent.grad += slope * root.grad
        backward(parent, False)

# %% mistake="backward"
"""Each node passes its gradient on to its first parent only. Every parent gets its share, each with its own slope."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        if node.parents:
            node.parents[0].grad += node.grad * node.slopes[0]

# %% mistake="backward"
"""A node that is used twice keeps only the contribution that came last: `=` overwrites. Where paths meet, their gradients add."""
def backward(root):
    order = graphs.visiting_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad = node.grad * slope

# %% right="train_neuron"
"""the same leaves all the time, their gradients set to 0 after each step"""
def train_neuron(points, labels, steps, lr):
    w, b = [Value(0.0), Value(0.0)], Value(0.0)
    history = []
    for _ in range(steps):
        errors = [(tanh(w[0] * p[0] + w[1] * p[1] + b) - y) ** 2 for p, y in zip(points, labels)]
        loss = sum(errors) * (1 / len(points))
        backward(loss)
        history.append(loss.data)
        for leaf in (*w, b):
            leaf.data -= lr * leaf.grad
            leaf.grad = 0
    return [leaf.data for leaf in w], b.data, history

# %% right="train_neuron"
"""one backward pass per point: the leaves add up the gradients"""
def train_neuron(points, labels, steps, lr):
    w1, w2, b = parameters = [Value(0.0) for _ in range(3)]
    losses = []
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = 0.0
        total = 0.0
        for (x1, x2), label in zip(points, labels):
            error = (tanh(x1 * w1 + x2 * w2 + b) - label) ** 2 / len(points)
            backward(error)
            total += error.data
        for parameter in parameters:
            parameter.data = parameter.data - lr * parameter.grad
        losses.append(total)
    return (w1.data, w2.data), b.data, losses

# %% right="train_neuron"
"""derivatives by hand"""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    n = len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2 / n
            slope = 2 * (t - y) * (1 - t**2) / n
            g1, g2, gb = g1 + slope * x1, g2 + slope * x2, gb + slope
        losses.append(loss)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses

# %% right="train_neuron"
"""PyTorch's engine"""
def train_neuron(points, labels, steps, lr):
    x, y = torch.tensor(points, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64)
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = ((torch.tanh(x @ w + b) - y) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for parameter in (w, b):
                parameter -= lr * parameter.grad
                parameter.grad = None
    return w.tolist(), b.item(), losses

# %% right="train_neuron"
"""parameters that become computed nodes: the graph grows, the numbers are right"""
def train_neuron(points, labels, steps, lr):
    w1, w2, b = Value(0.0), Value(0.0), Value(0.0)
    losses = []
    for _ in range(steps):
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(w1 * x1 + w2 * x2 + b) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        losses.append(loss.data)
        w1, w2, b = w1 - lr * w1.grad, w2 - lr * w2.grad, b - lr * b.grad
    return [w1.data, w2.data], b.data, losses

# %% right="train_neuron"
"""NumPy, the gradients derived by hand, weights as an array"""
import numpy as np

def train_neuron(points, labels, steps, lr):
    inputs, targets = np.array(points), np.array(labels)
    weights, b, losses = np.zeros(2), 0.0, []
    for _ in range(steps):
        answers = np.tanh(inputs @ weights + b)
        losses.append(np.mean((answers - targets) ** 2))
        slopes = 2 * (answers - targets) * (1 - answers**2) / len(targets)
        weights, b = weights - lr * slopes @ inputs, b - lr * slopes.sum()
    return weights, b, losses

# %% mistake="train_neuron"
"""The gradients of the leaves are never set to 0, so each step moves by the gradients of all steps so far. `backward` adds."""
def train_neuron(points, labels, steps, lr):
    w1, w2, b = Value(0.0), Value(0.0), Value(0.0)
    losses = []
    for _ in range(steps):
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(w1 * x1 + w2 * x2 + b) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        losses.append(loss.data)
        for leaf in (w1, w2, b):
            leaf.data -= lr * leaf.grad
    return [w1.data, w2.data], b.data, losses

# %% mistake="train_neuron"
"""The parameters never move: they are still 0. Are the gradients set to 0 between `backward` and the update? Use them first, clear them afterwards."""
def train_neuron(points, labels, steps, lr):
    w1, w2, b = Value(0.0), Value(0.0), Value(0.0)
    losses = []
    for _ in range(steps):
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(w1 * x1 + w2 * x2 + b) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        losses.append(loss.data)
        for leaf in (w1, w2, b):
            leaf.grad = 0.0
            leaf.data -= lr * leaf.grad
    return [w1.data, w2.data], b.data, losses

# %% mistake="train_neuron"
"""The parameters move along their gradients, so the loss rises. Downhill is against the gradient."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        w1, w2, b = (leaf.data + lr * leaf.grad for leaf in leaves)
        losses.append(loss.data)
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The squared errors are added up and not divided by the number of points. The loss is their mean, so that the step does not grow with the set."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        backward(loss)
        w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
        losses.append(loss.data)
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The parameters move after every single point. Here a step looks at all points first and then moves once."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        total = 0.0
        for (x1, x2), label in zip(points, labels):
            leaves = Value(w1), Value(w2), Value(b)
            loss = (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
            backward(loss)
            w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
            total += loss.data / len(points)
        losses.append(total)
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The parameters are right, but each loss is measured after the update of its step. It should be the loss that the step began with."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for step in range(steps + 1):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        loss = loss / len(points)
        if step:
            losses.append(loss.data)
        if step < steps:
            backward(loss)
            w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""Your neuron is a weighted sum without its tanh. Its answers can grow without bound, and points far from the line pull too hard."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (leaves[0] * x1 + leaves[1] * x2 + leaves[2] - label) ** 2
        loss = loss / len(points)
        backward(loss)
        w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
        losses.append(loss.data)
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The weights learn and `b` stays 0. Without it the line must pass through the origin."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        w1, w2 = (leaf.data - lr * leaf.grad for leaf in leaves[:2])
        losses.append(loss.data)
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""It ends after its first step. Does the `return` stand inside the loop?"""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
        losses.append(loss.data)
        return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The parameters come back as nodes. Return their numbers, `data`."""
def train_neuron(points, labels, steps, lr):
    w1, w2, b = Value(0.0), Value(0.0), Value(0.0)
    losses = []
    for _ in range(steps):
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(w1 * x1 + w2 * x2 + b) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        losses.append(loss.data)
        for leaf in (w1, w2, b):
            leaf.data -= lr * leaf.grad
            leaf.grad = 0.0
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The losses come back as nodes. Each holds on to the whole graph of its step, so memory grows with every step; keep their numbers, `data`."""
def train_neuron(points, labels, steps, lr):
    w1, w2, b = Value(0.0), Value(0.0), Value(0.0)
    losses = []
    for _ in range(steps):
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(w1 * x1 + w2 * x2 + b) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        losses.append(loss)
        for leaf in (w1, w2, b):
            leaf.data -= lr * leaf.grad
            leaf.grad = 0.0
    return [w1.data, w2.data], b.data, losses

# %% mistake="train_neuron"
"""Four things come back one after the other. The two weights belong together in a list of their own: `[w1, w2], b, losses`."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        loss = loss / len(points)
        backward(loss)
        w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
        losses.append(loss.data)
    return w1, w2, b, losses

# %% mistake="train_neuron"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            loss = loss + (tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2]) - label) ** 2
        backward(loss / len(points))
        w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)

# %% mistake="train_neuron"
"""Your gradients are added up over the points and not divided by their number. The loss is a mean, and so is its gradient."""
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

# %% mistake="train_neuron"
"""Each step is half as long as it should be: the slope of a square is *twice* the error."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2 / n
            d = (t - y) * (1 - t * t) / n
            g1, g2, gb = g1 + d * x1, g2 + d * x2, gb + d
        losses.append(loss)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The way back jumps over tanh: the error must be multiplied by its slope, 1 − t², before it reaches the weights."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2 / n
            d = 2 * (t - y) / n
            g1, g2, gb = g1 + d * x1, g2 + d * x2, gb + d
        losses.append(loss)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""The parameters are right, but the losses are sums. Each is a mean over the points."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2
            d = 2 * (t - y) * (1 - t * t) / n
            g1, g2, gb = g1 + d * x1, g2 + d * x2, gb + d
        losses.append(loss)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""You moved one parameter before you took the slope for the next. All slopes of a step belong to the same point: compute them first, then update."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)

    def deltas():
        out = []
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            out.append(2 * (t - y) * (1 - t * t) / n)
        return out

    for _ in range(steps):
        losses.append(sum((math.tanh(w1 * p[0] + w2 * p[1] + b) - y) ** 2 for p, y in zip(points, labels)) / n)
        w1 -= lr * sum(d * p[0] for d, p in zip(deltas(), points))
        w2 -= lr * sum(d * p[1] for d, p in zip(deltas(), points))
        b -= lr * sum(deltas())
    return [w1, w2], b, losses

# %% mistake="train_neuron"
"""Your neuron has a sigmoid in the place of tanh. Its answers lie between 0 and 1, and a label of −1 is out of reach."""
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

# %% mistake="train_neuron"
"""The slopes of the two weights have changed places: `w1` is multiplied by `x1`, so its slope contains `x1`."""
def train_neuron(points, labels, steps, lr):
    w1 = w2 = b = 0.0
    losses, n = [], len(points)
    for _ in range(steps):
        g1 = g2 = gb = loss = 0.0
        for (x1, x2), y in zip(points, labels):
            t = math.tanh(w1 * x1 + w2 * x2 + b)
            loss += (t - y) ** 2 / n
            d = 2 * (t - y) * (1 - t * t) / n
            g1, g2, gb = g1 + d * x2, g2 + d * x1, gb + d
        losses.append(loss)
        w1, w2, b = w1 - lr * g1, w2 - lr * g2, b - lr * gb
    return [w1, w2], b, losses

# %% mistake="exit_engine_paths"
"""4 is the path through the product alone. `a` also reaches `L` directly, through the sum."""
exit_engine_paths = "a"

# %% mistake="exit_engine_paths"
"""1 is the path through the sum alone, as if the last contribution overwrote the others. Where paths meet, they add."""
exit_engine_paths = "c"

# %% mistake="exit_engine_paths"
"""3 is the value of `a`, and the slope that the product has for `b`. The slope for `a` is the other operand."""
exit_engine_paths = "d"

# %% mistake="exit_engine_order"
"""What has arrived so far may be only a part. What comes later would never reach the parents: look at `d` in section 4."""
exit_engine_order = "a"

# %% mistake="exit_engine_order"
"""The parents are further back: their gradients are made from this node's. Gradients come from the other side, from what was made of the node."""
exit_engine_order = "b"

# %% mistake="exit_engine_order"
"""A sum does not care about the order of its terms, but a node that passes on a sum before it is complete passes on too little."""
exit_engine_order = "d"

# %% mistake="exit_engine_twice"
"""`backward` clears computed nodes only. Leaves keep what they have, in your engine and in PyTorch."""
exit_engine_twice = "a"

# %% mistake="exit_engine_twice"
"""Only if the gradient were the same in all three steps. The parameters have moved in between, so each step has its own."""
exit_engine_twice = "b"

# %% mistake="exit_engine_twice"
"""The new gradient is added to the old one, not thrown away."""
exit_engine_twice = "d"
