"""Draw the figures of lesson 10: an epoch's time, loading beside learning, number formats, two ranks."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from helper.plot import PALETTE, save, style

HERE = Path(__file__).parent

# Milliseconds of the quickest of nine epochs, as the first measuring cell of the lesson counts them: one thread of a
# server processor, torch 2.14.1.
EPOCH = {
    "one by one": {"load": 174.0, "forward": 13.7, "backward": 17.8, "step": 5.8},
    "from memory": {"load": 4.4, "forward": 11.5, "backward": 11.4, "step": 4.3},
}
COLOURS = {"load": "orange", "forward": "sky", "backward": "blue", "step": "green"}

FORMATS = {"float32": (1, 8, 23), "float16": (1, 5, 10), "bfloat16": (1, 8, 7)}
BITS = {"sign": "grey", "exponent": "orange", "fraction": "sky"}


def main() -> None:
    with style():
        _epoch()
        _overlap()
        _formats()
        _parallel()


def _epoch() -> None:
    figure, ax = plt.subplots(figsize=(6.6, 2.3))
    for row, parts in enumerate(EPOCH.values()):
        left = 0.0
        for part, milliseconds in parts.items():
            ax.barh(
                row,
                milliseconds,
                0.55,
                left=left,
                color=PALETTE[COLOURS[part]],
                label=part if row == 0 else None,
            )
            left += milliseconds
        ax.text(left + 3, row, f"{left:.0f} ms", va="center")
    ax.set_yticks(range(len(EPOCH)), labels=list(EPOCH))
    ax.invert_yaxis()
    ax.set(xlim=(0, 240), xlabel="milliseconds for one epoch of 3,000 images")
    ax.grid(visible=False, axis="y")
    ax.legend(loc="lower right", ncols=2)
    save(figure, HERE / "10_scaling_epoch.png")


def _overlap() -> None:
    load, learn, batches = 1.5, 1.1, 4
    figure, (above, below) = plt.subplots(2, 1, figsize=(6.6, 3.1), sharex=True)
    for number in range(batches):
        at = number * (load + learn)
        _span(above, 0, at, load, "orange", f"load {number + 1}")
        _span(above, 0, at + load, learn, "blue", f"learn {number + 1}")
        _span(below, 0, number * load, load, "orange", f"load {number + 1}")
        _span(below, 1, (number + 1) * load, learn, "blue", f"learn {number + 1}")
    for ax, rows, names, title in (
        (above, 1, ["one process"], "one after the other"),
        (below, 2, ["a worker", "the loop"], "loading ahead"),
    ):
        ax.set_yticks(range(rows), labels=names)
        ax.set(xlim=(0, batches * (load + learn) + 0.1), ylim=(rows - 0.5, -0.5))
        ax.set_title(title)
        ax.set_xticks([])
        ax.grid(visible=False)
    below.set_xlabel("time →")
    save(figure, HERE / "10_scaling_overlap.png")


def _span(ax: plt.Axes, row: int, start: float, length: float, colour: str, words: str) -> None:
    ax.add_patch(Rectangle((start + 0.02, row - 0.34), length - 0.04, 0.68, color=PALETTE[colour]))
    ax.text(
        start + length / 2,
        row,
        words,
        ha="center",
        va="center",
        fontsize=10,
        color="white" if colour == "blue" else PALETTE["ink"],
    )


def _formats() -> None:
    figure, ax = plt.subplots(figsize=(7.4, 2.5))
    for row, (name, widths) in enumerate(FORMATS.items()):
        place = 0
        ax.text(-0.6, row, name, ha="right", va="center", fontsize=12)
        for (part, colour), width in zip(BITS.items(), widths, strict=True):
            for bit in range(width):
                ax.add_patch(
                    Rectangle(
                        (place + bit + 0.06, row - 0.3),
                        0.88,
                        0.6,
                        fc=PALETTE[colour],
                        ec=PALETTE["grey"],
                        lw=0.6,
                    )
                )
            if width > 1:
                ax.text(
                    *(place + width / 2, row, f"{width}"),
                    ha="center",
                    va="center",
                    fontsize=12,
                    bbox={"fc": PALETTE[colour], "ec": "none", "pad": 1.5},
                )
            if row == 0:
                ax.text(
                    place + (width / 2 if width > 1 else 0),
                    row - 0.45,
                    part,
                    ha="center" if width > 1 else "left",
                    va="bottom",
                )
            place += width
    ax.set(xlim=(-5, 32.3), ylim=(2.5, -0.95))
    ax.axis("off")
    save(figure, HERE / "10_scaling_formats.png")


def _parallel() -> None:
    figure, ax = plt.subplots(figsize=(7.4, 4.3), layout="none")
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=(0, 12), ylim=(0, 7))
    ax.axis("off")
    for x, rank in ((2.3, 0), (9.7, 1)):
        ax.text(x, 6.65, f"rank {rank}", ha="center", va="center", fontsize=13)
        _box(ax, x, 5.75, 3.7, "a shard of the batch", "orange")
        _box(ax, x, 4.2, 3.7, "its copy of the network", "blue")
        _box(ax, x, 2.65, 3.7, "gradient of its shard", "green")
        _arrow(ax, (x, 5.35), (x, 4.6))
        _arrow(ax, (x, 3.8), (x, 3.05))
    _box(ax, 6, 1.15, 4.2, "average of the gradients", "green")
    _arrow(ax, (2.3, 2.25), (4.4, 1.53))
    _arrow(ax, (9.7, 2.25), (7.6, 1.53))
    _arrow(ax, (5.4, 1.55), (4.1, 3.8))
    _arrow(ax, (6.6, 1.55), (7.9, 3.8))
    ax.text(6, 3.35, "the same step\nfor both", ha="center", va="center", color=PALETTE["ink"])
    ax.text(
        6, 0.35, "gradients travel, images and weights stay", ha="center", va="center", color=PALETTE["grey"]
    )
    save(figure, HERE / "10_scaling_parallel.png")


def _box(ax: plt.Axes, x: float, y: float, width: float, words: str, colour: str) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - 0.36),
            width,
            0.72,
            boxstyle="round,pad=0.02",
            fc="white",
            ec=PALETTE[colour],
            lw=2.2,
        )
    )
    ax.text(x, y, words, ha="center", va="center", fontsize=12)


def _arrow(ax: plt.Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=16, lw=1.8, color=PALETTE["grey"])
    )


if __name__ == "__main__":
    main()
