"""Every figure says in words what it shows, where a picture's alternative is kept and where none is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import nbclient
import nbformat
import pytest
import torch
from nbconvert import HTMLExporter

from helper import plot
from helper.plot import alt

CELL = 'from helper import plot\naxes = plot.loss_curves({"training": [2.3, 1.1, 0.4], "validation": [2.4, 1.5, 1.2]})'


@pytest.fixture(autouse=True)
def closed() -> object:
    yield
    plt.close("all")


def words(axes: object) -> str:
    first = axes[0] if isinstance(axes, tuple) else next(iter(getattr(axes, "flat", [axes])))
    return alt.in_full(first.figure)


def test_curves_are_told_by_name_with_their_ends_and_extremes() -> None:
    said = words(plot.loss_curves({"training": [2.3, 0.2, 0.4]}, levels={"guessing": 2.3026}))
    assert "of loss over step" in said
    assert "training: from 2.3 at 1 to 0.4 at 3, lowest 0.2 at 2." in said
    assert "guessing: 2.3." in said


def test_a_formula_in_a_label_is_told_as_it_is_read() -> None:
    axes = plot.lines([0.0, 1.0], {"$w_2$": [1.0, 2.0]}, xlabel="$w_{10}$", ylabel="loss")
    said = words(axes)
    assert "w10" in said
    assert "w2" in said
    assert "$" not in said + alt.in_short(axes.figure)


def test_bars_are_told_with_their_names_and_heights() -> None:
    said = words(plot.bars({"first": [1, 2.5], "second": [0.1, 7]}, ["left", "right"], ylabel="probability"))
    assert "first: left 1, right 2.5." in said
    assert "second: left 0.1, right 7." in said


def test_pictures_are_counted_and_named() -> None:
    assert words(plot.images(torch.rand(6, 28, 28), [3, 1, 4, 1, 5, 9], columns=3)) == (
        "Figure: 6 pictures, titled 3, 1, 4, 1, 5, 9."
    )


def test_a_run_that_ends_in_nothing_finite_is_no_error() -> None:
    assert "training" in words(plot.loss_curves({"training": [float("nan")] * 4}))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.confusion(torch.eye(3), ["a", "b", "c"]),
        lambda: plot.classification(torch.rand(28, 28), torch.ones(10) / 10),
        lambda: plot.lines([1, 2, 3], {"one": [1, 2, 3]}, xlabel="x", ylabel="y"),
        lambda: plot.tape(torch.ones(2, requires_grad=True).sum()),
    ],
)
def test_every_kind_of_figure_says_more_than_its_size(draw: Callable[[], object]) -> None:
    said = words(draw())
    assert len(said) > 30
    assert "Figure size" not in said


@pytest.fixture(scope="module")
def drawn() -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL), nbformat.v4.new_code_cell("1 + 1")]
    )
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    return notebook


def test_in_a_notebook_the_picture_has_an_alternative_and_the_words_follow_it(
    drawn: nbformat.NotebookNode,
) -> None:
    picture, spoken = drawn.cells[0].outputs
    assert picture.metadata["image/png"]["alt"] == "Curves of loss over step."
    assert "training: from 2.3 at 1 to 0.4 at 3" in spoken.data["text/html"]
    assert "clip-path" in spoken.data["text/html"]
    assert spoken.data["text/plain"] == picture.data["text/plain"]


def test_the_words_come_once(drawn: nbformat.NotebookNode) -> None:
    assert [output.output_type for output in drawn.cells[1].outputs] == ["execute_result"]


def test_nbconvert_keeps_the_alternative_or_at_least_the_words(drawn: nbformat.NotebookNode) -> None:
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(drawn)
    assert re.findall(r'<img[^>]*alt="([^"]*)"', page) == ["Curves of loss over step."]
    page, _ = HTMLExporter(template_name="lab").from_notebook_node(drawn)
    assert "training: from 2.3 at 1 to 0.4 at 3" in page


def test_a_figure_drawn_outside_a_notebook_is_not_kept(tmp_path: Path) -> None:
    plot.bars({"a": [1, 2]})
    assert alt._drawn == []
