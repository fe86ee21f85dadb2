"""Draw the figures of lesson 09: a velocity, a schedule, two ways to clip, and a range test."""

from __future__ import annotations

import math
import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import Circle
from torch import nn

from helper import data
from helper.plot import PALETTE, save, style

HERE = Path(__file__).parent
BLUE, ORANGE, GREEN, RED, INK, GREY, LIGHT = (
    PALETTE[name] for name in ("blue", "orange", "green", "red", "ink", "grey", "light")
)


def main() -> None:
    with style():
        save(velocity(), HERE / "09_optimizers_velocity.png")
        save(schedule(), HERE / "09_optimizers_schedule.png")
        save(clip(), HERE / "09_optimizers_clip.png")
        save(range_test(), HERE / "09_optimizers_range.png")


def velocity() -> plt.Figure:
    """Draw how the last step and the gradient add up to the new step, on the map of a ravine."""
    figure, ax = plt.subplots(figsize=(7.2, 3.3), layout="none")
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=(-4.8, 2.4), ylim=(-1.65, 1.65), aspect="equal")
    ax.axis("off")
    turn = np.linspace(0, 2 * np.pi, 200)
    for level in (0.4, 0.9, 1.6, 2.6, 4.0):
        ax.plot(2.2 * level * np.cos(turn), 0.6 * level * np.sin(turn), color=LIGHT, lw=1.2, zorder=0)
    ax.plot(0, 0, "+", color=GREY, ms=13, mew=2)
    ax.text(0.14, -0.26, "minimum", color=GREY, fontsize=11)
    ball, old, down = np.array([-3.6, 0.55]), np.array([1.75, 0.42]), np.array([0.45, -0.95])
    _arrow(ax, ball, ball + old, BLUE)
    _arrow(ax, ball + old, ball + old + down, RED)
    _arrow(ax, ball, ball + down, RED, faint=True)
    _arrow(ax, ball, ball + old + down, INK)
    ax.plot(*ball, "o", color=INK, ms=12, zorder=5)
    ax.text(-3.2, 1.13, "0.9 · last step", color=BLUE, fontsize=13, ha="center")
    ax.text(-1.45, 0.6, "downhill:\n−lr · gradient", color=RED, fontsize=13, va="center")
    ax.text(-2.25, -0.2, "new step", color=INK, fontsize=13, ha="center")
    return figure


def _arrow(ax: plt.Axes, start: np.ndarray, end: np.ndarray, colour: str, *, faint: bool = False) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 20, "shrinkA": 0, "shrinkB": 0, "color": colour, "lw": 3}
    ax.annotate("", end, start, arrowprops={**look, "alpha": 0.35 if faint else 1.0}, zorder=4)


def schedule() -> plt.Figure:
    """Draw the learning rate of each step for a warm-up of 4 steps and 20 in all."""
    total, warmup, peak, final = 20, 4, 1.0, 0.1

    def rate(step: int) -> float:
        share = min(1.0, (step - warmup) / (total - 1 - warmup))
        down = final + (peak - final) * (1 + math.cos(math.pi * share)) / 2
        return peak * (step + 1) / (warmup + 1) if step < warmup else down

    steps = range(25)
    figure, ax = plt.subplots(figsize=(7.2, 3.5))
    ax.plot(steps, [rate(step) for step in steps], color=LIGHT, lw=1.5, zorder=1)
    for part, colour in ((range(5), ORANGE), (range(5, 20), BLUE), (range(20, 25), GREY)):
        ax.plot(part, [rate(step) for step in part], "o", color=colour, ms=7)
    note = {"fontsize": 11, "va": "center"}
    ax.text(0.5, 0.2, "step 0: one stride of the\nwarm-up, not zero", color=INK, **note)
    ax.text(4.5, 1.04, "step warmup: the peak", color=INK, **note)
    ax.text(12.4, 0.66, "half a cosine wave", color=BLUE, **note)
    ax.text(18.9, 0.24, "step total − 1: final", color=INK, ha="center", **note)
    ax.text(22, 0.02, "stays there", color=GREY, ha="center", **note)
    ax.set(
        xlabel="step",
        ylabel="learning rate",
        ylim=(-0.04, 1.12),
        xticks=(0, 4, 10, 19, 24),
        yticks=(0, 0.1, 1.0),
    )
    ax.set_yticklabels(("0", "final", "peak"))
    return figure


def clip() -> plt.Figure:
    """Draw the gradient (3, 4) clipped as a whole and clipped part by part."""
    figure, ax = plt.subplots(figsize=(5.4, 5.0))
    ax.set(xlim=(-0.6, 5.4), ylim=(-0.6, 4.8), aspect="equal", xlabel="gradient of the first parameter")
    ax.set_ylabel("gradient of the second parameter")
    ax.add_patch(Circle((0, 0), 1, fc="none", ec=GREY, ls="--", lw=1.5))
    _arrow(ax, np.zeros(2), np.array([3.0, 4.0]), LIGHT)
    _arrow(ax, np.zeros(2), np.array([1.0, 1.0]), RED)
    _arrow(ax, np.zeros(2), np.array([0.6, 0.8]), BLUE)
    ax.plot((3, 0.6, 1), (4, 0.8, 1), "o", ms=1, alpha=0)
    ax.text(3.1, 4.1, "(3, 4): length 5", color=GREY, fontsize=12)
    ax.annotate(
        "together:\n(0.6, 0.8)", (0.55, 0.82), (-0.45, 2.2), color=BLUE, fontsize=12, arrowprops=_line(BLUE)
    )
    ax.annotate(
        "one by one: (1, 1),\nanother direction",
        (1.04, 1.0),
        (2.2, 1.2),
        color=RED,
        fontsize=12,
        arrowprops=_line(RED),
    )
    ax.text(1.1, -0.35, "length 1", color=GREY, fontsize=11)
    return figure


def _line(colour: str) -> dict[str, object]:
    return {"arrowstyle": "-", "color": colour, "lw": 1}


def range_test() -> plt.Figure:
    """Run a range test with SGD on the lesson's network and draw its cliff."""
    images, labels = data.digits("train")
    torch.set_num_threads(1)
    torch.manual_seed(9)
    layers = (nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    network, criterion = nn.Sequential(*layers), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    batches = list(data.batches(images.flatten(1), labels, 64, generator=torch.Generator().manual_seed(9)))
    rates, losses = [], []
    for step in range(100):
        rates.append(0.001 * 10 ** (4 * step / 99))
        optimizer.param_groups[0]["lr"] = rates[-1]
        x, y = batches[step % len(batches)]
        optimizer.zero_grad()
        loss = criterion(network(x), y)
        losses.append(loss.item())
        if losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    print(f"blow-up at a rate of {rates[-1]:.2f} with loss {losses[-1]:.1f}, lowest loss {min(losses):.2f}")
    figure, ax = plt.subplots(figsize=(7.2, 3.6))
    ax.plot(rates, losses, color=BLUE, marker="o", ms=3)
    ax.axhline(math.log(10), color=GREY, ls=":", lw=1.3)
    ax.text(0.00105, math.log(10) + 0.1, "guessing", color=GREY, fontsize=10)
    ax.axvline(rates[-1] / 10, color=GREEN, ls="--", lw=1.6)
    ax.text(rates[-1] / 11, 0.35, "a tenth of that", color=GREEN, fontsize=12, ha="right")
    ax.annotate("blow-up", (rates[-1], 4.9), (rates[-1] * 1.25, 4.4), color=RED, fontsize=12, va="center")
    ax.axvline(rates[-1], color=RED, lw=1.6, alpha=0.6)
    ax.set(xscale="log", xlim=(0.0009, 11), ylim=(0, 5), xlabel="learning rate", ylabel="loss of the batch")
    return figure


if __name__ == "__main__":
    main()
