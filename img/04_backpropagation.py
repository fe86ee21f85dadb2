"""Draw the figures of lesson 04: the graph with its values and gradients, and three Jacobians."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from helper.interactive.graph import B1, B2, W1, W2, X, Y, numbers
from helper.plot import PALETTE, save, style

HERE = Path(__file__).parent
FORWARD, BACKWARD = PALETTE["blue"], PALETTE["red"]
BOXES = {"L1": 2.0, "S": 5.0, "L2": 8.0, "loss": 11.0}
SIGNS = {"L1": "$L_1$", "S": "$S$", "L2": "$L_2$", "loss": r"$\ell$"}
FORMULAS = {
    "L1": "$W_1 x + b_1$", "S": r"$\sigma(L_1)$", "L2": "$W_2 S + b_2$", "loss": "$(L_2 - y)^2$",
}  # fmt: skip
LOCAL = {
    "L1": r"$\partial L_1/\partial W_1 = x$",
    "S": r"$\partial S/\partial L_1 = S(1-S)$",
    "L2": r"$\partial L_2/\partial S = W_2$",
    "loss": r"$\partial \ell/\partial L_2 = 2(L_2-y)$",
}


def main() -> None:
    draw_graph()
    draw_jacobians()


def draw_graph() -> None:
    """Draw x → L1 → S → L2 → loss, each edge with its value above and its gradient below."""
    n = {name: _number(value) for name, value in numbers().items()}
    with style():
        figure, ax = plt.subplots(figsize=(7.0, 3.1), layout="none")
        ax.set_position((0, 0, 1, 1))
        ax.set(xlim=(-0.6, 13.4), ylim=(-2.15, 3.75))
        ax.axis("off")
        names = list(BOXES)
        _arrow(ax, (0.45, 0), (1.3, 0), PALETTE["grey"])
        ax.text(0.35, 0, f"$x$ = {X:g}", color=FORWARD, ha="right", va="center")
        for place, name in enumerate(names):
            x = BOXES[name]
            box = FancyBboxPatch(
                (x - 0.55, -0.5), 1.1, 1.0, boxstyle="round,pad=0.1", fc="white", ec=PALETTE["ink"]
            )
            ax.add_patch(box)
            ax.text(x, 0, SIGNS[name], ha="center", va="center", fontsize=17)
            ax.text(x, -1.0, FORMULAS[name], ha="center", va="center", fontsize=11.5)
            ax.text(x, -1.55, LOCAL[name], ha="center", va="center", fontsize=10.5, color=BACKWARD)
            start = x + 0.7
            end = BOXES[names[place + 1]] - 0.7 if place + 1 < len(names) else x + 2.2
            _arrow(ax, (start, 0.14), (end, 0.14), FORWARD)
            _arrow(ax, (end, -0.14), (start, -0.14), BACKWARD)
            ax.text((start + end) / 2, 0.28, n[name], ha="center", va="bottom", color=FORWARD)
            ax.text((start + end) / 2, -0.32, n[f"d{name}"], ha="center", va="top", color=BACKWARD)
        for name, (value, x, box) in {
            "W1": (W1, 1.0, "L1"), "b1": (B1, 3.0, "L1"), "W2": (W2, 7.0, "L2"), "b2": (B2, 9.0, "L2"),
        }.items():  # fmt: skip
            to = BOXES[box] + (0.3 if x > BOXES[box] else -0.3)
            near = x + 0.15 * (to - x)
            _arrow(ax, (near - 0.08, 1.5), (to - 0.08, 0.65), PALETTE["grey"])
            _arrow(ax, (to + 0.08, 0.65), (near + 0.08, 1.5), BACKWARD)
            ax.text(
                x,
                2.35,
                f"${name[0]}_{name[1]}$ = {_number(value)}",
                ha="center",
                color=FORWARD,
                fontsize=10.5,
            )
            ax.text(x, 1.75, n[f"d{name}"], ha="center", color=BACKWARD, fontsize=10.5)
        _arrow(ax, (BOXES["loss"], 1.5), (BOXES["loss"], 0.65), PALETTE["grey"])
        ax.text(BOXES["loss"], 1.75, f"$y$ = {Y:g}", ha="center", color=FORWARD)
        ax.text(-0.4, 3.3, "forward: values →", color=FORWARD, fontsize=12)
        ax.text(13.2, 3.3, "← backward: gradients of the loss", color=BACKWARD, fontsize=12, ha="right")
        save(figure, HERE / "04_backpropagation_graph.png")


def draw_jacobians() -> None:
    """Draw the Jacobians of softmax, of a linear layer and of ReLU, for inputs drawn from a seed."""
    generator = torch.Generator().manual_seed(4)
    weight = torch.randn(4, 5, generator=generator)
    inputs = torch.tensor([1.0, 0.5, 0.0, -0.5, -1.0])
    functions = {
        "softmax of five scores": lambda z: torch.softmax(z, dim=0),
        "a linear layer, 5 → 4": lambda z: weight @ z,
        "ReLU of five numbers": lambda z: torch.relu(z + 0.25),  # three of them positive
    }
    with style():
        figure, axes = plt.subplots(1, 3, figsize=(7.0, 2.7))
        for ax, (title, function) in zip(axes, functions.items(), strict=True):
            _heat_map(ax, torch.func.jacrev(function)(inputs))
            ax.set_title(title, fontsize=11)
            ax.set_xlabel("input $j$")
        axes[0].set_ylabel("output $i$")
        save(figure, HERE / "04_backpropagation_jacobians.png")


def _heat_map(ax: Axes, table: torch.Tensor) -> None:
    largest = float(table.abs().max())
    ax.imshow(table.numpy(), cmap="RdBu_r", vmin=-1.4 * largest, vmax=1.4 * largest)
    for i, row in enumerate(table.tolist()):
        for j, value in enumerate(row):
            ink = "white" if abs(value) > 0.8 * largest else PALETTE["ink"]
            ax.text(j, i, _number(value, 2), ha="center", va="center", fontsize=8.5, color=ink)
    ax.set_xticks(range(table.shape[1]))
    ax.set_yticks(range(table.shape[0]))
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    arrow = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 1.8,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 12,
    }
    ax.annotate("", end, start, arrowprops=arrow)


def _number(value: float, decimals: int = 3) -> str:
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


if __name__ == "__main__":
    main()
