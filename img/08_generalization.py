"""Draw the figure of lesson 08: three piles of images, and what each of them may decide."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

from helper import data
from helper.plot import PALETTE, save, style

HERE = Path(__file__).parent
PILES = (
    ("train", "training", "moves the parameters", "seen in every epoch", "blue"),
    (
        "validation",
        "validation",
        "chooses: network,\nlearning rate, epoch",
        "looked at as often as you like",
        "orange",
    ),
    ("test", "test", "reports one number", "opened once, at the end", "green"),
)


def main() -> None:
    """Write the image into this folder."""
    with style():
        figure, ax = plt.subplots(figsize=(8.4, 3.9), layout="none")
        ax.set_position((0, 0, 1, 1))
        ax.set(xlim=(0, 84), ylim=(0, 39))
        ax.axis("off")
        for column, (split, name, does, when, colour) in enumerate(PILES):
            middle = 14 + 28 * column
            digits = data.Digits(split)
            _draw_pile(ax, middle, digits, PALETTE[colour])
            ax.text(middle, 36, f"{name}: {len(digits):,} images", ha="center", va="center", fontsize=13)
            ax.add_patch(
                FancyArrowPatch(
                    (middle, 15.2),
                    (middle, 11),
                    arrowstyle="-|>",
                    mutation_scale=20,
                    lw=2.5,
                    color=PALETTE[colour],
                )
            )
            ax.text(middle, 8, does, ha="center", va="center", fontsize=13)
            ax.text(middle, 2.4, when, ha="center", va="center", fontsize=11, color=PALETTE["grey"])
        save(figure, HERE / "08_generalization_piles.png")


def _draw_pile(ax: plt.Axes, middle: float, digits: data.Digits, colour: str) -> None:
    """Draw as many cards as there are hundreds of images, the front one last."""
    cards = len(digits) // 200
    for card in range(cards):
        left = middle - 5.5 + 0.45 * (cards / 2 - card)
        low = 16.5 + 0.3 * (cards - card - 1)
        ax.add_patch(Rectangle((left, low), 11, 13, fc="white", ec=colour, lw=1.2, zorder=card))
    picture = digits.data[0].numpy()
    ax.imshow(
        255 - picture,
        cmap="gray",
        extent=(left + 0.8, left + 10.2, low + 1.8, low + 11.2),
        zorder=cards,
        vmin=0,
        vmax=255,
    )
    ax.set(xlim=(0, 84), ylim=(0, 39), aspect="auto")


if __name__ == "__main__":
    main()
