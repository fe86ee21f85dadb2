"""The spies and figures that lesson 07 brought: what they report, and what they refuse."""

import numpy as np
import pytest
import torch
from torch import nn

from helper import plot
from helper.fixtures import GraphSpy, StepSpy, loss_as_number, losses_as_numbers, shape_of, vector_of
from helper.interactive.wheel import STATIONS, wheel

SEEN = [0, 10, 20]
CURVES = {"": [2.3, 1.0, 0.4], "zero_grad": [2.3, 5.0, float("inf")], "step": [2.3, 2.3, 2.3]}


def train(model: nn.Module, steps: int, keep: bool = False) -> tuple[StepSpy, list[torch.Tensor]]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    spy, kept = StepSpy(model, optimizer), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(torch.ones(4, 3)).square().mean()
        loss.backward()
        optimizer.step()
        if keep:
            kept.append(loss)
    return spy, kept


def test_a_right_loop_counts_one_more_backward_pass_at_each_step() -> None:
    spy, _ = train(nn.Linear(3, 2), 3)
    assert spy.counts().tolist() == [3, 1, 2, 3]


def test_a_step_before_the_backward_pass_shows_in_the_counts() -> None:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    spy = StepSpy(model, optimizer)
    optimizer.step()
    model(torch.ones(4, 3)).sum().backward()
    assert spy.counts().tolist() == [1, 0]


def test_graphs_that_are_let_go_do_not_count_as_alive() -> None:
    model = GraphSpy(nn.Linear(3, 2))
    train(model, 6)
    assert (model.passes, model.most_alive) == (6, 1)


def test_graphs_that_are_kept_count_as_alive() -> None:
    model = GraphSpy(nn.Linear(3, 2))
    train(model, 6, keep=True)
    assert (model.passes, model.most_alive) == (6, 5)


def test_a_spied_model_gives_the_same_values_and_gradients() -> None:
    bare = nn.Linear(3, 2)
    spied = GraphSpy(bare)
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(spied(x), bare(x))
    spied(x).square().sum().backward()
    through_spy = bare.weight.grad.clone()
    bare.weight.grad = None
    bare(x).square().sum().backward()
    assert torch.equal(through_spy, bare.weight.grad)


def test_a_copy_of_the_parameters_stays_when_they_move() -> None:
    model = nn.Linear(3, 2)
    before = vector_of(model)
    with torch.no_grad():
        model.weight += 1
    assert before.shape == (8,)
    assert torch.allclose(vector_of(model) - before, torch.tensor([1.0] * 6 + [0.0] * 2))


def test_a_loss_without_a_graph_is_a_number_whatever_its_kind() -> None:
    values = (
        0.5,
        torch.tensor(0.5),
        torch.tensor([0.5]),
        np.float32(0.5),
        torch.tensor(0.5, requires_grad=True).detach(),
    )
    assert [loss_as_number(value) for value in values] == [0.5] * 5


def test_a_loss_with_a_graph_stays_a_tensor() -> None:
    loss = torch.tensor(0.5, requires_grad=True) * 2
    assert loss_as_number(loss) is loss
    assert isinstance(losses_as_numbers([0.5, loss]), list)


def test_losses_in_any_sequence_become_one_tensor() -> None:
    expected = torch.tensor([0.5, 0.25], dtype=torch.float64)
    for values in ([0.5, 0.25], (0.5, torch.tensor(0.25)), np.array([0.5, 0.25]), torch.tensor([0.5, 0.25])):
        assert torch.equal(losses_as_numbers(values), expected)


def test_what_is_no_sequence_of_losses_stays_what_it_is() -> None:
    assert losses_as_numbers(None) is None
    assert losses_as_numbers([0.5, None]) == [0.5, None]
    assert losses_as_numbers(0.5) == 0.5


def test_the_shape_of_no_tensor_is_the_thing_itself() -> None:
    assert shape_of(torch.zeros(2, 3)).tolist() == [2, 3]
    assert shape_of(None) is None


def test_the_wheel_gives_equal_bytes_for_equal_curves() -> None:
    assert wheel(SEEN, CURVES).page == wheel(SEEN, dict(CURVES)).page


def test_the_wheel_has_a_button_for_each_station_and_one_for_the_whole() -> None:
    page = wheel(SEEN, CURVES).page
    assert all(f"no {station}" in page for station in STATIONS)
    assert "the whole wheel" in page


def test_the_wheel_draws_endless_losses_at_its_upper_edge() -> None:
    assert "NaN" not in wheel(SEEN, CURVES).page
    assert "inf" not in wheel(SEEN, CURVES).page.split("const data = ")[1].split("\n")[0]


@pytest.mark.parametrize("curves", [{"step": [1.0, 1.0, 1.0]}, {**CURVES, "coffee": [1.0, 1.0, 1.0]}])
def test_the_wheel_refuses_curves_that_do_not_fit(curves: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="do not fit the wheel"):
        wheel(SEEN, curves)


def test_the_wheel_refuses_a_curve_of_another_length() -> None:
    with pytest.raises(ValueError, match="needs 3 losses"):
        wheel(SEEN, {"": [1.0, 2.0]})


def test_a_confusion_is_written_out_where_there_is_one() -> None:
    axes = plot.confusion([[3, 1], [0, 4]], ["cat", "dog"])
    assert sorted(text.get_text() for text in axes.texts) == ["1", "3", "4"]
    assert axes.get_xlabel() == "answer"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


def test_counts_that_are_not_square_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        plot.confusion([[1, 2, 3], [4, 5, 6]])
