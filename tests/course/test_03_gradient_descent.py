"""What lesson 03 adds to the figures: walks on a map."""

import matplotlib
import numpy as np
import pytest
import torch

from helper import plot

matplotlib.use("Agg")

import matplotlib.pyplot as plt


def valley(w: torch.Tensor) -> torch.Tensor:
    return 0.5 * w[..., 0] ** 2 + 5 * w[..., 1] ** 2


@pytest.fixture(autouse=True)
def _close_figures() -> None:
    plt.close("all")


def test_a_walk_is_drawn_point_by_point_and_its_start_is_marked() -> None:
    path = torch.tensor([[-4.0, 1.0], [-3.0, -0.5], [-2.0, 0.2]])
    line, start = plot.descent(valley, {"slow": path}, xlim=(-5, 5), ylim=(-2, 2)).get_lines()
    assert np.allclose(line.get_xydata(), path.numpy())
    assert line.get_label() == "slow"
    assert np.allclose(start.get_xydata(), [[-4.0, 1.0]])
    assert start.get_marker() == "s"


def test_the_contour_lines_are_those_of_the_loss_with_w1_across() -> None:
    ax = plot.descent(valley, {}, xlim=(-4, 4), ylim=(-2, 2))
    lines = ax.collections[0].get_paths()
    inside = next(path.vertices for path in lines if len(path.vertices))
    assert np.ptp(inside[:, 0]) == pytest.approx(10**0.5 * np.ptp(inside[:, 1]), rel=0.02)


def test_one_unit_is_equally_long_on_both_axes_and_a_divergent_walk_is_cut_off() -> None:
    far = torch.tensor([[-4.0, 1.0], [300.0, -400.0]])
    ax = plot.descent(valley, {"divergent": far}, xlim=(-5, 5), ylim=(-2, 2))
    assert ax.get_aspect() == 1
    assert (ax.get_xlim(), ax.get_ylim()) == ((-5, 5), (-2, 2))
