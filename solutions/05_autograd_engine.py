# %% [markdown]
# # 5 · An autograd engine: gradients that calculate themselves
#
# In lesson 4 you walked back through a network by hand, one derivative after another. Nobody does that for a
# network with a hundred layers. A program does it: it watches the calculation, writes down what happened, and
# reads its notes backwards. Such a program is called **autograd**. How does it work, and why is it so short?
#
# **You will be able to**
# - write an engine that finds the gradient of any formula made of the operations it knows;
# - say which order a backward pass must keep, and what goes wrong otherwise;
# - explain why gradients are *added*: within one backward pass, and from one pass to the next;
# - train a neuron with an engine of which you know every line.
#
# About 90 minutes · 20 points · nothing is downloaded

# %% setup=true
import math
from inspect import getsource

import torch

from helper import check, data, graphs, plot
from helper.fixtures import choice
from helper.graphs import Node

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. A number that remembers
#
# Python forgets. After `a, b = 2, -3` and `d = a * b` it knows that `d` is −6, but not that `d` was a product, nor of
# what. To walk back, we need numbers that remember. Four things are enough for each number:
#
# | name | what it holds |
# |---|---|
# | `data` | the number itself |
# | `parents` | the numbers it was computed from; none for a number to start from, a **leaf** |
# | `slopes` | one **local derivative** per parent: how fast `data` changes when that parent changes |
# | `grad` | the derivative of the final result with respect to this number; 0 until someone works it out |
#
# That is a **node**. Nodes and the arrows from parent to child form a **graph**. Here is the whole class that
# this lesson uses for its examples. It holds the four things (and a label for pictures) and can do nothing:

# %%
print(getsource(Node))

# %% [markdown]
# A worked example. Take $L = d \cdot e$ with $d = a \cdot b$ and $e = a + c$. By hand, we write down for each
# result its value, its parents and its slopes. A product $d = a \cdot b$ has the slopes
# $\partial d/\partial a = b$ and $\partial d/\partial b = a$. A sum has the slopes 1 and 1.

# %%
a = Node(2.0)
b = Node(-3.0)
c = Node(10.0)
d = Node(a.data * b.data, parents=(a, b), slopes=(b.data, a.data), label="*")
e = Node(a.data + c.data, parents=(a, c), slopes=(1.0, 1.0), label="+")
L = Node(d.data * e.data, parents=(d, e), slopes=(e.data, d.data), label="*")
axes = plot.graph(L, order=(), a=a, b=b, c=c, d=d, e=e, L=L)

# %% [markdown]
# Values are blue and slopes green. The gradients (red) are still 0: we have not worked them out. (`order=()`
# leaves out a numbering that section 4 needs.)
#
# **Predict.** Raise `a` a little, from 2 to 2.01. By how many times that little does `L` change? Follow the
# arrows from `a` to `L`. There are two paths.


# %%
def L_of(a, b, c):
    return (a * b) * (a + c)


nudge = 0.01
change = L_of(2.0 + nudge, -3.0, 10.0) - L_of(2.0, -3.0, 10.0)
print(f"L changes by {change:.4f}, which is {change / nudge:.2f} times the nudge")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Along one path, slopes *multiply*: `a` → `d` → `L` gives $-3 \cdot 12 = -36$, and `a` → `e` → `L` gives
# $1 \cdot (-6) = -6$. Where paths meet, their effects *add*: $-36 - 6 = -42$. The nudge shows −42.03,
# because 0.01 is small but not 0. This is the chain rule of lesson 4, read off a picture.
# </details>
#
# Everything in this lesson follows from one sentence: **multiply along a path, add over the paths.**
#
# ## 2. Let the operators take the notes
#
# Writing `parents=(a, b), slopes=(b.data, a.data)` by hand is dull and easy to get wrong. Python lets a class say
# what `+` and `*` mean for its objects: `a * b` calls `a.__mul__(b)`. So the operator itself can take the notes.
#
# ### Exercise: `Value` (4 points)
#
# Write the operators of a class `Value`. Each returns a *new* `Value` that knows its parents and its slopes.
# `Value` inherits everything from `Node`, so `Value(5.0, (x, y), (1.0, 1.0), "+")` makes a node with two parents.
# You may also build the class in your own way, as long as each object has `data`, `grad`, `parents` and `slopes`.
# The check calculates with your class, then walks back from each result along `parents` and multiplies and adds the
# `slopes` that it finds.
#
# One operand may be a plain number, as in `a + 1` or `a * 2`. For `1 + a`, where the number comes first, Python
# calls `__radd__`. The lines below your part take care of that, and of division, `a / b` and `1 / a`.
#
# <details><summary>Hint 1: where to begin</summary>
#
# Look at the worked example again: the lines that made `d` and `e` are nearly your `__mul__` and `__add__`. Instead
# of `a` and `b`, an operator calls its operands `self` and `other`.
# </details>
#
# <details><summary>Hint 2: plain numbers</summary>
#
# If `other` is no node, make one of it first. `isinstance(other, Node)` tells you.
# </details>
#
# <details><summary>Hint 3: less work</summary>
#
# $x - y = x + (-y)$: a difference built on operators that you have already needs no slopes of its own. The slope of a
# negative is −1, and the slope of a power $x^n$ is $n\,x^{n-1}$.
# </details>


# %% exercise="Value"
class Value(Node):
    """A number that remembers: each operator returns a new `Value` with its parents and its slopes.

    `Value(3.0)` is a leaf. `Value(data, parents, slopes, label)` is a result: slopes[i] is the
    derivative of data with respect to parents[i]. Operators leave their operands as they are.
    """

    def __add__(self, other: "Value | float") -> "Value":
        """Return self + other. other: a `Value` or a plain number, here and below."""
        ### BEGIN SOLUTION
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")
        ### END SOLUTION

    def __mul__(self, other: "Value | float") -> "Value":
        """Return self * other."""
        ### BEGIN SOLUTION
        other = other if isinstance(other, Node) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")
        ### END SOLUTION

    def __neg__(self) -> "Value":
        """Return -self."""
        ### BEGIN SOLUTION
        return Value(-self.data, (self,), (-1.0,), "-")
        ### END SOLUTION

    def __sub__(self, other: "Value | float") -> "Value":
        """Return self - other."""
        ### BEGIN SOLUTION
        return self + (-other)
        ### END SOLUTION

    def __pow__(self, exponent: float) -> "Value":
        """Return self to the power of a plain number; it may be negative or a fraction."""
        ### BEGIN SOLUTION
        slope = exponent * self.data ** (exponent - 1)
        return Value(self.data**exponent, (self,), (slope,), f"**{exponent}")
        ### END SOLUTION

    # These follow from yours. They are called when a plain number stands on the left, and for a division.

    def __radd__(self, number: float) -> "Value":
        return self + number

    def __rmul__(self, number: float) -> "Value":
        return self * number

    def __rsub__(self, number: float) -> "Value":
        return -self + number

    def __truediv__(self, other: "Value | float") -> "Value":
        return self * other**-1

    def __rtruediv__(self, number: float) -> "Value":
        return number * self**-1


# %% check="Value" points=4
@check("Value")
def _(given, expect):
    a, b = Value(given.number(0.5, 2.0)), Value(given.number(-2.0, -0.5))
    expect("a sum", graphs.shown(a + b, a=a, b=b))
    expect("a product", graphs.shown(a * b, a=a, b=b))
    expect("a negative", graphs.shown(-a, a=a))
    expect("a difference", graphs.shown(a - b, a=a, b=b))
    expect("a cube", graphs.shown(b**3, b=b))
    expect("a power that is negative and no whole number", graphs.shown(a**-1.5, a=a))
    expect("plain numbers beside a `Value`", graphs.shown(3 + 2 * a - (1 - b * 5), a=a, b=b))
    expect("a node that is used twice", graphs.shown(a * a + a, a=a))
    same = [a + 0, a - 0, 1 * a, a**1]
    fresh = {"the same node": sum(node is a for node in same), "a number": float(a.data)}
    expect("a new node, even where the number stays the same", fresh)
    results = graphs.random_expression(given).evaluate(Value)
    root = list(results.values())[-1]
    slopes = graphs.ranked(results, lambda node: graphs.derivative(root, node))
    expect("the slopes along a random expression", slopes)

# %% [markdown]
# From here on you can look at the graph of *your own* values. When the check above says Right, delete the three
# `#` in the next cell and run it. Then change the formula. `plot.graph` takes the result first, and after it the
# values that shall have a name in the picture.

# %%
# x, y = Value(2.0), Value(-3.0)
# result = (x * y + x) ** 2
# axes = plot.graph(result, x=x, y=y, result=result)

# %% [markdown]
# **Predict.** How many nodes does `2 * x + 1` have, if `x` is a node? Count before you open this.
#
# <details><summary>Explain</summary>
#
# Five: `x`, the product, the sum, and one leaf each for the plain numbers 2 and 1. The engine works out gradients
# for these two as well. It is wasted work, since nobody will ever change the 2. PyTorch saves it: only tensors
# that say `requires_grad=True`, and what is computed from them, are tracked.
# </details>
#
# ## 3. More operations
#
# An engine grows one operation at a time. To add one, you need two things and nothing else: its value, and its
# local derivative. You never think about the rest of the network. Three functions that networks use:

# %%
inputs = torch.linspace(-3, 3, 121)
curves = {"tanh": torch.tanh(inputs), "relu": torch.relu(inputs), "exp": torch.exp(inputs).clamp(max=4)}
axes = plot.lines(inputs, curves, xlabel="input", ylabel="output (exp is cut off at 4)")

# %% [markdown]
# | function | value | local derivative |
# |---|---|---|
# | tanh | $t = \dfrac{e^{x} - e^{-x}}{e^{x} + e^{-x}}$, between −1 and 1 | $1 - t^2$ |
# | exp | $e^x$ | $e^x$, the value itself |
# | relu | $\max(x, 0)$ | 1 where $x > 0$, else 0 |
#
# At exactly 0, relu has a kink and no derivative. PyTorch uses 0 there, and so do we.
#
# ### Exercises: `tanh`, `exp`, `relu` (1 point each)
#
# Write the three as functions that take a node and return a new one. `math.tanh` and `math.exp` calculate the
# values. Return a `Value` (each one is a `Node` too), so that you can go on calculating with the result. The checks
# hand you plain `Node`s, so they work even if your operators are not ready.
#
# <details><summary>Hint</summary>
#
# One parent, one slope: the parents are `(x,)` and the slopes `(slope,)`. The comma makes a tuple of one. Mind that
# `math.tanh` wants a number, not a node.
# </details>


# %% exercise="tanh"
def tanh(x: Node) -> Node:
    """Return the hyperbolic tangent of a node, as a new node with one parent and one slope.

    Works for inputs of any size; `x` stays as it is.
    """
    ### BEGIN SOLUTION
    t = math.tanh(x.data)
    return Value(t, (x,), (1 - t * t,), "tanh")
    ### END SOLUTION


# %% check="tanh" points=1
@check("tanh")
def _(given, expect):
    x, y = Node(given.number(0.3, 1.5)), Node(given.number(-1.5, -0.3))
    expect("a positive input", graphs.shown(tanh(x), x=x))
    expect("a negative input", graphs.shown(tanh(y), x=y))
    inner = graphs.random_node(given, "inner", x, y)
    expect("an input that was computed itself", graphs.shown(tanh(inner), x=x, y=y))
    x = Node(given.number(400.0, 500.0))  # e^x is a number, its square is none
    expect("a large input", graphs.shown(tanh(x), x=x))
    x = Node(given.number(-900.0, -800.0))  # e^-x is none
    expect("a larger one, below 0", graphs.shown(tanh(x), x=x))


# %% exercise="exp"
def exp(x: Node) -> Node:
    """Return e to the power of a node, as a new node with parent and slope; `x` stays as it is."""
    ### BEGIN SOLUTION
    value = math.exp(x.data)
    return Value(value, (x,), (value,), "exp")
    ### END SOLUTION


# %% check="exp" points=1
@check("exp")
def _(given, expect):
    x, y = Node(given.number(0.3, 2.0)), Node(given.number(-2.0, -0.3))
    expect("a positive input", graphs.shown(exp(x), x=x))
    expect("a negative input", graphs.shown(exp(y), x=y))
    inner = graphs.random_node(given, "inner", x, y)
    expect("an input that was computed itself", graphs.shown(exp(inner), x=x, y=y))


# %% exercise="relu"
def relu(x: Node) -> Node:
    """Return a node's value if it is positive and else 0, as a new node with parent and slope.

    At exactly 0 the slope is 0. `x` stays as it is.
    """
    ### BEGIN SOLUTION
    return Value(max(x.data, 0.0), (x,), (1.0 if x.data > 0 else 0.0,), "relu")
    ### END SOLUTION


# %% check="relu" points=1
@check("relu")
def _(given, expect):
    x, y = Node(given.number(0.2, 0.8)), Node(given.number(-0.8, -0.2))
    expect("a positive input", graphs.shown(relu(x), x=x))
    expect("a negative input", graphs.shown(relu(y), x=y), points=0.1)
    inner = graphs.random_node(given, "inner", x, y)
    below = graphs.random_node(given, "below", x, y)
    below.data = -below.data
    both = {"above 0": graphs.shown(relu(inner), x=x, y=y), "below 0": graphs.shown(relu(below), x=x, y=y)}
    expect("inputs that were computed themselves", both, points=0.5)
    x = Node(0.0)
    expect("an input of exactly 0", graphs.shown(relu(x), x=x), points=0.1)
    new = [relu(y) is y, bool(relu(y).parents), relu(inner) is inner, float(inner.data)]
    expect("a new node with a parent, not the input", new, points=0.05)

# %% [markdown]
# What do slopes tell about training? A slope near 0 lets almost no gradient through.
#
# **Predict.** An input of 0 goes through tanh with slope 1. Which share of a gradient gets through at input 2? And
# at input 5?

# %%
for place in (0.0, 2.0, 5.0):
    print(f"input {place:.0f}: slope {1 - math.tanh(place) ** 2:.5f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# At 2 there are 7 % left, at 5 less than 0.02 %: tanh is **saturated**. What lies before a saturated tanh hardly
# learns, because slopes multiply along the path. With relu the slope is 1 or 0: all gets through, or nothing.
# </details>
#
# ### Find the fault: a division
#
# Someone wrote a division for `Node`s and got the slopes wrong. The cell compares them with nudges: it moves one
# input by a millionth and sees what the output does. **Repair `divide`** until the numbers agree in both lines.
# (No points. Any operation that you add to an engine deserves this test.)


# %%
def divide(x, y):
    return Node(x.data / y.data, (x, y), (1 / y.data, 1 / y.data**2), "/")


nudge = 1e-6
x, y = Node(3.0), Node(4.0)
quotient = divide(x, y)
by_x = (divide(Node(3.0 + nudge), y).data - quotient.data) / nudge
by_y = (divide(x, Node(4.0 + nudge)).data - quotient.data) / nudge
print(f"slope by x: noted {quotient.slopes[0]:.4f}, nudged {by_x:.4f}")
print(f"slope by y: noted {quotient.slopes[1]:.4f}, nudged {by_y:.4f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The first slope is right. The second must be $\partial (x/y)/\partial y = -x/y^2$: the minus is missing, for a
# larger divisor makes the quotient smaller, and so is the factor $x$. With `-x.data / y.data**2` both lines agree.
# </details>
#
# ## 4. Who goes first?
#
# The notes are complete. Now we read them backwards. Each node holds a gradient, the derivative of $L$ with
# respect to it. It passes a share on to each of its parents: **its gradient times the slope**. The parent adds up
# all that it gets, because paths add.
#
# The result $L$ begins, with gradient $\partial L/\partial L = 1$. But who is next? Take $L = d \cdot e$ with
# $d = a \cdot b$ and $e = d + a$. This time `d` is used twice, by `L` and by `e`.

# %%
a = Node(2.0)
b = Node(-3.0)
d = Node(a.data * b.data, (a, b), (b.data, a.data), "*")
e = Node(d.data + a.data, (d, a), (1.0, 1.0), "+")
L = Node(d.data * e.data, (d, e), (e.data, d.data), "*")
axes = plot.graph(L, order=(), a=a, b=b, d=d, e=e, L=L)

# %% [markdown]
# **Predict.** Three orders in which the nodes might pass on their gradients. Which of them give the right
# $\partial L/\partial a$?
#
# 1. L, d, a, b, e: always go as deep as you can;
# 2. L, d, e, a, b: first the parents of `L`, then their parents;
# 3. L, e, d, a, b.


# %%
def L_of(a, b):
    d = a * b
    return d * (d + a)


print(f"by nudging a: dL/da is about {(L_of(2.001, -3.0) - L_of(2.0, -3.0)) / 0.001:.2f}")
orders = {"L d a b e": (L, d, a, b, e), "L d e a b": (L, d, e, a, b), "L e d a b": (L, e, d, a, b)}
for names, order in orders.items():
    graphs.sweep(order)  # L starts with 1; each node in turn passes on what it has
    print(f"order {names}: dL/da = {a.grad:.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Only the third is right. In the first two, `d` passes on the −4 that came straight from `L`. Later `e` sends it
# another −6, and that never reaches `a` and `b`. A node may pass on its gradient only when it is *complete*: when
# every node that was made from it has passed on its own.
# </details>
#
# The picture shows a right order in its circles, and the gradients that come of it:

# %%
axes = plot.graph(L, a=a, b=b, d=d, e=e, L=L)

# %% [markdown]
# An order in which every node comes after all of its parents is called **topological**. Read it from its end, and
# every node comes *before* its parents and after everything that was made from it. That is what we need. A graph
# may have several such orders, and any of them will do.
#
# One more trap. The short way to walk through a graph is a function that calls itself for each parent. Python stops
# a function that calls itself too deeply, and graphs get deep. Think of a network that reads a text of 5,000 words
# and carries its memory from each word to the next: that makes a chain of more than 5,000 nodes.


# %%
def depth(node):
    return 1 + depth(node.parents[0]) if node.parents else 1


for length in (500, 5000):
    end = Node(0.0)
    for _ in range(length - 1):
        end = Node(0.0, (end,), (1.0,))
    try:
        print(f"a chain of {length}: depth {depth(end)}")
    except RecursionError as error:
        print(f"a chain of {length}: {type(error).__name__}")

# %% [markdown]
# ### Exercise: `topological_order` (4 points)
#
# List all nodes that lead to `root`, `root` itself included. Each stands in the list once, after all of its
# parents, so `root` is the last. A chain of 5,000 nodes must work; that is worth one point of the four, so begin
# with the short way if you like.
#
# <details><summary>Hint 1: the idea</summary>
#
# Before you append a node to the list, see to all of its parents. Keep a set of the nodes you have been to, because
# several paths may lead to the same node.
# </details>
#
# <details><summary>Hint 2: without a function that calls itself</summary>
#
# Keep your own stack, a list of nodes still to be seen to. Look at the topmost node without taking it off. If a
# parent of it is not in the order yet, put that parent on top. If none is missing, the node's turn has come.
# </details>
#
# <details><summary>Hint 3: nearly there</summary>
#
# A node may come to lie on the stack twice, by two paths. When its turn comes and it is in the order already, just
# take it off. Another way is to put pairs on the stack, a node and whether its parents are done: the first time,
# put it back as done, and its parents on top.
# </details>


# %% exercise="topological_order" without=["visiting_order", "layered"]
def topological_order(root: Node) -> list[Node]:
    """List every node of the graph of `root` once, each after all its parents, `root` last.

    Changes no node. Works for a chain of 5,000 nodes.
    """
    ### BEGIN SOLUTION
    order, seen = [], set()
    stack = [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            for parent in node.parents:
                stack.append((parent, False))
    return order
    ### END SOLUTION


# %% check="topological_order" points=4
@check("topological_order")
def _(given, expect):
    a = graphs.random_node(given, "a")
    expect("a single number", graphs.judged_order(topological_order, a))
    b = graphs.random_node(given, "b", a)
    c = graphs.random_node(given, "c", b)
    expect("a chain of three", graphs.judged_order(topological_order, c))
    d = graphs.random_node(given, "d", b, b)
    expect("a node that is used twice by another", graphs.judged_order(topological_order, d))
    e = graphs.random_node(given, "e", b)
    d = graphs.random_node(given, "d", c, e)
    expect("two paths that meet", graphs.judged_order(topological_order, d), points=0.25)
    c.data = e.data = b.data
    expect("different nodes of equal value", graphs.judged_order(topological_order, d), points=0.25)
    nodes = graphs.shortcut_graph(given)
    expect("shortcuts", graphs.judged_order(topological_order, nodes["h"]), points=1)
    expect("a random graph", graphs.judged_order(topological_order, graphs.random_graph(given)["i"]))
    chain = graphs.long_chain(given, 5000)
    expect("a chain of 5,000 nodes", graphs.judged_order(topological_order, chain[-1]), points=1)

# %% [markdown]
# Why is the graph of a formula never a circle, where no such order exists? Because a node is made *after* its
# parents, and its parents never change. So there is always one topological order for free: the order in which the
# nodes were made.
#
# **Now you can** say whose turn it is, in any graph.
#
# ## 5. Backward
#
# Now the engine itself. Three steps:
#
# 1. Put the nodes in order.
# 2. Give `root` the gradient 1.
# 3. From `root` on, in reversed order, let each node add to each parent's gradient: its own gradient times the slope.
#
# In symbols, if $\bar v$ is the gradient of a node $v$ and $p$ is one of its parents with slope
# $\partial v/\partial p$:
#
# $$\bar p \mathrel{+}= \bar v \cdot \frac{\partial v}{\partial p}$$
#
# The `+=` matters. A parent may get its gradient from several nodes, and with `=` only the last one would count.
#
# One question is left: what if there are gradients already, from an earlier call? We do as PyTorch does.
# - **Leaves keep what they have, and the new gradient is added.** Leaves are the parameters that we train. Two losses,
#   sent back one after the other, give the gradient of their sum. Whoever wants a fresh start sets the gradients to 0.
# - **Computed nodes start afresh.** What they hold from an earlier call must not be passed on a second time. (PyTorch
#   does not even keep the gradients of computed nodes, unless you ask for them.)
#
# Before you write your own `backward`, watch PyTorch's, on the first formula of this lesson.
#
# **Predict.** Three times, the cell calculates $L$ afresh and calls `backward`. It never sets a gradient to 0. What
# does it print for `a`?

# %%
a, b, c = (torch.tensor(number, requires_grad=True) for number in (2.0, -3.0, 10.0))
for call in (1, 2, 3):
    L = (a * b) * (a + c)
    L.backward()
    print(f"after call {call}: dL/da = {a.grad.item():.0f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# −42, −84, −126. Within one pass, the contributions of paths add up in `a.grad`. In the next pass PyTorch goes on
# adding: it is the same `+=`. This is why training clears the gradients before each step, with a call named
# `zero_grad` that you will meet in lessons 6 and 7.
# </details>
#
# ### Exercise: `backward` (3 points)
#
# Write it. Use your `topological_order`, or, if that is not ready, `graphs.visiting_order(root)`, which
# gives a right order that begins with `root`.
#
# <details><summary>Hint 1: the idea</summary>
#
# Two loops over the same order: one to set computed nodes to 0, one, reversed, to pass gradients on.
# </details>
#
# <details><summary>Hint 2: computed or leaf?</summary>
#
# A leaf has no parents.
# </details>
#
# <details><summary>Hint 3: nearly there</summary>
#
# `zip(node.parents, node.slopes)` gives each parent together with its slope.
# </details>


# %% exercise="backward" without=["sweep", "derivative", "gradients_after"]
def backward(root: Node) -> None:
    """Work out the derivative of `root` with respect to every node of its graph, into `grad`.

    Leaves: the derivative is added to what `grad` holds. Nodes with parents: `grad` is set afresh,
    so that `root`, a computed node itself, ends with 1. Works for every class of nodes that have
    data, grad, parents and slopes, and for a chain of 5,000 nodes.
    """
    ### BEGIN SOLUTION
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope
    ### END SOLUTION


# %% check="backward" points=3
@check("backward")
def _(given, expect):
    a = graphs.random_node(given, "a")
    b = graphs.random_node(given, "b", a)
    c = graphs.random_node(given, "c", b)
    expect("a start of 1, and a chain of three", graphs.gradients_after(backward, c, c=c, b=b, a=a))
    a = graphs.random_node(given, "a")
    b = graphs.random_node(given, "b", a, a)
    expect("a node that is used twice by another", graphs.gradients_after(backward, b, a=a))
    a = graphs.random_node(given, "a")
    b, c = graphs.random_node(given, "b", a), graphs.random_node(given, "c", a)
    c.data = b.data  # two nodes, though of equal value
    d = graphs.random_node(given, "d", b, c)
    expect("two paths that meet", graphs.gradients_after(backward, d, d=d, c=c, b=b, a=a))
    nodes = graphs.shortcut_graph(given)
    expect("shortcuts", graphs.gradients_after(backward, nodes["h"], **nodes), points=0.75)
    results = graphs.random_expression(given).nodes()
    root = list(results.values())[-1]
    backward(root)
    gradients = graphs.ranked(results, lambda node: node.grad)
    expect("a random expression", gradients, points=0.75)
    a = graphs.random_node(given, "a")
    losses = [graphs.random_node(given, "loss", a) for _ in range(2)]
    backward(losses[0])
    expect("two losses, one after the other", graphs.gradients_after(backward, losses[1], a=a))
    backward(root)
    expect("a second call for the same root", graphs.ranked(results, lambda node: node.grad))
    chain = graphs.long_chain(given, 5000)
    expect("a chain of 5,000 nodes", graphs.gradients_after(backward, chain[-1], first=chain[0]))

# %% [markdown]
# Your engine is complete: operators, an order, a backward pass. When the check says Right, look at what it does with
# your own values, and compare with PyTorch:

# %%
# x, y = Value(2.0), Value(-3.0)
# result = tanh(x * y + 5) * x
# backward(result)
# axes = plot.graph(result, x=x, y=y, result=result)

# %%
x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
result = torch.tanh(x * y + 5) * x
result.backward()
print(f"PyTorch: result {result.item():.3g}, gradient of x {x.grad.item():.3g}, of y {y.grad.item():.3g}")

# %% [markdown]
# How much work is a backward pass? Each arrow of the graph is used once: one multiplication and one addition. The
# forward pass made each arrow once, at most two for each operation. So one backward pass costs about one or two forward
# passes (lesson 4 counted), **however many leaves there are**. Nudging would need one forward pass *per leaf*. This is
# why networks with billions of parameters can be trained at all.
#
# **Now you can** get the gradient of any formula that your operators can write down.
#
# ## 6. A neuron learns
#
# One neuron with two inputs computes $\tanh(w_1 x_1 + w_2 x_2 + b)$. Its answer lies between −1 and 1. Below is the
# graph for a single point. On the left are the leaves: the parameters $w_1$, $w_2$, $b$ and the numbers of the
# point. On the right is the loss, the square of answer minus label; the label of this point is 1.
#
# ![The graph of one neuron and its loss for one point: w1 times x1, w2 times x2 and b are added, the sum goes through tanh, and the loss is the square of the answer t minus 1. Circles number the nodes from the loss, 1, back to the leaves. Every node shows its value and its gradient.](../img/05_autograd_engine_neuron.png)
#
# Training repeats four steps: calculate the loss of all points, go backward, move each parameter a little *against*
# its gradient, and start again with fresh gradients.
#
# ![Left: fifty points of two classes and the line where the neuron answers 0, after 1, 5 and 40 steps; it moves until it separates the classes. Right: the mean squared error falls from 1 to 0.05 within 40 steps, most of it in the first ten.](../img/05_autograd_engine_learning.png)
#
# Where the neuron answers 0, $w_1 x_1 + w_2 x_2 + b = 0$: a straight line. So one neuron can separate exactly
# those sets that a straight line can separate.
#
# ### Exercise: `train_neuron` (3 points)
#
# Train such a neuron by gradient descent. Start with $w_1 = w_2 = b = 0$. The loss is the mean over all points of
# $(\text{answer} - \text{label})^2$.
#
# Use your engine. The check sees only the numbers that come out, so if your engine is not ready, you may also derive
# the gradients by hand, as in lesson 4.
#
# <details><summary>Hint 1: the idea</summary>
#
# In each step, one loss for all points: add up the squared errors as `Value`s and divide by how many there are. One
# call of `backward` then fills the gradients of `w1`, `w2` and `b`.
# </details>
#
# <details><summary>Hint 2: fresh gradients</summary>
#
# `backward` *adds* to the gradients of leaves. Either set them to 0 before each call, or make new leaves in each
# step from the numbers you have.
# </details>
#
# <details><summary>Hint 3: the update</summary>
#
# Move the *number*: `w1.data` changes by minus `lr` times `w1.grad`. If you wrote `w1 = w1 - lr * w1.grad`, then
# `w1` would be a computed node, with last step's leaf as its parent: the graph would grow with every step.
# </details>


# %% exercise="train_neuron"
def train_neuron(
    points: list[list[float]], labels: list[float], steps: int, lr: float
) -> tuple[list[float], float, list[float]]:
    """Train tanh(w1*x1 + w2*x2 + b) by gradient descent on all points at once, from w1 = w2 = b = 0.

    points: n pairs [x1, x2]; labels: n numbers, each 1.0 or -1.0; lr: the learning rate.
    Returns ([w1, w2], b, losses), plain numbers all of them: the parameters after the last step,
    and the mean squared error of each step, measured before its update.
    """
    ### BEGIN SOLUTION
    w1, w2, b = 0.0, 0.0, 0.0
    losses = []
    for _ in range(steps):
        leaves = Value(w1), Value(w2), Value(b)
        loss = Value(0.0)
        for (x1, x2), label in zip(points, labels):
            answer = tanh(leaves[0] * x1 + leaves[1] * x2 + leaves[2])
            loss = loss + (answer - label) ** 2
        loss = loss / len(points)
        backward(loss)
        w1, w2, b = (leaf.data - lr * leaf.grad for leaf in leaves)
        losses.append(loss.data)
    return [w1, w2], b, losses
    ### END SOLUTION


# %% check="train_neuron" points=3
@check("train_neuron")
def _(given, expect):
    points = given.normal(7, 2, dtype=torch.float64).tolist()
    slope, shift = given.number(-1.0, 1.0), given.number(-0.5, 0.5)
    labels = [1.0 if x2 > slope * x1 + shift else -1.0 for x1, x2 in points]
    for steps in (1, 2, 12):
        w, b, losses = train_neuron(points, labels, steps, 0.3)
        name = "one step" if steps == 1 else f"{steps} steps"
        expect(f"the parameters after {name}", {"`w1`": w[0], "`w2`": w[1], "`b`": b})
    expect("the loss of each step", {f"step {step:02}": loss for step, loss in enumerate(losses, 1)})
    w, b, losses = train_neuron(points, labels, 40, 0.3)
    answers = [w[0] * x1 + w[1] * x2 + b for x1, x2 in points]
    right = sum(int((answer > 0) == (label > 0)) for answer, label in zip(answers, labels))
    expect("a set that a line separates", {"points on the right side": right, "last loss": losses[-1]})

# %% [markdown]
# ## 7. From here to PyTorch
#
# Your engine and PyTorch's do the same thing. They differ in the size of a node. Yours holds one number; PyTorch's
# holds a tensor, and an operation on tensors is a *single* node. (So one node may use a number many times. A bias is
# added to every row, and its gradient is the sum over the rows: the `+=` moves into the node, as in your
# `linear_backward` of lesson 4.)
#
# **Predict.** The network of lesson 2 (784 inputs, layers of 128, 64 and 10) sees a batch of 64 images. How many nodes
# would your engine make for the multiplications and additions alone? How many does PyTorch make for everything,
# the loss included?

# %%
sizes = [784, 128, 64, 10]
weights = sum(n_in * n_out for n_in, n_out in zip(sizes, sizes[1:]))
print(f"in your engine: {64 * 2 * weights:,} nodes, an addition and a multiplication per weight and image")

network = torch.nn.Sequential(
    torch.nn.Linear(784, 128),
    torch.nn.ReLU(),
    torch.nn.Linear(128, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 10),
)
images, labels = data.digits()
logits = network(images[:64].flatten(1))
loss = torch.nn.functional.cross_entropy(logits, labels[:64])
found, waiting = set(), [loss.grad_fn]
while waiting:
    step = waiting.pop()
    if step is not None and step not in found:
        found.add(step)
        waiting.extend(parent for parent, _ in step.next_functions)
print(f"in PyTorch: {len(found)} nodes")
print(", ".join(sorted({type(step).__name__ for step in found})))

# %% [markdown]
# <details><summary>Explain</summary>
#
# Fourteen million against sixteen. `AddmmBackward0` is a whole layer: a matrix product and a bias. `TBackward0` is a
# transpose. `AccumulateGrad` stands at each of the six parameters, and does what its name says: your `+=` at a leaf.
#
# Where you keep a slope, PyTorch keeps a *function* that takes the gradient of the output and returns the gradients of
# the inputs. For tensors, the slopes would be whole Jacobian matrices. Lesson 4 showed that one never needs them, only
# their products with the gradient that arrives.
# </details>
#
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: what arrives at `a`? `exit_engine_paths` (1 point)
#
# $L = a \cdot b + a$, with $a = 3$ and $b = 4$. What does `backward` leave in `a.grad`?
#
# - **a** · 4
# - **b** · 5
# - **c** · 1
# - **d** · 3

# %% exercise="exit_engine_paths"
exit_engine_paths = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_engine_paths = "b"
### END SOLUTION

# %% check="exit_engine_paths" points=1
@check("exit_engine_paths")
def _(given, expect):
    expect("the choice", choice(exit_engine_paths))

# %% [markdown]
# ### Exit question: whose turn is it? `exit_engine_order` (1 point)
#
# When may a node pass its gradient on to its parents?
#
# - **a** · as soon as a first gradient has reached it
# - **b** · when all of its parents have their gradients
# - **c** · when all nodes that were made from it have passed on theirs
# - **d** · at any time, since sums do not depend on the order

# %% exercise="exit_engine_order"
exit_engine_order = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_engine_order = "c"
### END SOLUTION

# %% check="exit_engine_order" points=1
@check("exit_engine_order")
def _(given, expect):
    expect("the choice", choice(exit_engine_order))

# %% [markdown]
# ### Exit question: what does the third step do? `exit_engine_twice` (1 point)
#
# A training loop never sets the gradients of its leaves to 0. What does it do in its third step?
#
# - **a** · the same as a loop that does: `backward` clears old gradients
# - **b** · it moves by the gradient of this step alone, but three times as far
# - **c** · it moves by the gradients of all three steps, added up
# - **d** · nothing: the gradients of the first step stay

# %% exercise="exit_engine_twice"
exit_engine_twice = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_engine_twice = "c"
### END SOLUTION

# %% check="exit_engine_twice" points=1
@check("exit_engine_twice")
def _(given, expect):
    expect("the choice", choice(exit_engine_twice))

# %% [markdown]
# ## Summary
#
# - A node remembers its value, its parents, and one local derivative per parent. Operators take these notes.
# - Multiply along a path, add over the paths. An engine does it in one sweep from the result back to the leaves.
# - A node passes its gradient on when it is complete: reversed topological order.
# - Gradients are added, with `+=`: over the paths in one pass, and over several passes in the leaves. Hence
#   training sets them to zero in every step.
# - A backward pass costs about one or two forward passes, for any number of parameters.
#
# **Next:** lesson 6 opens PyTorch's engine. You will find all of this there again: leaves, graph, accumulation. And a
# few traps that only tensors have.
#
# **Further reading**
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind,
#   [Automatic differentiation in machine learning: a survey](https://www.jmlr.org/papers/v18/17-468.html), 2018.
# - A. Karpathy, [micrograd](https://github.com/karpathy/micrograd): a well-known engine of this size, built with
#   closures. Compare: what happens there if you call `backward` twice?
# - PyTorch, [Autograd mechanics](https://docs.pytorch.org/docs/stable/notes/autograd.html).
