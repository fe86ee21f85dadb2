"""Read what autograd has recorded on the way to a tensor: what lesson 06 draws with `plot.tape`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(eq=False)
class Step:
    """One entry of the tape: an operation, or a leaf where a gradient is collected.

    name: PyTorch's name of the operation, or "leaf"; parents: the steps that backward goes on to, in the order of
    the operation's inputs that are tracked; tensor: the leaf, or the tensor of that name if one was given;
    called: the name it was given, or "".
    """

    name: str
    parents: list[Step] = field(default_factory=list)
    called: str = ""
    tensor: Tensor | None = None
    # With `slopes`, these make a step a node of helper.graphs, which knows how to order and place it.
    data: float = 0.0
    grad: float = 0.0

    @property
    def slopes(self) -> list[float]:
        return [1.0] * len(self.parents)


def tape_of(result: Tensor, names: Mapping[str, Tensor]) -> Step:
    """Return the last step of the tape that leads to `result`; its parents lead on to the leaves.

    names: tensors by the names they get in the picture. A tensor that nothing was recorded for gives one step
    of the name "nothing recorded". Raises TypeError if `result` or a named thing is no tensor.
    """
    for name, thing in {"result": result, **names}.items():
        if not isinstance(thing, Tensor):
            kind = type(thing).__name__
            raise TypeError(f"{name} is a {kind}, and only tensors have a tape: hand over a tensor.")
    # Called after the operation that made it, or after itself where nothing did: that is how leaves are found.
    called = {id(tensor): name for name, tensor in names.items()}
    made_by = {tensor.grad_fn: tensor for tensor in names.values() if tensor.grad_fn is not None}
    if result.grad_fn is None:
        kind = "leaf" if result.requires_grad else "nothing recorded"
        return Step(kind, [], called.get(id(result), ""), result)
    steps: dict[Any, Step] = {}
    waiting = [result.grad_fn]
    while waiting:
        operation = waiting.pop()
        if operation in steps:
            continue
        leaf = getattr(operation, "variable", None)
        tensor: Tensor | None = made_by.get(operation) if leaf is None else leaf
        steps[operation] = Step("leaf" if leaf is not None else operation.name(), [], "", tensor)
        steps[operation].called = called.get(id(tensor), "")
        waiting.extend(parent for parent, _ in operation.next_functions if parent is not None)
    for operation, step in steps.items():
        step.parents = [steps[parent] for parent, _ in operation.next_functions if parent is not None]
    return steps[result.grad_fn]
