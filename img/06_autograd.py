"""Draw the figure of lesson 06: `python img/06_autograd.py` writes the PNG beside this file."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import torch
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from helper import plot
from helper.plot import PALETTE

HERE = Path(__file__).parent
WIDE, HIGH = 2.15, 1.0  # of a box, in the figure's own units
COLUMNS, VALUES, TAPE = (1.2, 4.9, 8.6), 3.0, 0.9


def main() -> None:
    """Draw all figures of the lesson."""
    with plot.style():
        plot.save(tape(), HERE / "06_autograd_tape.png")


def tape() -> plt.Figure:
    """Above, the values of z = mean(x²); below, what autograd records meanwhile and reads backwards."""
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    y = x**2
    z = y.mean()
    z.backward()
    assert x.grad is not None
    rows = [
        f"x  {_shape(x)}\nfrom {x.min():g} to {x.max():g}",
        f"y  {_shape(y)}\nfrom {y.min():g} to {y.max():g}",
    ]
    values = [*rows, f"z  a single number\n{z.item():.2f}"]
    records = [
        "AccumulateGrad\nadds to x.grad",
        f"{y.grad_fn.name()}\nkeeps x",
        f"{z.grad_fn.name()}\nknows: {y.numel()} numbers",
    ]
    figure, ax = plt.subplots(figsize=(7, 2.5))
    ax.set(xlim=(-0.05, 10.75), ylim=(0.3, 3.95), aspect="equal")
    ax.axis("off")
    for column, value, record in zip(COLUMNS, values, records, strict=True):
        _box(ax, column, VALUES, value, "blue")
        _box(ax, column, TAPE, record, "ink")
    for number, name in enumerate(("square", "mean")):
        _arrow(
            ax, (COLUMNS[number] + WIDE / 2, VALUES), (COLUMNS[number + 1] - WIDE / 2, VALUES), "blue", name
        )
    for number, text in enumerate((r"$\frac{1}{6}\cdot 2x$", r"$\frac{1}{6}$ each")):
        _arrow(ax, (COLUMNS[number + 1] - WIDE / 2, TAPE), (COLUMNS[number] + WIDE / 2, TAPE), "red", text)
    for column, name in zip(COLUMNS[1:], ("y.grad_fn", "z.grad_fn"), strict=True):
        ax.plot([column, column], [TAPE + HIGH / 2, VALUES - HIGH / 2], color=PALETTE["grey"], ls=":", lw=1.3)
        ax.text(column + 0.1, (TAPE + VALUES) / 2, name, color=PALETTE["grey"], va="center", fontsize=9)
    ax.text(0.12, VALUES + 0.72, "forward: values", color=PALETTE["blue"], fontsize=10)
    ax.text(0.12, TAPE + 0.72, "the tape, read backwards: gradients", color=PALETTE["red"], fontsize=10)
    _arrow(ax, (10.6, TAPE), (COLUMNS[2] + WIDE / 2, TAPE), "red", "")
    ax.text(10.2, TAPE + 0.14, "1", color=PALETTE["red"], ha="center", va="bottom", fontsize=10)
    return figure


def _shape(tensor: torch.Tensor) -> str:
    return " × ".join(map(str, tensor.shape))


def _box(ax: plt.Axes, x: float, y: float, text: str, colour: str) -> None:
    corner = (x - WIDE / 2, y - HIGH / 2)
    box = FancyBboxPatch(
        corner, WIDE, HIGH, boxstyle="round,pad=0,rounding_size=0.12", fc="white", ec=PALETTE[colour]
    )
    ax.add_patch(box)
    ax.text(x, y, text, color=PALETTE[colour], ha="center", va="center", fontsize=9, linespacing=1.5)


def _arrow(
    ax: plt.Axes, start: tuple[float, float], end: tuple[float, float], colour: str, text: str
) -> None:
    arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, shrinkA=2, shrinkB=2)
    arrow.set(color=PALETTE[colour], linewidth=1.5)
    ax.add_patch(arrow)
    middle = ((start[0] + end[0]) / 2, start[1] + 0.14)
    ax.text(*middle, text, color=PALETTE[colour], ha="center", va="bottom", fontsize=10)


if __name__ == "__main__":
    main()
