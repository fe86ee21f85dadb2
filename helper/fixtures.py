"""Small, ordinary helpers for checks: gradients, spies and the like. Their results are plain evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

NO_GRADIENT = "no gradient: the result does not depend on the input in a way that can be differentiated"


def gradient(f: Callable[..., Tensor], *inputs: Any) -> Tensor | str:
    """Return the gradient of the scalar `f(*inputs)` with respect to its first input, in float64.

    Floating-point inputs are copied to float64, so the caller's tensors stay as they are. When no gradient
    arrives, a text says so instead: it is evidence, not an error.
    """
    copies = [
        item.detach().double() if isinstance(item, Tensor) and item.is_floating_point() else item
        for item in inputs
    ]
    leaf = copies[0].clone().requires_grad_()
    result = f(leaf, *copies[1:])
    if not isinstance(result, Tensor) or not result.requires_grad:
        return NO_GRADIENT
    (slope,) = torch.autograd.grad(result, leaf, allow_unused=True)
    return NO_GRADIENT if slope is None else slope


def untouched(f: Callable[..., Any], *inputs: Tensor) -> bool:
    """Call `f(*inputs)` and say whether every input tensor still holds what it held before."""
    before = [item.detach().clone() for item in inputs]
    f(*inputs)
    return all(torch.equal(old, new.detach()) for old, new in zip(before, inputs, strict=True))


def error_of(f: Callable[..., Any], *inputs: Any) -> str:
    """Call `f(*inputs)` and return the class name of the exception it raises, or "no error"."""
    try:
        f(*inputs)
    except Exception as error:
        if isinstance(error, NotImplementedError) and not str(error):
            raise  # an empty answer is not an answer that refuses
        return type(error).__name__
    return "no error"


def choice(answer: Any) -> Any:
    """Return the letter of a multiple-choice answer in lower case, or `...` if none was given yet."""
    if answer is ...:
        return ...
    return answer.strip().strip("().").lower() if isinstance(answer, str) else answer


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of all parameters by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


class LoaderSpy:
    """A list of batches that counts how often it was started and how many batches were taken."""

    def __init__(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        self.batches = list(batches)
        self.started = 0
        self.taken = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.started += 1
        for batch in self.batches:
            self.taken += 1
            yield batch

    def __len__(self) -> int:
        return len(self.batches)


class ForwardSpy(nn.Module):
    """Wrap a model and note at every forward pass whether it trained and whether gradients were recorded."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.trained: list[bool] = []
        self.recorded: list[bool] = []

    def forward(self, *inputs: Tensor) -> Tensor:
        self.trained.append(self.training)
        self.recorded.append(torch.is_grad_enabled())
        result: Tensor = self.model(*inputs)
        return result
