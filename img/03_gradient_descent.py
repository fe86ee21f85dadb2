"""Draw the figures of lesson 03: `python img/03_gradient_descent.py` writes the PNGs beside this file."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from helper import data, plot
from helper.plot import PALETTE

HERE = Path(__file__).parent
CURVATURES = np.array([1.0, 10.0])


def main() -> None:
    """Draw all figures of the lesson."""
    torch.set_num_threads(1)
    with plot.style():
        figures = (
            ("mountain", mountain),
            ("directions", directions),
            ("rates", rates),
            ("zigzag", zigzag),
        )
        for name, draw in figures:
            plot.save(draw(), HERE / f"03_gradient_descent_{name}.png")


def mountain() -> plt.Figure:
    """A landscape from the side: the slope under the feet, the way down, and a deeper valley behind the summit."""

    def ground(x: np.ndarray) -> np.ndarray:
        summit = 3.3 * np.exp(-((x - 6.1) ** 2) / 2.6)
        return np.asarray(0.055 * (x - 9) ** 2 + 0.6 + summit - 1.3 * np.exp(-((x - 2.6) ** 2) / 1.6))

    figure, ax = plt.subplots(figsize=(7, 3.7))
    x = np.linspace(0, 12, 600)
    ax.fill_between(x, ground(x), -0.3, color="#E9EFF4")
    ax.plot(x, ground(x), color=PALETTE["grey"], linewidth=2)

    def slope(x: float) -> float:
        return float(ground(np.array(x + 1e-4)) - ground(np.array(x - 1e-4))) / 2e-4

    path, lr = [4.75], 0.4
    for _ in range(8):
        path.append(path[-1] - lr * slope(path[-1]))
    points = np.array(path)
    ax.plot(points[1:], ground(points[1:]), "o", color=PALETTE["blue"], markersize=6)
    here = np.array([path[0], float(ground(np.array(path[0])))])
    lift = np.array([0.0, 0.07])
    tangent = np.array([1.0, slope(path[0])])
    _arrow(ax, here + lift, here + lift + 0.9 * tangent, PALETTE["red"])
    _arrow(ax, here + lift, here + lift + (points[1] - points[0]) * tangent, PALETTE["blue"])
    _hiker(ax, here)
    ax.text(here[0] + 0.55, here[1] + 1.3, "gradient:\nuphill", color=PALETTE["red"], ha="right", va="bottom")
    ax.text(
        here[0] - 0.75, here[1] + 0.35, "one step:\nminus learning rate\ntimes gradient", color=PALETTE["blue"],
        ha="right",
    )  # fmt: skip
    low = points[-1]
    ax.annotate(
        "a valley", (low, float(ground(np.array(low)))), (0, -18), textcoords="offset points", ha="center",
        color=PALETTE["ink"], fontsize=10,
    )  # fmt: skip
    deepest = x[300 + int(ground(x[300:]).argmin())]
    ax.annotate(
        "a deeper one, out of sight", (deepest, float(ground(np.array(deepest)))), (0, -18),
        textcoords="offset points", ha="center", color=PALETTE["ink"], fontsize=10,
    )  # fmt: skip
    ax.set(xlim=(0.3, 12), ylim=(-0.3, 5.9), xlabel="parameter", ylabel="loss", xticks=[], yticks=[])
    ax.grid(visible=False)
    return figure


def directions() -> plt.Figure:
    """A hundred steps of equal length on a map, and what such steps do to the loss of a real network."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4), width_ratios=(1, 1.25))
    start, length = np.array([-1.1, 0.62]), 0.5
    plot.descent(_valley, {}, xlim=(-2.2, 0.6), ylim=(-0.5, 1.5), ax=left)
    angles = np.random.RandomState(0).uniform(0, 2 * np.pi, 100)
    for angle in angles:
        end = start + length * np.array([np.cos(angle), np.sin(angle)])
        left.plot(*zip(start, end, strict=True), color=PALETTE["orange"], linewidth=0.7, alpha=0.7)
    uphill = CURVATURES * start
    _arrow(left, start, start - length * uphill / np.linalg.norm(uphill), PALETTE["blue"])
    left.set(title="Two parameters", xticks=[], yticks=[])
    gradient, others = network_steps(1.0)
    right.hist(
        others, bins=np.linspace(-0.0035, 0.0035, 8), color=PALETTE["orange"], label="100 random directions"
    )
    right.axvline(gradient, color=PALETTE["blue"], linewidth=3, label="against the gradient")
    right.set(
        title="109,386 parameters", xlabel="change of the loss, step length 1", ylabel="number of steps",
        xlim=(-0.092, 0.016), ylim=(0, 42),
    )  # fmt: skip
    right.legend(loc="upper center", fontsize=10)
    return figure


def rates() -> plt.Figure:
    """Paths of four learning rates in the valley, and their losses."""
    figure = plt.figure(figsize=(7, 5.6))
    grid = figure.add_gridspec(3, 2, height_ratios=(1, 1, 1.7))
    cases = ((0.01, "too small"), (0.15, "good"), (0.2, "at the edge"), (0.21, "divergent"))
    losses = {}
    for number, (lr, word) in enumerate(cases):
        ax = figure.add_subplot(grid[number // 2, number % 2])
        path = _walk(lr, (-4.0, 1.0), 30)
        plot.descent(_valley, {"path": path}, xlim=(-4.6, 4.6), ylim=(-1.75, 1.75), ax=ax)
        ax.get_legend().remove()
        for line in ax.get_lines()[:1]:
            line.set(color=plot.DATA_COLOURS[number], linewidth=0.9, markersize=3)
        ax.plot(0, 0, marker="+", markersize=9, color=PALETTE["ink"])
        ax.set(title=f"{lr:g}: {word}", xlabel="", ylabel="", xticks=[], yticks=[])
        losses[f"{lr:g}  {word}"] = _valley(torch.tensor(path))
    curves = figure.add_subplot(grid[2, :])
    steps = np.arange(31)
    plot.lines(steps, losses, xlabel="step", ylabel="loss", logy=True, ax=curves)
    curves.set(ylim=(1e-4, 1e4), xlim=(0, 44))
    curves.set_xticks([0, 10, 20, 30])
    curves.legend(loc="center right", fontsize=10)
    return figure


def zigzag() -> plt.Figure:
    """The same floor of a valley before and after rescaling: zig-zag, and straight in."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.9), width_ratios=(1.9, 1))
    narrow = np.array([1.0, 25.0])
    path = [np.array([-3.0, 0.45])]
    for _ in range(40):
        path.append(path[-1] - 0.077 * narrow * path[-1])
    plot.descent(
        lambda w: 0.5 * (w[..., 0] ** 2 + 25 * w[..., 1] ** 2), {"path": np.array(path)},
        xlim=(-3.4, 1.0), ylim=(-0.95, 0.95), ax=axes[0],
    )  # fmt: skip
    round_path = [np.array([-0.75, 0.55])]
    for _ in range(6):
        round_path.append(0.45 * round_path[-1])
    plot.descent(
        lambda w: (w**2).sum(-1),
        {"path": np.array(round_path)},
        xlim=(-1.05, 1.05),
        ylim=(-0.95, 0.95),
        ax=axes[1],
    )
    for ax, title in zip(axes, ("Condition number 25: 40 steps", "After scaling: 6 steps"), strict=True):
        ax.get_legend().remove()
        ax.plot(0, 0, marker="+", markersize=10, color=PALETTE["ink"])
        ax.set(title=title, xticks=[], yticks=[])
    return figure


def network_steps(length: float) -> tuple[float, list[float]]:
    """Return what one step of this length changes in the loss: against the gradient, and in 100 random directions.

    The same network, digits and random steps as in the lesson's cell.
    """
    images, labels = data.digits()
    images, labels = images[:500].flatten(1), labels[:500]
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    criterion = nn.CrossEntropyLoss()
    here = parameters_to_vector(network.parameters()).detach()
    loss = criterion(network(images), labels)
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(network.parameters()))])

    def change(step: Tensor) -> float:
        with torch.no_grad():
            vector_to_parameters(here + step, network.parameters())
            return float(criterion(network(images), labels) - loss)

    steps = torch.randn(100, len(here), generator=Generator().manual_seed(1))
    steps /= steps.norm(dim=1, keepdim=True)
    return change(-length * gradient / gradient.norm()), [change(length * step) for step in steps]


def _valley(w: Tensor) -> Tensor:
    return 0.5 * w[..., 0] ** 2 + 5 * w[..., 1] ** 2


def _walk(lr: float, start: tuple[float, float], steps: int) -> np.ndarray:
    path = [np.array(start)]
    for _ in range(steps):
        path.append(path[-1] - lr * CURVATURES * path[-1])
    return np.array(path)


def _arrow(ax: plt.Axes, start: np.ndarray, end: np.ndarray, colour: str) -> None:
    ax.annotate(
        "",
        end,
        start,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0},
    )


def _hiker(ax: plt.Axes, feet: np.ndarray) -> None:
    x, y = feet
    ink = {"color": PALETTE["ink"], "linewidth": 2.2, "solid_capstyle": "round"}
    ax.plot([x - 0.1, x, x + 0.1], [y, y + 0.38, y], **ink)
    ax.plot([x, x], [y + 0.38, y + 0.8], **ink)
    ax.plot([x - 0.16, x, x + 0.2], [y + 0.5, y + 0.74, y + 0.52], **ink)
    ax.plot([x + 0.2, x + 0.24], [y + 0.9, y], color=PALETTE["grey"], linewidth=1.2)
    ax.plot([x], [y + 0.98], "o", color=PALETTE["ink"], markersize=7)


if __name__ == "__main__":
    main()
