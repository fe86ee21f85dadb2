"""Draw the figure of lesson 11: the tests from cheap to dear, with the signs they give and the faults they betray."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from helper.plot import PALETTE, save, style

HERE = Path(__file__).parent
STAIRS = (
    ("look at the batch", ("spread",), ("images not scaled",)),
    ("one forward pass", ("first loss", "dead", "repeat"), ("weights too large", "dead units", "dropout always on")),
    ("gradients", ("gradients", "leak"), ("tape cut", "images mixed", "softmax over the batch")),
    (
        "train a copy",
        ("by heart", "blank"),
        ("softmax twice", "no softmax at all", "image ignored"),
    ),
    (
        "its own steps",
        ("own",),
        ("nothing moves", "learning rate too large", "learning rate too small"),
    ),
)  # fmt: skip
WIDE, STEP = 2.55, 0.42


def main() -> None:
    with style():
        figure, ax = plt.subplots(figsize=(9.6, 3.9), layout="none")
        ax.set_position((0, 0, 1, 1))
        ax.set(xlim=(-0.35, WIDE * len(STAIRS) + 0.05), ylim=(-1.9, 3.4))
        ax.axis("off")
        for number, (title, signs, faults) in enumerate(STAIRS):
            x, y = WIDE * number, STEP * number
            shape = "round,pad=0.05,rounding_size=0.15"
            box = FancyBboxPatch(
                (x, y), WIDE - 0.45, 0.62, boxstyle=shape, fc="white", ec=PALETTE["blue"], lw=2
            )
            ax.add_patch(box)
            middle = x + (WIDE - 0.45) / 2
            ax.text(middle, y + 0.31, title, ha="center", va="center", fontsize=12.5)
            ax.text(
                middle,
                y + 0.95,
                "\n".join(signs),
                ha="center",
                va="bottom",
                fontsize=12,
                color=PALETTE["green"],
            )
            ax.text(
                middle, y - 0.25, "\n".join(faults), ha="center", va="top", fontsize=11, color=PALETTE["red"]
            )
            if number:
                start = (x - 0.36, y - STEP + 0.31)
                ax.add_patch(
                    FancyArrowPatch(
                        start,
                        (x - 0.05, y + 0.31),
                        arrowstyle="-|>",
                        mutation_scale=15,
                        color=PALETTE["grey"],
                        lw=2,
                    )
                )
        ax.text(-0.2, 3.0, "signs", fontsize=12, color=PALETTE["green"])
        ax.text(1.0, 3.0, "faults that they betray", fontsize=12, color=PALETTE["red"])
        ax.text(-0.2, -1.65, "cheap", fontsize=12, color=PALETTE["grey"])
        ax.text(WIDE * len(STAIRS) - 0.5, -1.65, "dear", fontsize=12, color=PALETTE["grey"], ha="right")
        ax.add_patch(
            FancyArrowPatch(
                (0.75, -1.57), (WIDE * len(STAIRS) - 1.3, -1.57), arrowstyle="-|>", mutation_scale=15,
                color=PALETTE["grey"], lw=1.5,
            )
        )  # fmt: skip
        save(figure, HERE / "11_clinic_stairs.png")


if __name__ == "__main__":
    main()
