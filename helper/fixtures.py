"""Small, ordinary helpers for checks: gradients, spies and the like. Their results are plain evidence."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
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


def exact_gradients(f: Callable[[dict[str, Tensor]], Tensor], params: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the gradient of the scalar `f(params)` with respect to each tensor in the dictionary, by autograd."""
    leaves = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
    slopes = torch.autograd.grad(f(leaves), list(leaves.values()))
    return dict(zip(leaves, slopes, strict=True))


def arrived(tensor: Tensor) -> Tensor | str:
    """Return a copy of the gradient that lies in `tensor.grad`, or a text that says that none arrived there."""
    return NO_GRADIENT if tensor.grad is None else tensor.grad.detach().clone()


def untouched(f: Callable[..., Any], *inputs: Tensor) -> bool:
    """Call `f(*inputs)` and say whether every input tensor still holds what it held before."""
    before = [item.detach().clone() for item in inputs]
    f(*inputs)
    return all(torch.equal(old, new.detach()) for old, new in zip(before, inputs, strict=True))


def error_of(f: Callable[..., Any], *inputs: Any) -> str:
    """Call `f(*inputs)` and return the name of the exception it raises, or "no error".

    An exception class of one's own counts as the one of Python's that it is derived from.
    """
    try:
        f(*inputs)
    except Exception as error:
        if isinstance(error, NotImplementedError) and not str(error):
            raise  # an empty answer is not an answer that refuses
        return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    return "no error"


def choice(answer: Any) -> Any:
    """Return the letter of a multiple-choice answer in lower case, or `...` if none was given yet."""
    if answer is ...:
        return ...
    return answer.strip().strip("().").lower() if isinstance(answer, str) else answer


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of all parameters by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def fill_by_shape(model: nn.Module, numbers: Iterable[Tensor]) -> nn.Module:
    """Copy each tensor into the parameter of `model` that has its shape, and return the model.

    However a model is put together, it then computes the same; a layer may also keep its weight transposed.
    Give shapes that occur only once. A tensor that fits nowhere is left out: the shapes are for another check.
    """
    with torch.no_grad():
        for number in numbers:
            for values in (number, number.t()):
                for parameter in model.parameters():
                    if parameter.shape == values.shape:
                        parameter.copy_(values)
    return model


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


def shape_of(value: Any) -> Any:
    """Return a tensor's shape as a tensor of whole numbers, and anything else as it is."""
    return torch.tensor(value.shape) if isinstance(value, Tensor) else value


def vector_of(model: nn.Module) -> Tensor:
    """Return a copy of all parameters of `model`, joined into one tensor, (parameters,)."""
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).clone()


def loss_as_number(value: Any) -> Any:
    """Return a float for a loss without a graph, whether float, NumPy number or detached tensor of one element.

    What carries a graph, or is no single number, comes back as it is: that is evidence of something else.
    """
    if isinstance(value, Tensor) and (value.requires_grad or value.numel() != 1):
        return value
    return value.item() if isinstance(value, Tensor | np.generic) else value


def losses_as_numbers(values: Any) -> Any:
    """Return one float64 tensor for a list, array or tensor of losses without a graph, anything else as it is."""
    if isinstance(values, Tensor | np.ndarray) and values.ndim == 1:
        values = list(values)
    if not isinstance(values, list | tuple):
        return values
    numbers = [loss_as_number(value) for value in values]
    plain = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    return torch.tensor(numbers, dtype=torch.float64) if plain else numbers


class StepSpy:
    """Count the backward passes that reach a model, and how many there had been at each step of its optimiser."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.backwards = 0
        self.at_steps: list[int] = []
        next(model.parameters()).register_hook(self._gradient_arrived)
        optimizer.register_step_post_hook(self._step_taken)

    def counts(self) -> Tensor:
        """Return the backward passes in all, then those before each step: (3, 1, 2, 3) for a right loop."""
        return torch.tensor([self.backwards, *self.at_steps])

    def _gradient_arrived(self, _: Tensor) -> None:
        self.backwards += 1

    def _step_taken(self, *_: Any) -> None:
        self.at_steps.append(self.backwards)


class GraphSpy(nn.Module):
    """Wrap a model and note at every forward pass how many of its earlier graphs are still in memory."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.passes = 0
        self.most_alive = 0
        self._graphs: list[weakref.ref[Any]] = []

    def forward(self, *inputs: Tensor) -> Tensor:
        self.passes += 1
        self.most_alive = max(self.most_alive, sum(graph() is not None for graph in self._graphs))
        result: Tensor = _Marked.apply(self.model(*inputs))
        if result.grad_fn is not None:
            self._graphs.append(weakref.ref(result.grad_fn))
        return result


class _Marked(torch.autograd.Function):
    """Pass values and gradients on; its node in the graph is one that Python can watch die."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0]
