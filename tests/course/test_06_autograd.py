"""What lesson 06 adds to the helpers: the recorded tape, read and drawn, and gradients as evidence."""

import matplotlib as mpl
import pytest
import torch
from torch import nn

mpl.use("Agg")
import matplotlib.pyplot as plt

from helper import check, plot
from helper.authoring.build import INSTALLED
from helper.checking.check import collecting
from helper.fixtures import NO_GRADIENT, arrived
from helper.graphs import visiting_order
from helper.graphs.tape import tape_of


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def leaf(*shape):
    return torch.ones(*shape, requires_grad=True)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_the_tape_leads_from_the_result_through_every_operation_to_the_leaf():
    x = leaf(2, 3)
    z = (x**2).mean()
    steps = visiting_order(tape_of(z, {"x": x, "z": z}))
    assert [step.name for step in steps] == ["MeanBackward0", "PowBackward0", "leaf"]
    assert [step.called for step in steps] == ["z", "", "x"]
    assert steps[-1].tensor is x


def test_a_tensor_used_twice_is_one_leaf_with_two_ways_to_it():
    x = leaf(3)
    root = tape_of(x * x, {"x": x})
    assert len(root.parents) == 2
    assert root.parents[0] is root.parents[1]


def test_a_detached_input_is_not_on_the_tape():
    a, b = leaf(3), leaf(3)
    steps = visiting_order(tape_of((a - b.detach()).sum(), {"a": a, "b": b}))
    assert {step.called for step in steps} == {"", "a"}


def test_a_leaf_and_an_untracked_result_have_a_tape_of_one_step():
    x = leaf(3)
    with torch.no_grad():
        untracked = x * 2
    assert tape_of(x, {}).name == "leaf"
    assert tape_of(untracked, {}).name == "nothing recorded"


def test_what_is_no_tensor_has_no_tape():
    with pytest.raises(TypeError, match="loss is a float"):
        tape_of(leaf(2).sum(), {"loss": 1.5})


def test_the_drawn_tape_names_operations_leaves_and_what_was_cut_off():
    a, b = leaf(3), leaf(3)
    loss = ((a - b.detach()) ** 2).mean()
    axes = plot.tape(loss, a=a, b=b, loss=loss)
    drawn = texts(axes)
    assert {"MeanBackward0", "PowBackward0", "SubBackward0", "a (3,)", "b (3,)", "loss ()"} <= set(drawn)
    assert drawn.count("collects .grad") == 1
    assert drawn.count("not on the tape") == 1


def test_every_way_back_is_an_arrow_also_two_between_the_same_boxes():
    x = leaf(3)
    axes = plot.tape((x * x).sum() + x.sum())
    arrows = [patch for patch in axes.patches if isinstance(patch, mpl.patches.FancyArrowPatch)]
    assert len(arrows) == 6


def test_arrows_point_from_the_result_to_the_leaf():
    x = leaf(3)
    axes = plot.tape(x.sum(), x=x)
    (arrow,) = (patch for patch in axes.patches if isinstance(patch, mpl.patches.FancyArrowPatch))
    (start, _), (end, _) = arrow._posA_posB
    assert end < start


def test_a_tape_too_long_to_read_is_refused():
    x = leaf(1)
    long = x
    for _ in range(50):
        long = long + 1
    with pytest.raises(ValueError, match="51 steps"):
        plot.tape(long)


def test_drawing_leaves_gradients_and_tape_as_they_were():
    layer = nn.Linear(3, 2)
    loss = layer(torch.ones(4, 3)).sum()
    plot.tape(loss, weight=layer.weight, bias=layer.bias)
    assert layer.weight.grad is None
    loss.backward()
    assert torch.equal(layer.weight.grad, torch.full((2, 3), 4.0))


def test_an_arrived_gradient_is_a_copy_and_a_missing_one_a_sentence():
    x = leaf(2)
    assert arrived(x) == NO_GRADIENT
    x.sum().backward()
    seen = arrived(x)
    x.grad.zero_()
    assert torch.equal(seen, torch.ones(2))


def test_a_check_records_gradients_and_leaves_the_switch_as_it_was():
    x, inside = leaf(2), []
    with torch.no_grad(), collecting("seed", lambda record: None):

        @check("anything")
        def _(given, expect):
            inside.append((x * 2).requires_grad)
            torch.set_grad_enabled(False)

        outside = torch.is_grad_enabled()

        @check("anything else")
        def _(given, expect):
            inside.append((x * 2).requires_grad)

    assert inside == [True, True]
    assert not outside


@pytest.mark.parametrize("folder", ["/home/me/lib/python3.11/", "C:\\me\\Lib\\"])
@pytest.mark.parametrize("colour", ["", "\x1b[32m"])
def test_a_traceback_in_a_built_notebook_names_no_folder_of_the_authors_machine(folder, colour):
    separator = "\\" if "\\" in folder else "/"
    line = f"File {colour}{folder}site-packages{separator}torch{separator}_tensor.py:6, in backward"
    assert INSTALLED.sub(r"\1", line) == f"File {colour}torch{separator}_tensor.py:6, in backward"
