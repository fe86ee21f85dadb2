"""Graphs of numbers, each remembering what it was computed from: what lesson 05 is built and checked with.

A node is any object with `data` (its number), `grad` (the derivative of some later result with respect to it),
`parents` (the nodes it was computed from) and `slopes` (per parent, how fast `data` changes with that parent's).
`Node` is the smallest such class; the functions here work for every other one as well.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from helper.checking.given import Given

AnyNode = Any  # something with data, grad, parents and slopes

PARTS = ("data", "grad", "parents", "slopes")
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "**": operator.pow,
    "neg": lambda left, _: -left,
}


class Node:
    """A number that remembers what it was computed from.

    data: the number; parents: the nodes it was computed from, none for a number to start from; slopes: one
    local derivative per parent; label: a sign for pictures, such as "+" or "a".
    """

    def __init__(
        self, data: float, parents: Sequence[Any] = (), slopes: Sequence[float] = (), label: str = ""
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes
        self.label = label

    def __repr__(self) -> str:
        return f"{type(self).__name__}(data={self.data:g}, grad={self.grad:g})"


@dataclass(frozen=True)
class Expression:
    """A recipe that any engine can carry out: numbers to start from, then steps on earlier results.

    steps: (operation, place of the left operand, place of the right one); the exponent of a power is a number,
    a negation has no right operand. The last step is the result.
    """

    numbers: tuple[float, ...]
    steps: tuple[tuple[str, int, int], ...]

    def evaluate(self, leaf: Callable[[float], Any]) -> dict[str, Any]:
        """Carry the recipe out with Python's operators. Returns every result by its name, such as "d = a*b".

        leaf: makes a number to start from, such as `Value` or `torch.tensor`.
        """
        results = [leaf(number) for number in self.numbers]
        for sign, left, right in self.steps:
            results.append(OPERATIONS[sign](results[left], right if sign == "**" else results[right]))
        return dict(zip(self._names(), results, strict=True))

    def nodes(self) -> dict[str, Node]:
        """Carry the recipe out with nodes whose slopes come from PyTorch, one operation at a time."""
        results = [Node(number) for number in self.numbers]
        for sign, left, right in self.steps:
            used = [left] if sign in ("neg", "**") else [left, right]
            parents = [results[place] for place in used]
            inputs = [torch.tensor(node.data, dtype=torch.float64, requires_grad=True) for node in parents]
            output = OPERATIONS[sign](inputs[0], right if sign == "**" else inputs[-1])
            slopes = [slope.item() for slope in torch.autograd.grad(output, inputs)]
            results.append(Node(output.item(), tuple(parents), tuple(slopes)))
        return dict(zip(self._names(), results, strict=True))

    def _names(self) -> list[str]:
        letters = "abcdefghijklmnopqrstuvwxyz"
        names = list(letters[: len(self.numbers)])
        for place, (sign, left, right) in enumerate(self.steps, len(self.numbers)):
            second = str(right) if sign == "**" else letters[right]
            text = f"-{letters[left]}" if sign == "neg" else f"{letters[left]}{sign}{second}"
            names.append(f"{letters[place]} = {text}")
        return names


def random_expression(given: Given) -> Expression:
    """Draw three numbers and six steps, every operation at least once, that all lead to the result.

    Each step uses the one before it and, where it has two operands, something earlier: paths part and meet.
    """
    numbers = tuple(given.number(0.5, 1.5) * (-1) ** given.integer(0, 2) for _ in range(3))
    signs = ["*", "+", *(["-", "*", "**", "neg"][place] for place in given.permutation(4).tolist())]
    steps: list[tuple[str, int, int]] = []
    for place, sign in enumerate(signs, len(numbers)):
        if sign == "**":
            steps.append((sign, place - 1, given.integer(2, 4)))
        elif place == 3:
            steps.append((sign, 0, 1))
        elif place == 4:
            steps.append((sign, 3, 2))
        else:
            steps.append((sign, place - 1, 0 if sign == "neg" else given.integer(0, place - 1)))
    return Expression(numbers, tuple(steps))


def random_node(given: Given, label: str, *parents: AnyNode) -> Node:
    """Return a node with a random value and random slopes."""
    slopes = tuple(given.number(0.5, 2.0) * (-1) ** given.integer(0, 2) for _ in parents)
    return Node(given.number(0.5, 2.0), parents, slopes, label)


def random_graph(given: Given, size: int = 9) -> dict[str, Node]:
    """Draw a graph in which every node leads to the last one, with many paths. Returns its nodes by name."""
    nodes: dict[str, Node] = {}
    for number, name in enumerate("abcdefghijklmnopqrstuvwxyz"[:size]):
        earlier = list(nodes.values())
        chosen = [
            earlier[place]
            for place in given.permutation(number).tolist()
            if place == number - 1 or given.integer(0, 2)
        ]
        nodes[name] = random_node(given, name, *chosen)
    return nodes


def shortcut_graph(given: Given) -> dict[str, Node]:
    """Return a graph where long and short paths lead to the same nodes, on either side. `h` is the last node.

    Going deep first, from the left or from the right, and going level by level all come to some node too early.
    """
    a = random_node(given, "a")
    b, c = random_node(given, "b", a), random_node(given, "c", a)
    d, e = random_node(given, "d", b, c), random_node(given, "e", c, b)
    f, g = random_node(given, "f", d, c), random_node(given, "g", b, e)
    last = random_node(given, "h", f, g)
    return {node.label: node for node in (a, b, c, d, e, f, g, last)}


def long_chain(given: Given, length: int) -> list[Node]:
    """Return nodes of which each is made from the one before it, with slopes near 1."""
    numbers = given.uniform(length, dtype=torch.float64).tolist()
    slopes = given.uniform(length, low=0.999, high=1.001, dtype=torch.float64).tolist()
    chain = [Node(numbers[0])]
    for number, slope in zip(numbers[1:], slopes[1:], strict=True):
        chain.append(Node(number, (chain[-1],), (slope,)))
    return chain


def visiting_order(root: AnyNode) -> list[AnyNode]:
    """Return all nodes of a graph, the root first, each before its parents and after all that was made from it.

    Raises TypeError, naming what is missing, if something in the graph is no node.
    """
    found: list[AnyNode] = []
    seen: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        node, parents_done = waiting.pop()
        if parents_done:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((parent, False) for parent in reversed(_parents(node)))
    return found[::-1]


def sweep(order: Sequence[AnyNode]) -> None:
    """Fill in `grad` by letting the nodes pass on to their parents in the order given, be it right or wrong.

    The first node is the result; all gradients start afresh.
    """
    for node in order:
        node.grad = 0.0
    order[0].grad = 1.0
    for node in order:
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += slope * node.grad


def derivative(root: AnyNode, node: AnyNode) -> float:
    """Return how fast `root` changes with `node`, from the slopes alone: forwards, without any `grad`.

    It is the sum, over all paths between them, of the product of the slopes on the path.
    """
    rate: dict[int, float] = {}
    for each in reversed(visiting_order(root)):
        pairs = zip(_parents(each), each.slopes, strict=True)
        rate[id(each)] = sum(float(slope) * rate[id(parent)] for parent, slope in pairs)
        if each is node:
            rate[id(each)] = 1.0
    return rate[id(root)]


def shown(result: Any, **leaves: AnyNode) -> dict[str, float] | str | None:
    """Return a result's value and, for each leaf, the derivative by it and what it holds, as evidence.

    What is no node gives a text that says so.
    """
    if result is None:
        return None
    if not hasattr(result, "parents") and not hasattr(result, "data"):
        return f"{_kind(result)} and not a node, so nobody can find the way back to where it came from"
    seen = {"value": float(result.data)}
    for name, leaf in leaves.items():
        seen |= {
            f"slope by `{name}`": derivative(result, leaf),
            f"`{name}.data` afterwards": float(leaf.data),
            f"`{name}.grad` afterwards": float(leaf.grad),
        }
    return seen


def ranked(results: Mapping[str, AnyNode], gradient: Callable[[AnyNode], float]) -> dict[str, float]:
    """Return `gradient` of each result as evidence, named and numbered from the root: the last result is 1.

    The first wrong one is then the first that backward could have got wrong.
    """
    last_first = reversed(list(results.items()))
    return {f"{rank} ({name})": float(gradient(node)) for rank, (name, node) in enumerate(last_first, 1)}


def judged_order(order_of: Callable[[AnyNode], Any], root: AnyNode) -> float | str | None:
    """Call `order_of(root)` and return a number that only a valid order gives, or a text naming the first fault.

    Valid: every node of the graph once, each after all its parents. The number is summed up along the order.
    """
    try:
        order = order_of(root)
    except RecursionError:
        return "a RecursionError, because the function called itself once for every node of a long chain"
    if order is None:
        return None
    try:
        order = list(order)
    except TypeError:
        return f"{_kind(order)} and not a list"
    fault = _fault(order, root)
    if fault:
        return fault
    sums: dict[int, float] = {}
    for node in order:
        pairs = zip(node.parents, node.slopes, strict=True)
        sums[id(node)] = node.data + sum(slope * sums[id(parent)] for parent, slope in pairs)
    return sums[id(root)] + len(order)


def gradients_after(
    backward: Callable[[AnyNode], Any], root: AnyNode, **nodes: AnyNode
) -> dict[str, float] | str:
    """Call `backward(root)` and return the gradients of `nodes` by name, or a text if it went too deep."""
    try:
        backward(root)
    except RecursionError:
        return "a RecursionError, because a function called itself once for every node of a long chain"
    return {f"the gradient of `{name}`": float(node.grad) for name, node in nodes.items()}


def _fault(order: list[AnyNode], root: AnyNode) -> str:
    right = visiting_order(root)[::-1]
    inside = {id(node) for node in right}
    places: dict[int, int] = {}
    for place, node in enumerate(order):
        if id(node) not in inside:
            return f"an order with {_kind(node)} in it that is no node of the graph"
        if id(node) in places:
            return f"an order with {_name(node)} in it twice"
        places[id(node)] = place
    for node in right:
        if id(node) not in places:
            return f"an order without {_name(node)}"
    if _early(order[::-1], places, -1) is None and len(order) > 1:
        return "an order that begins with the root, where the root should come last"
    early = _early(order, places, 1)
    return (
        ""
        if early is None
        else f"an order where {_name(early[0])} stands before its parent {_name(early[1])}"
    )


def _early(order: list[AnyNode], places: dict[int, int], sign: int) -> tuple[AnyNode, AnyNode] | None:
    for node in order:
        for parent in node.parents:
            if sign * places[id(parent)] > sign * places[id(node)]:
                return node, parent
    return None


def _parents(node: AnyNode) -> list[AnyNode]:
    missing = [part for part in PARTS if not hasattr(node, part)]
    if missing:
        raise TypeError(f"{_kind(node)} stands in the graph and has no {' and no '.join(missing)}")
    if isinstance(node.parents, set | frozenset):
        raise TypeError("parents is a set: a set has no order, and a node that is used twice is in it once")
    try:
        parents, slopes = list(node.parents), list(node.slopes)
    except TypeError as error:
        raise TypeError(
            "parents and slopes must be tuples or lists; a tuple of one has a comma: (x,)"
        ) from error
    if len(parents) != len(slopes):
        raise TypeError(
            f"{_kind(node)} has {len(parents)} parents and {len(slopes)} slopes: it needs one slope per parent"
        )
    return parents


def _kind(thing: Any) -> str:
    name = type(thing).__name__
    return ("an " if name[0].lower() in "aeiou" else "a ") + name


def _name(node: AnyNode) -> str:
    return f"`{node.label}`" if getattr(node, "label", "") else f"the node of value {node.data:.4g}"
