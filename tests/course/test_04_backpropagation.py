"""The formulas of lesson 04 against autograd: the key is computed from them, so they must be right themselves."""

from typing import Any

import pytest
import torch
from conftest import ROOT
from torch.nn import functional as F  # noqa: N812

from helper.lessons.lesson import read

N, D, H, C = 7, 3, 4, 5


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    space: dict[str, Any] = {}
    for cell in read(ROOT / "solutions", "04_backpropagation").cells:
        if cell.role in ("setup", "exercise"):
            exec(cell.source, space)
    return space


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed + sum(shape)), dtype=torch.float64
    )


def close(ours: Any, theirs: Any) -> None:
    torch.testing.assert_close(tuple(ours), tuple(theirs))


def test_the_linear_layer_agrees_with_autograd(lesson: dict[str, Any]) -> None:
    x, weight, bias, arriving = draw(N, D), draw(C, D), draw(C), draw(N, C)
    leaves = [value.clone().requires_grad_() for value in (x, weight, bias)]
    close(
        lesson["linear_backward"](arriving, x, weight),
        torch.autograd.grad(F.linear(*leaves), leaves, arriving),
    )


def test_relu_and_sigmoid_agree_with_autograd(lesson: dict[str, Any]) -> None:
    z, arriving = draw(N, D).requires_grad_(), draw(N, D, seed=1)
    s = torch.sigmoid(z)
    close([lesson["relu_backward"](arriving, z)], torch.autograd.grad(torch.relu(z), z, arriving))
    close([lesson["sigmoid_backward"](arriving, s)], torch.autograd.grad(s, z, arriving))


def test_softmax_with_cross_entropy_agrees_with_autograd(lesson: dict[str, Any]) -> None:
    logits, labels = draw(N, C).requires_grad_(), torch.arange(N) % C
    close(
        [lesson["cross_entropy_backward"](logits, labels)],
        torch.autograd.grad(F.cross_entropy(logits, labels), logits),
    )


def test_every_value_of_the_two_layer_network_agrees_with_autograd(lesson: dict[str, Any]) -> None:
    params = {"W1": draw(H, D), "b1": draw(H), "W2": draw(C, H), "b2": draw(C)}
    x, labels = draw(N, D), torch.arange(N) % C
    found = lesson["two_layer_gradients"](params, x, labels)
    values = {name: value.clone().requires_grad_() for name, value in params.items()}
    values["L1"] = F.linear(x, values["W1"], values["b1"])
    values["S"] = torch.sigmoid(values["L1"])
    values["L2"] = F.linear(values["S"], values["W2"], values["b2"])
    loss = F.cross_entropy(values["L2"], labels)
    close(
        [found[name] for name in ("L1", "S", "L2", "loss")], [values["L1"], values["S"], values["L2"], loss]
    )
    close([found[f"d{name}"] for name in values], torch.autograd.grad(loss, list(values.values())))


def test_the_gradient_check_is_near_zero_for_autograd_and_one_third_for_its_double(
    lesson: dict[str, Any],
) -> None:
    params = {"W": draw(C, D), "b": draw(C)}
    x, labels = draw(N, D), torch.arange(N) % C

    def loss(params: dict[str, torch.Tensor]) -> torch.Tensor:
        return F.cross_entropy(F.linear(x, params["W"], params["b"]), labels)

    right = lesson["exact_gradients"](loss, params)
    assert max(lesson["gradient_check"](loss, params, right).values()) < 1e-7
    doubled = lesson["gradient_check"](loss, params, right | {"W": 2 * right["W"]})
    assert doubled["W"] == pytest.approx(1 / 3)
    assert doubled["b"] < 1e-7
