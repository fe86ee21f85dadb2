"""Draw the figure of lesson 07: the training loop as a wheel, with what each station changes."""

from __future__ import annotations

import math
import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, FancyArrowPatch

from helper.plot import PALETTE, save, style

HERE = Path(__file__).parent
RADIUS, NODE = 2.0, 0.64
STATIONS = (
    ("next batch", "inputs and labels\nof 64 images", "grey"),
    ("zero_grad", "empties .grad", "blue"),
    ("forward", "inputs → logits", "grey"),
    ("loss", "logits and labels\n→ one number", "grey"),
    ("backward", "fills .grad", "blue"),
    ("step", "changes the\nparameters", "red"),
)


def main() -> None:
    with style():
        figure, ax = plt.subplots(figsize=(6.6, 4.275), layout="none")
        ax.set_position((0, 0, 1, 1))
        ax.set(xlim=(-4.4, 4.4), ylim=(-2.85, 2.85))
        ax.set_aspect("equal")
        ax.axis("off")
        for number, (name, words, colour) in enumerate(STATIONS):
            x, y = _on_circle(number)
            ax.add_patch(Circle((x, y), NODE, fc="white", ec=PALETTE[colour], lw=2.5, zorder=2))
            ax.text(x, y, name, ha="center", va="center", fontsize=12, zorder=3)
            side = 0 if abs(x) < 0.1 else math.copysign(1, x)
            if side:
                ax.text(
                    x + side * 0.8,
                    y,
                    words,
                    ha="left" if side > 0 else "right",
                    va="center",
                    color=PALETTE["grey"],
                )
            else:
                ax.text(x + 0.85, y + 0.25 * math.copysign(1, y), words, va="center", color=PALETTE["grey"])
            _arrow(ax, number)
        ax.text(0, 0.16, "one turn", ha="center", va="center", fontsize=14)
        ax.text(0, -0.24, "= one update", ha="center", va="center", fontsize=14)
        save(figure, HERE / "07_training_loop_wheel.png")


def _arrow(ax: plt.Axes, number: int) -> None:
    """Draw the arrow to the next station along the circle."""
    gap = (2 * math.asin((NODE + 0.1) / (2 * RADIUS))) / (2 * math.pi / len(STATIONS))
    ax.add_patch(
        FancyArrowPatch(
            _on_circle(number + gap),
            _on_circle(number + 1 - gap),
            connectionstyle="arc3,rad=-0.12",
            arrowstyle="-|>",
            mutation_scale=18,
            lw=2,
            color=PALETTE["grey"],
            shrinkA=0,
            shrinkB=0,
        )
    )


def _on_circle(number: float) -> tuple[float, float]:
    """Return the place of a station, counted clockwise from the top."""
    angle = math.pi / 2 - 2 * math.pi * number / len(STATIONS)
    return RADIUS * math.cos(angle), RADIUS * math.sin(angle)


if __name__ == "__main__":
    main()
