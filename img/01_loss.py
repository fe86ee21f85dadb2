"""Draw the figures of lesson 01: python img/01_loss.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from helper import data, plot
from helper.interactive.line import POINTS
from helper.plot import PALETTE

HERE = Path(__file__).parent


def function() -> None:
    """Draw an image, a box F(x) and the ten probabilities that a trained network gives."""
    image, probabilities = a_digit_and_its_probabilities(4)
    with plot.style():
        figure = plt.figure(figsize=(7.0, 2.7))
        left = figure.add_axes((0.01, 0.16, 0.26, 0.67))
        middle = figure.add_axes((0.29, 0.1, 0.33, 0.8))
        right = figure.add_axes((0.67, 0.2, 0.32, 0.68))
        left.imshow(image, cmap="gray")
        left.set_title("an image, 784 numbers", fontsize=11, loc="center")
        left.axis("off")
        middle.set(xlim=(0, 1), ylim=(0, 1))
        middle.axis("off")
        box = FancyBboxPatch(
            (0.31, 0.33), 0.36, 0.34, boxstyle="round,pad=0.02", fc="white", ec=PALETTE["blue"], lw=2
        )
        middle.add_patch(box)
        middle.text(0.49, 0.5, "$F(x)$", fontsize=20, ha="center", va="center")
        for start, end in ((0.02, 0.28), (0.7, 0.96)):
            arrow = {"arrowstyle": "-|>", "lw": 2, "color": PALETTE["ink"], "mutation_scale": 18}
            middle.annotate("", (end, 0.5), (start, 0.5), arrowprops=arrow)
        colours = [PALETTE["blue"] if digit == 4 else PALETTE["sky"] for digit in range(10)]
        right.bar(range(10), probabilities.tolist(), color=colours)
        right.set_xticks(range(10))
        right.set(ylim=(0, 1), xlabel="digit")
        right.set_title("probability of each digit", fontsize=11, loc="center")
        right.grid(visible=False, axis="x")
    figure.set_layout_engine("none")
    plot.save(figure, HERE / "01_loss_function.png")


def squares(slope: float = 0.1, intercept: float = 5.0) -> None:
    """Draw points, a line and the square on each error."""
    with plot.style():
        figure, ax = plt.subplots(figsize=(6.4, 3.3))
        for x, y in POINTS:
            _error_square(ax, x, y, slope * x + intercept)
        ax.plot(
            [0, 10], [intercept, 10 * slope + intercept], color=PALETTE["blue"], label="the line: predictions"
        )
        ax.plot(*zip(*POINTS, strict=True), "o", color=PALETTE["ink"], markersize=7, label="points: targets")
        ax.plot([], [], color=PALETTE["red"], label="errors")
        ax.plot([], [], "s", color=PALETTE["orange"], alpha=0.5, markersize=12, label="squares of the errors")
        ax.set(xlim=(0, 10), ylim=(0, 9), aspect="equal", xlabel="input $x$", ylabel="target $y$")
        ax.legend(loc="center left", bbox_to_anchor=(1.03, 0.5))
    plot.save(figure, HERE / "01_loss_squares.png")


def a_digit_and_its_probabilities(digit: int) -> tuple[Tensor, Tensor]:
    """Train a small network and return an image it had not seen, (28, 28), and its ten probabilities.

    The image is the first of its digit about which the network is fairly, but not entirely, sure.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images, labels = data.digits("train")
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
    images, labels = data.digits("validation")
    with torch.no_grad():
        probabilities = network(images).softmax(dim=1)
    sure = (probabilities[:, digit] > 0.75) & (probabilities[:, digit] < 0.9) & (labels == digit)
    place = int(sure.nonzero()[0])
    return images[place, 0], probabilities[place]


def _error_square(ax: Axes, x: float, y: float, fit: float) -> None:
    size = abs(fit - y)
    corner = (x - size if x + size > 10 else x, min(y, fit))
    ax.add_patch(Rectangle(corner, size, size, color=PALETTE["orange"], alpha=0.28, linewidth=0))
    ax.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=PALETTE["orange"]))
    ax.plot([x, x], [y, fit], color=PALETTE["red"])


if __name__ == "__main__":
    function()
    squares()
