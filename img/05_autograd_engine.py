"""Draw the static figures of lesson 05: the graph of one neuron, and how its line moves while it learns."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from helper import plot
from helper.graphs import Node, sweep, visiting_order

HERE = Path(__file__).parent
SHOWN = (1, 5, 40)  # the steps whose line is drawn
POINTS, LR = 50, 0.25


def main() -> None:
    plot.save(neuron(), HERE / "05_autograd_engine_neuron.png")
    plot.save(learning(), HERE / "05_autograd_engine_learning.png")


def neuron() -> plt.Figure:
    """Draw the graph of one neuron's loss for one point, gradients filled in."""
    leaves = {"w1": 0.5, "x1": 1.0, "w2": 0.25, "x2": -2.0, "b": 0.3}
    w1, x1, w2, x2, b = (Node(number) for number in leaves.values())
    first = Node(w1.data * x1.data, (w1, x1), (x1.data, w1.data), "*")
    second = Node(w2.data * x2.data, (w2, x2), (x2.data, w2.data), "*")
    total = Node(first.data + second.data + b.data, (first, second, b), (1.0, 1.0, 1.0), "+")
    t = math.tanh(total.data)
    answer = Node(t, (total,), (1 - t * t,), "tanh")
    loss = Node((t - 1) ** 2, (answer,), (2 * (t - 1),), "(t − 1)²")
    sweep(visiting_order(loss))
    names = dict(zip(leaves, (w1, x1, w2, x2, b), strict=True))
    with plot.style():
        _, ax = plt.subplots(figsize=(7.0, 3.4))
    return plot.graph(loss, ax=ax, t=answer, **names).figure


def learning() -> plt.Figure:
    """Draw two classes with the neuron's line after a few steps, and the loss of every step."""
    generator = torch.Generator().manual_seed(8)
    labels = torch.tensor([1.0, -1.0]).repeat(POINTS // 2)
    centres = torch.stack([0.5 + 0.9 * labels, 0.4 + 0.7 * labels], dim=1)
    points = centres + 0.45 * torch.randn(POINTS, 2, generator=generator)
    lines, losses = trained(points, labels)
    with plot.style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.0, 3.0), width_ratios=(1.15, 1))
        for sign, marker, colour in ((1, "o", "blue"), (-1, "s", "orange")):
            chosen = points[labels == sign]
            left.scatter(
                chosen[:, 0],
                chosen[:, 1],
                marker=marker,
                color=plot.PALETTE[colour],
                label=f"label {sign}".replace("-", "\u2212"),
            )
        xs = torch.linspace(-2, 3, 2)
        for step, dash, colour in zip(SHOWN, (":", "--", "-"), ("grey", "purple", "ink"), strict=True):
            w1, w2, b = lines[step]
            left.plot(
                xs, -(w1 * xs + b) / w2, dash, color=plot.PALETTE[colour],
                label=f"after {step} step{'s' * (step > 1)}",
            )  # fmt: skip
        left.set(xlim=(-2, 3), ylim=(-2, 3), xlabel="x1", ylabel="x2")
        right.plot(range(1, len(losses) + 1), losses, color=plot.PALETTE["blue"])
        right.set(xlabel="step", ylabel="mean squared error", ylim=(0, 1.05))
        right.legend(*left.get_legend_handles_labels(), fontsize=9.5, loc="upper right")
    return figure


def trained(points: Tensor, labels: Tensor) -> tuple[dict[int, list[float]], list[float]]:
    """Return w1, w2, b after each step and the loss before it."""
    parameters = torch.zeros(3, dtype=torch.float64)
    inputs = torch.cat([points, torch.ones(len(points), 1)], dim=1).double()
    lines, losses = {}, []
    for step in range(1, max(SHOWN) + 1):
        answers = torch.tanh(inputs @ parameters)
        losses.append((answers - labels).square().mean().item())
        slopes = 2 * (answers - labels) * (1 - answers.square()) / len(points)
        parameters = parameters - LR * slopes @ inputs
        lines[step] = parameters.tolist()
        right = int(((inputs @ parameters > 0) == (labels > 0)).sum())
        if step in SHOWN:
            print(f"step {step}: loss before {losses[-1]:.3f}, right after {right} of {len(points)}")
    return lines, losses


if __name__ == "__main__":
    main()
