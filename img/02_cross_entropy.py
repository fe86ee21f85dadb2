"""Draw the figures of lesson 02: `python img/02_cross_entropy.py` writes the PNGs beside this file."""

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from helper import plot
from helper.plot import PALETTE

HERE = Path(__file__).parent


def main() -> None:
    """Draw all figures of the lesson."""
    with plot.style():
        for name, draw in (("steps", steps), ("floats", floats), ("floor", floor)):
            plot.save(draw(), HERE / f"02_cross_entropy_{name}.png")


def steps() -> Figure:
    """Three logits become three probabilities, and these the losses of each possible right answer."""
    logits = np.array([2.0, 1.0, -1.0])
    probabilities = np.exp(logits) / np.exp(logits).sum()
    losses = -np.log(probabilities)
    figure, axes = plt.subplots(1, 3, figsize=(7, 2.6))
    panels = (
        (logits, "logits", "blue", (-1.7, 2.6), "digit"),
        (probabilities, "probabilities", "green", (0, 1), "digit"),
        (losses, "losses", "red", (0, 4), "if this is the right digit"),
    )
    for ax, (values, title, colour, limits, xlabel) in zip(axes, panels, strict=True):
        bars = ax.bar(["3", "5", "8"], values, color=PALETTE[colour], width=0.6)
        decimals = "%.0f" if title == "logits" else "%.2f"
        ax.bar_label(bars, [(decimals % value).replace("-", "−") for value in values], padding=2, fontsize=10)
        ax.axhline(0, color=PALETTE["grey"], linewidth=1)
        ax.set(title=title, ylim=limits, xlabel=xlabel)
        ax.grid(visible=False)
    axes[1].set_yticks([0, 0.5, 1])
    figure.get_layout_engine().set(wspace=0.2)
    figure.canvas.draw()
    for left, right, name in ((axes[0], axes[1], "softmax"), (axes[1], axes[2], "$-\\ln$")):
        start, end = left.get_position().x1, right.get_tightbbox().x0 / figure.bbox.width
        arrow = ConnectionPatch(
            (start, 0.62), (end, 0.62), "figure fraction", arrowstyle="-|>", mutation_scale=14
        )
        arrow.set(color=PALETTE["ink"], linewidth=1.3)
        figure.add_artist(arrow)
        figure.text((start + end) / 2, 0.66, name, ha="center", fontsize=10)
    return figure


def floats() -> Figure:
    """The positive float32 numbers on a line of their logarithms, with the cliffs at both ends."""
    info = np.finfo(np.float32)
    low, normal, high = (math.log10(float(x)) for x in (info.smallest_subnormal, info.tiny, info.max))
    figure, ax = plt.subplots(figsize=(7, 2.9))
    ax.axvspan(-58, low, color=PALETTE["red"], alpha=0.22, linewidth=0)
    ax.axvspan(high, 52, color=PALETTE["red"], alpha=0.22, linewidth=0)
    ax.axvspan(low, normal, color=PALETTE["orange"], alpha=0.3, linewidth=0)
    ax.axvspan(normal, high, color=PALETTE["sky"], alpha=0.25, linewidth=0)
    ax.plot([low, high], [0, 0], color=PALETTE["blue"], linewidth=4, solid_capstyle="butt")
    for place in (low, high):
        ax.plot([place, place], [-0.35, 0.35], color=PALETTE["red"], linewidth=2.5)
    ax.text((-58 + low) / 2, 0, "exactly 0", ha="center", va="center", weight="bold", color="#8A3A00")
    ax.text((high + 52) / 2, 0, "infinity", ha="center", va="center", weight="bold", color="#8A3A00")
    ax.text(low, -0.45, "1.4e−45\n$e^{-104}$ falls off", ha="center", va="top", fontsize=10)
    ax.text(high, -0.45, "3.4e38\n$e^{89}$ falls off", ha="center", va="top", fontsize=10)
    ax.text((low + normal) / 2, 0.12, "few\ndigits", ha="center", va="bottom", fontsize=9)
    ax.text(-18, 0.12, "seven digits everywhere", ha="center", va="bottom", fontsize=10)
    ax.plot(0, 0, "o", color=PALETTE["ink"], markersize=6)
    ax.text(0, -0.45, "1", ha="center", va="top", fontsize=11)
    ax.set(xlim=(-58, 52), ylim=(-1, 1.75), yticks=[], xlabel="positive numbers, logarithmic scale")
    powers = (-40, -30, -20, -10, 0, 10, 20, 30)
    ax.set_xticks(powers, labels=[f"1e{power}".replace("-", "−") for power in powers])
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)

    glass = ax.inset_axes((0.42, 0.62, 0.37, 0.36))
    ulp = 2.0**-24
    places = np.array([-4, -3, -2, -1, 0, 2, 4])  # below 1 the neighbours are closer than above
    glass.plot(places, 0 * places, "|", color=PALETTE["blue"], markersize=14, markeredgewidth=2)
    glass.plot(0, 0, "|", color=PALETTE["ink"], markersize=20, markeredgewidth=3)
    glass.text(0, 0.55, "1", ha="center")
    glass.text(-2.2, -0.85, f"{ulp:.0e} apart".replace("e-08", "e−8"), ha="center", fontsize=9)
    glass.text(2.3, -0.85, f"{2 * ulp:.1e} apart".replace("e-07", "e−7"), ha="center", fontsize=9)
    glass.set(xlim=(-5, 5), ylim=(-1.1, 1.3), xticks=[], yticks=[])
    glass.grid(visible=False)
    for side in glass.spines.values():
        side.set(visible=True, color=PALETTE["grey"])
    for corner in ((0, 0), (1, 0)):
        line = ConnectionPatch(
            (0, 0.04), corner, ax.transData, glass.transAxes, color=PALETTE["grey"], linewidth=1
        )
        ax.add_artist(line)
    return figure


def floor() -> Figure:
    """The loss over the lead of the right score: once with softmax, once with softmax twice."""
    lead = np.linspace(0, 12, 241)
    once = np.log1p(9 * np.exp(-lead))
    right = 1 / (1 + 9 * np.exp(-lead))  # of the right class; each of the other nine has (1 - right) / 9
    twice = np.log(np.exp(right) + 9 * np.exp((1 - right) / 9)) - right
    level = math.log(math.e + 9) - 1
    figure, ax = plt.subplots(figsize=(6.4, 3.2))
    plot.lines(
        lead,
        {"cross-entropy of logits": once, "softmax twice": twice},
        xlabel="lead of the right score over the nine others",
        ylabel="loss",
        ax=ax,
    )
    ax.axhline(level, color=PALETTE["grey"], linewidth=1.2, linestyle=(0, (2, 2)))
    ax.annotate(f"floor: ln(e + 9) − 1 = {level:.4f}", (11.9, level - 0.06), ha="right", va="top")
    ax.annotate(
        "ln 10 = 2.3026:\nknows nothing",
        (0, math.log(10)),
        (1.2, 2.5),
        va="center",
        arrowprops={"arrowstyle": "-|>"},
    )
    ax.plot(0, math.log(10), "o", color=PALETTE["ink"], markersize=6, zorder=5)
    ax.set(xlim=(-0.2, 12), ylim=(0, 2.75))
    return figure


if __name__ == "__main__":
    main()
