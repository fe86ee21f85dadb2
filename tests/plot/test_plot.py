"""Figures are judged by the data of the Axes that come back, never by their pixels."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
import torch

mpl.use("Agg")
import matplotlib.pyplot as plt

from helper import plot

DIGITS = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(autouse=True)
def _fresh_settings_and_no_open_figures():
    plt.close("all")
    with mpl.rc_context():
        mpl.rcdefaults()
        yield
    plt.close("all")


def every_figure() -> dict:
    """Return one call of every function that draws."""
    thirds = torch.full((3,), 1 / 3)
    return {
        "images": lambda: plot.images(DIGITS),
        "classification": lambda: plot.classification(DIGITS[0], thirds),
        "loss_curves": lambda: plot.loss_curves({"training": [2.0, 1.0]}, levels={"guessing": 2.3}),
        "lines": lambda: plot.lines([1, 2], {"a": [1, 2]}),
        "bars": lambda: plot.bars({"a": [1, 2]}),
    }


def test_images_are_drawn_in_order_and_places_left_over_stay_empty():
    axes = plot.images(DIGITS, labels=torch.arange(5), columns=3)
    assert axes.shape == (2, 3)
    for number, ax in enumerate(axes.flat[:5]):
        np.testing.assert_allclose(ax.get_images()[0].get_array(), DIGITS[number, 0])
        assert ax.get_title() == str(number)
    assert not axes[1, 2].get_images()


def test_images_share_one_scale_of_brightness():
    axes = plot.images(torch.stack([torch.zeros(4, 4), torch.ones(4, 4)]))
    limits = {ax.get_images()[0].get_clim() for ax in axes.flat}
    assert limits == {(0.0, 1.0)}


@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (5, 28, 28), (5, 784)])
def test_images_come_with_a_channel_without_one_or_flat(shape):
    axes = plot.images(DIGITS.reshape(shape))
    np.testing.assert_allclose(axes[0, 4].get_images()[0].get_array(), DIGITS[4, 0])


def test_images_of_another_shape_are_refused_with_the_shapes_that_fit():
    with pytest.raises(ValueError, match=r"\(5, 783\).*flat squares"):
        plot.images(torch.zeros(5, 783))
    with pytest.raises(ValueError, match="5 images but 4 labels"):
        plot.images(DIGITS, labels=range(4))
    with pytest.raises(ValueError, match="at least one"):
        plot.images(DIGITS[:0])
    assert not plt.get_fignums()


def test_a_classification_shows_the_image_and_one_bar_per_class():
    probabilities = torch.softmax(torch.arange(10.0), dim=0)
    left, right = plot.classification(DIGITS[2], probabilities, classes="abcdefghij", label=3)
    np.testing.assert_allclose(left.get_images()[0].get_array(), DIGITS[2, 0])
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], probabilities, rtol=1e-6)
    assert [text.get_text() for text in right.get_yticklabels()] == list("abcdefghij")
    first, last = right.patches[0].get_y(), right.patches[9].get_y()
    assert right.transData.transform((0, first))[1] > right.transData.transform((0, last))[1], (
        "first class on top"
    )
    (mark,) = [line for line in right.lines if line.get_marker() == "<"]
    assert mark.get_ydata()[0] == 3


@pytest.mark.parametrize("sure", [0.0, 0.5, 0.98, 1.0])
def test_the_true_class_is_named_in_full_however_sure_the_answer_is(sure):
    _, right = plot.classification(DIGITS[0], [1 - sure, sure], label=1)
    figure = right.figure
    figure.canvas.draw()
    (word,) = [text for text in right.texts if text.get_text() == "true"]
    place = word.get_window_extent()
    assert place.width > 10, "a word that is clipped away has no extent"
    assert place.x1 <= figure.bbox.x1


def test_the_most_probable_class_stands_out():
    _, right = plot.classification(DIGITS[0], [0.1, 0.7, 0.2])
    colours = [bar.get_facecolor() for bar in right.patches]
    assert colours[0] == colours[2] != colours[1]


@pytest.mark.parametrize(
    "numbers", [torch.arange(10.0), torch.log_softmax(torch.arange(10.0), 0), [0.5, float("nan")]]
)
def test_logits_and_log_probabilities_are_not_drawn_as_probabilities(numbers):
    with pytest.raises(ValueError, match=r"no probabilities.*softmax"):
        plot.classification(DIGITS[0], numbers)
    assert not plt.get_fignums()


def test_a_loss_curve_starts_at_step_one_and_levels_are_drawn_across():
    ax = plot.loss_curves({"a": [3.0, 2.0, 1.0], "b": [2.5, 2.0]}, levels={"floor": 1.5})
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[1, 2.5], [2, 2]])
    assert set(ax.lines[2].get_ydata()) == {1.5}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert "floor" in [text.get_text() for text in ax.texts]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")


def test_a_run_that_ends_in_nan_ends_in_a_cross():
    ax = plot.loss_curves({"diverged": [1.0, 5.0, float("inf"), float("nan")], "fine": [1.0, 0.5]})
    crosses = [line for line in ax.lines if line.get_marker() == "X"]
    assert [tuple(cross.get_xydata()[0]) for cross in crosses] == [(2.0, 5.0)]


def test_losses_may_be_tensors_that_carry_gradients():
    losses = [torch.tensor(2.0, requires_grad=True), torch.tensor(1.0)]
    ax = plot.loss_curves({"a": losses})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2, 1])


def test_lines_keep_their_x_and_their_scales():
    ax = plot.lines([1, 10, 100], {"a": [1, 2, 3]}, xlabel="gap", ylabel="loss", logx=True, logy=True)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[1, 1], [10, 2], [100, 3]])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    with pytest.raises(ValueError, match='"b" has 2 values over 3'):
        plot.lines([1, 2, 3], {"b": [1, 2]})


def test_lines_differ_in_more_than_colour():
    ax = plot.lines([1, 2], {name: [1, 2] for name in "abcdef"})
    assert len({line.get_color() for line in ax.lines}) == 6
    assert len({line._dash_pattern[1] and tuple(line._dash_pattern[1]) for line in ax.lines}) == 6


def test_bars_stand_side_by_side_in_order():
    ax = plot.bars({"a": [1, 2], "b": torch.tensor([3.0, 4.0])}, names=["x", "y"])
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 3, 4]
    places = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    assert places[0] < places[2] < places[1] < places[3]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["x", "y"]
    with pytest.raises(ValueError, match="has 2 bars, there are 3"):
        plot.bars({"a": [1, 2]}, names="xyz")


@pytest.mark.parametrize("name", ["loss_curves", "lines", "bars"])
def test_a_given_axes_is_drawn_on_and_no_figure_is_added(name):
    figure, ax = plt.subplots()
    calls = {
        "loss_curves": lambda: plot.loss_curves({"a": [1.0]}, ax=ax),
        "lines": lambda: plot.lines([1], {"a": [1]}, ax=ax),
        "bars": lambda: plot.bars({"a": [1]}, ax=ax),
    }
    assert calls[name]() is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("name", list(every_figure()))
def test_drawing_changes_no_setting_and_opens_one_figure(name):
    before = dict(mpl.rcParams)
    every_figure()[name]()
    assert dict(mpl.rcParams) == before
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", list(every_figure()))
def test_a_figure_keeps_the_style_when_it_is_shown_later(name):
    drawn = every_figure()[name]()
    figure = np.ravel(drawn)[0].figure
    with mpl.rc_context({"font.size": 40, "axes.spines.top": True}):
        figure.canvas.draw()
    sizes = {
        text.get_fontsize() for ax in figure.axes for text in [*ax.get_xticklabels(), *ax.get_yticklabels()]
    }
    assert all(size < 20 for size in sizes)


def test_inputs_stay_as_they_were():
    image, probabilities = DIGITS[0].clone().requires_grad_(), torch.full((10,), 0.1)
    array, losses = np.array([1.0, np.inf]), [2.0, float("nan")]
    plot.images(image.unsqueeze(0))
    plot.classification(image, probabilities)
    plot.lines(array, {"a": array})
    plot.bars({"a": probabilities})
    plot.loss_curves({"a": losses})
    assert torch.equal(image, DIGITS[0])
    assert image.shape == (1, 28, 28)
    assert torch.equal(probabilities, torch.full((10,), 0.1))
    assert array.tolist() == [1.0, np.inf]
    assert losses[0] == 2.0
    assert len(losses) == 2


def test_a_saved_figure_has_the_same_bytes_each_time_and_is_closed(tmp_path):
    for name in ("one.png", "two.png"):
        plot.save(plot.bars({"a": [1, 2]}).figure, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert b"Software" not in (tmp_path / "one.png").read_bytes(), "a version would change the bytes"
    assert not plt.get_fignums()


def test_importing_the_module_does_not_load_matplotlib():
    code = "import sys, helper.plot; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_notebook_shows_every_figure_not_only_the_first():
    import nbclient
    import nbformat

    cells = [
        nbformat.v4.new_code_cell(f"from helper import plot\nplot.bars({{'a': [{n}]}});") for n in (1, 2)
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    shown = [[out["data"].keys() for out in cell.outputs if "data" in out] for cell in notebook.cells]
    assert [sum("image/png" in output for output in outputs) for outputs in shown] == [1, 1]
