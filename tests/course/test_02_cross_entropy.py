"""The fixture of lesson 02: the same numbers in every model, however it is put together."""

import torch
from torch import nn

from helper.fixtures import fill_by_shape

NUMBERS = [
    torch.randn(shape, generator=torch.Generator().manual_seed(0)) for shape in ((4, 6), (4,), (3, 4), (3,))
]
IMAGES = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))


class OutputFirst(nn.Module):
    """Registers its layers from back to front and keeps one weight transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(4, 3)
        self.weight = nn.Parameter(torch.zeros(6, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return self.out(torch.relu(x @ self.weight + self.bias))


def plain_model() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))


def test_models_put_together_differently_compute_the_same():
    plain, other = fill_by_shape(plain_model(), NUMBERS), fill_by_shape(OutputFirst(), NUMBERS)
    expected = torch.relu(IMAGES @ NUMBERS[0].t() + NUMBERS[1]) @ NUMBERS[2].t() + NUMBERS[3]
    torch.testing.assert_close(plain(IMAGES), expected)
    torch.testing.assert_close(other(IMAGES), expected)


def test_numbers_that_fit_nowhere_leave_the_model_as_it_was():
    model = plain_model()
    before = model(IMAGES)
    torch.testing.assert_close(fill_by_shape(model, [torch.ones(7, 7), torch.ones(9)])(IMAGES), before)


def test_a_filled_model_can_still_be_trained():
    model = fill_by_shape(plain_model(), NUMBERS)
    model(IMAGES).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
