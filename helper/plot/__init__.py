"""Draw the course's figures: one function per kind, one style, one palette that colour-blind readers can read.

Every function returns the Axes it drew on, changes neither its inputs nor matplotlib's settings, and takes
tensors, arrays or lists. Those with `ax` draw there; without it they make a figure of their own. End a
notebook cell that draws by keeping what comes back, `axes = plot.bars(...)`: then Jupyter shows the figure
and not its name, and nbval sees the same (it does not know the `;` that hides a name).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # matplotlib takes a second to load: functions that draw do so when they are called
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = Any  # a tensor, an array or a sequence of numbers

PALETTE: dict[str, str] = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "ink": "#222222",
    "grey": "#767676",
    "light": "#D9D9D9",
}
"""Named colours: the first six for data, in this order; ink for text, grey for notes, light for what recedes.
Source: M. Okabe and K. Ito, Color Universal Design (2008)."""

STYLE: dict[str, Any] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 11,
    "text.color": PALETTE["ink"],
    "axes.labelcolor": PALETTE["ink"],
    "axes.edgecolor": PALETTE["grey"],
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#EBEBEB",
    "xtick.color": PALETTE["ink"],
    "ytick.color": PALETTE["ink"],
    "lines.linewidth": 2.0,
    "legend.frameon": False,
}

DATA_COLOURS = tuple(PALETTE.values())[:6]
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))  # a second sign beside the colour


@contextmanager
def style() -> Iterator[None]:
    """Draw in the course's style inside this block; afterwards all settings are what they were."""
    from cycler import cycler
    from matplotlib import rcParams

    settings: Any = {**STYLE, "axes.prop_cycle": cycler(color=DATA_COLOURS)}
    # Not rc_context: it would also undo what Jupyter's backend sets when the first figure wakes it up.
    before = {name: rcParams[name] for name in settings}
    rcParams.update(settings)
    try:
        yield
    finally:
        rcParams.update(before)


def images(
    images: Numbers,
    labels: Numbers | Sequence[str] | None = None,
    *,
    columns: int = 8,
    size: float = 1.0,
) -> np.ndarray:
    """Draw a grid of grey images, all on one scale of brightness. Returns the Axes, (rows, columns).

    images: (n, height, width), (n, 1, height, width), or flat squares (n, pixels); labels: n titles, numbers
    or texts; size: of one image in inches. Raises ValueError if there is no image or the lengths differ.
    """
    pictures = _pictures(images)
    titles = None if labels is None else [_title(label) for label in labels]
    if len(pictures) == 0:
        raise ValueError("There is no image to draw: give at least one.")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"There are {len(pictures)} images but {len(titles)} labels: give one label per image."
        )
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    low, high = _brightness(pictures)
    with style():
        _, axes = _subplots(
            rows, columns, figsize=(columns * size, rows * (size + (0.3 if titles else 0.05))), squeeze=False
        )
        for number, ax in enumerate(axes.flat):
            ax.set(xticks=[], yticks=[])  # hidden ones would still be laid out: half of the time
            ax.axis("off")
            if number < len(pictures):
                ax.imshow(pictures[number], cmap="gray", vmin=low, vmax=high)
                ax.set_title(titles[number] if titles else "", fontsize=10, loc="center")
    return np.asarray(axes)


def classification(
    image: Numbers,
    probabilities: Numbers,
    classes: Sequence[str] | None = None,
    *,
    label: int | None = None,
) -> tuple[Axes, Axes]:
    """Draw an image beside its class probabilities as horizontal bars. Returns both Axes, image first.

    image: (28, 28), (1, 28, 28) or flat (784,), or any other square; probabilities: (classes,), not logits;
    classes: their names, 0, 1, 2, … by default; label: the true class, marked where given.
    Raises ValueError if `probabilities` are none or do not fit `classes`.
    """
    heights = _array(probabilities).reshape(-1)
    if not (np.all(heights >= 0) and math.isclose(heights.sum(), 1, abs_tol=1e-3)):
        raise ValueError(
            f"These {len(heights)} numbers are no probabilities (their sum is {heights.sum():.4g}): apply "
            "softmax to logits, or exp to log-probabilities, first."
        )
    names = [str(name) for name in (range(len(heights)) if classes is None else classes)]
    if len(names) != len(heights):
        raise ValueError(
            f"There are {len(heights)} probabilities but {len(names)} classes: give one name for each."
        )
    picture = _pictures(_array(image).reshape(1, -1))[0]
    best = int(heights.argmax())
    with style():
        _, (left, right) = _subplots(1, 2, figsize=(6.0, 2.9), width_ratios=(1, 1.3))
        left.imshow(picture, cmap="gray")
        left.axis("off")
        colours = [PALETTE["blue"] if place == best else PALETTE["sky"] for place in range(len(names))]
        right.barh(range(len(names)), heights, color=colours)
        right.set_yticks(range(len(names)), labels=names)
        right.invert_yaxis()
        right.set_xlim(0, 1)
        right.set_xlabel("probability")
        right.grid(visible=False, axis="y")
        if label is not None:
            right.plot(heights[label] + 0.03, label, marker="<", color=PALETTE["ink"], clip_on=False)
            right.annotate(
                "true",
                (heights[label] + 0.03, label),
                (8, 0),
                textcoords="offset points",
                va="center",
                annotation_clip=False,  # beside a full bar the word stands outside the axes
            )
    return left, right


def loss_curves(
    curves: Mapping[str, Numbers],
    *,
    levels: Mapping[str, float] | None = None,
    xlabel: str = "step",
    ylabel: str = "loss",
    logy: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw one line per run, such as {"training": [2.3, 1.9, …]}, counted from 1. Returns the Axes.

    levels: horizontal lines to compare with, such as {"guessing": 2.3026}. A run that ends in NaN or infinity
    ends in a cross. Runs may differ in length.
    """
    from matplotlib.ticker import MaxNLocator

    drawn = {name: (1 + np.arange(len(_array(losses))), losses) for name, losses in curves.items()}
    ax = _draw_lines(drawn, levels, xlabel, ylabel, False, logy, ax)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no step 1.5
    return ax


def lines(
    x: Numbers,
    ys: Mapping[str, Numbers],
    *,
    levels: Mapping[str, float] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    logx: bool = False,
    logy: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw one line per name over the same `x`, (n,). Returns the Axes.

    levels: horizontal lines to compare with. A line that ends in NaN or infinity ends in a cross.
    Raises ValueError if a line has another length than `x`.
    """
    for name, y in ys.items():
        if len(_array(y)) != len(_array(x)):
            raise ValueError(f'The line "{name}" has {len(_array(y))} values over {len(_array(x))} places.')
    return _draw_lines({name: (x, y) for name, y in ys.items()}, levels, xlabel, ylabel, logx, logy, ax)


def bars(
    groups: Mapping[str, Numbers],
    names: Sequence[object] | None = None,
    *,
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw upright bars side by side: one colour per group, one place per name. Returns the Axes.

    groups: {name: (n,)}; names: n words below the bars, 0, 1, 2, … by default.
    Raises ValueError if the lengths differ.
    """
    heights = {group: _array(values).reshape(-1) for group, values in groups.items()}
    places = len(names) if names is not None else max((len(values) for values in heights.values()), default=0)
    for group, values in heights.items():
        if len(values) != places:
            raise ValueError(
                f'The group "{group}" has {len(values)} bars, there are {places} places for them.'
            )
    width = 0.8 / max(len(heights), 1)
    with style():
        ax = ax or _subplots(figsize=(6.0, 3.2))[1]
        for number, (group, values) in enumerate(heights.items()):
            shift = (number - (len(heights) - 1) / 2) * width
            ax.bar(np.arange(places) + shift, values, width, color=_colour(number), label=group)
        ax.set_xticks(range(places), labels=[str(name) for name in (names or range(places))])
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        ax.grid(visible=False, axis="x")
        if len(heights) > 1:
            ax.legend()
    return ax


def graph(root: Any, *, order: Sequence[Any] | None = None, ax: Axes | None = None, **names: Any) -> Axes:
    """Draw the graph that leads to a node: values, gradients, and slopes on the arrows. Returns the Axes.

    root: a node of any engine with data, grad, parents and slopes; names: nodes by the names they get, as in
    `graph(loss, w=w, b=b)`, besides their `label` where they have one. Numbers in circles say in which order
    backward visits the nodes, or else `order`.
    Raises TypeError if something in the graph is no node, ValueError if there are more than 40.
    """
    from helper.graphs import visiting_order
    from helper.graphs.layout import layered

    nodes = visiting_order(root)
    if len(nodes) > 40:
        raise ValueError(f"This graph has {len(nodes)} nodes, too many to read: draw one of at most 40.")
    layout = layered(root)
    turns = {id(node): str(turn) for turn, node in enumerate(nodes if order is None else order, 1)}
    called = {id(node): name for name, node in names.items()}
    places = {key: _spread(place) for key, place in layout.nodes.items()}
    everywhere = [*places.values(), *(_spread(bend) for bends in layout.bends.values() for bend in bends)]
    xs, ys = zip(*everywhere, strict=True)
    left, right, low, high = min(xs) - 0.7, max(xs) + 0.8, min(ys) - 0.6, max(ys) + 0.7
    with style():
        ax = ax or _subplots(figsize=(1.05 * (right - left), 1.05 * (high - low)))[1]
        ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
        figure: Any = ax.figure
        width, height = figure.get_size_inches()
        size = 9.5 * min(width / (right - left), height / (high - low))  # letters as large as a node allows
        ax.axis("off")
        for node in nodes:
            for number, (parent, slope) in enumerate(zip(node.parents, node.slopes, strict=True)):
                bends = [_spread(bend) for bend in layout.bends[id(node), number]]
                twin = sum(other is parent for other in list(node.parents)[:number])
                _draw_arrow(ax, [places[id(parent)], *bends, places[id(node)]], _short(slope), size, twin)
            title = "  ".join(filter(None, [called.get(id(node), ""), getattr(node, "label", "")]))
            _draw_node(ax, places[id(node)], title, node, turns.get(id(node), ""), size)
    return ax


def tape(result: Any, *, ax: Axes | None = None, **names: Any) -> Axes:
    """Draw what autograd recorded on the way to a tensor: one box per operation, leaves in green. Returns the Axes.

    result: a tensor; names: tensors by the names they get, as in `tape(loss, w=w, b=b)`. Arrows point the way
    that backward goes. A named tensor that the tape does not reach stands grey and dashed at the bottom.
    Raises TypeError for what is no tensor, ValueError if more than 40 steps were recorded.
    """
    from helper.graphs import visiting_order
    from helper.graphs.layout import layered
    from helper.graphs.tape import Step, tape_of

    root = tape_of(result, names)
    steps = visiting_order(root)
    if len(steps) > 40:
        raise ValueError(f"This tape has {len(steps)} steps, too many to read: draw one of at most 40.")
    layout = layered(root)
    places = {key: _spread(place) for key, place in layout.nodes.items()}
    low = min(y for _, y in places.values())
    reached = {id(step.tensor) for step in steps}
    unreached = {name: tensor for name, tensor in names.items() if id(tensor) not in reached}
    missed = [Step("not on the tape", [], name, tensor) for name, tensor in unreached.items()]
    for number, step in enumerate(missed):
        places[id(step)] = (2.1 * number, low - 1.15)
    bends = {edge: [_spread(bend) for bend in passed] for edge, passed in layout.bends.items()}
    everywhere = [*places.values(), *(bend for passed in bends.values() for bend in passed)]
    xs, ys = zip(*everywhere, strict=True)
    left, right, low, high = min(xs) - 0.85, max(xs) + 0.85, min(ys) - 0.55, max(ys) + 0.55
    with style():
        ax = ax or _subplots(figsize=(0.95 * (right - left), 0.95 * (high - low)))[1]
        ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
        ax.axis("off")
        for step in steps:
            for number, parent in enumerate(step.parents):
                twin = sum(other is parent for other in step.parents[:number])
                way = [places[id(step)], *bends[id(step), number][::-1], places[id(parent)]]
                _draw_way_back(ax, way, twin)
        for step in [*steps, *missed]:
            _draw_step(ax, places[id(step)], step)
    return ax


def descent(
    loss: Callable[[Any], Any],
    paths: Mapping[str, Numbers],
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw paths over the contour lines of a loss with two parameters, like walks on a map. Returns the Axes.

    loss: takes a float64 tensor (height, width, 2) of points and returns the losses, (height, width);
    paths: {name: (points, 2)}, each beginning with a square; what leaves the limits is cut off.
    Each contour line is twice as high as the one inside it. One unit is equally long on both axes, so that the
    gradient stands at a right angle to the contour lines.
    """
    import torch

    with style():
        ax = ax or _subplots(figsize=(7.0, 7.0 * (ylim[1] - ylim[0]) / (xlim[1] - xlim[0]) + 0.6))[1]
        across = torch.linspace(*xlim, 241, dtype=torch.float64)
        up = torch.linspace(*ylim, 241, dtype=torch.float64)
        points = torch.stack(torch.meshgrid(across, up, indexing="xy"), dim=-1)
        heights = _array(loss(points))
        levels = heights.min() + np.ptp(heights) * 2.0 ** np.arange(-9, 1)
        ax.contour(across, up, heights, levels=levels, colors=PALETTE["light"], linewidths=1.0)
        for number, (name, path) in enumerate(paths.items()):
            x, y = _array(path).T
            colour = _colour(number)
            ax.plot(x, y, color=colour, marker="o", markersize=4, linewidth=1.4, label=name)
            ax.plot(x[:1], y[:1], color=PALETTE["ink"], marker="s", markersize=7, linestyle="", zorder=3)
        ax.set(xlim=xlim, ylim=ylim, xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
        ax.grid(visible=False)
        if paths:
            ax.legend(loc="upper right", frameon=True, framealpha=0.9)
    return ax


def confusion(counts: Numbers, classes: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw how often each class (row) got each answer (column), with the counts written in. Returns the Axes.

    counts: (classes, classes), whole numbers; classes: their names, 0, 1, 2, … by default. The diagonal, what
    is right, is in grey; mistakes are the darker the more there are. Raises ValueError for other shapes.
    """
    numbers = _array(counts)
    names = [str(name) for name in (range(len(numbers)) if classes is None else classes)]
    if numbers.shape != (len(names), len(names)):
        raise ValueError(
            f"Counts of shape {numbers.shape} do not fit {len(names)} classes: one row and column each."
        )
    wrong = np.where(np.eye(len(names), dtype=bool), 0, numbers)
    most = max(float(wrong.max(initial=0)), 1.0)
    with style():
        ax = ax or _subplots(figsize=(5.2, 4.8))[1]
        ax.imshow(wrong, cmap="Oranges", vmin=0, vmax=1.25 * most)  # the darkest stays light enough for text
        for row, column in np.argwhere(numbers > 0):
            right = row == column
            if right:
                ax.fill_between(
                    [column - 0.5, column + 0.5], row - 0.5, row + 0.5, color="#EBEBEB", linewidth=0
                )
            ax.text(
                column, row, f"{numbers[row, column]:.0f}", ha="center", va="center",
                fontsize=9, color=PALETTE["grey"] if right else PALETTE["ink"],
            )  # fmt: skip
        ax.set_xticks(range(len(names)), labels=names)
        ax.set_yticks(range(len(names)), labels=names)
        ax.set_xlabel("answer")
        ax.set_ylabel("truth")
        ax.grid(visible=False)
    return ax


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure as PNG, the same bytes on every run, and close it."""
    import matplotlib.pyplot as plt

    with style():
        figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _draw_lines(
    curves: Mapping[str, tuple[Numbers, Numbers]],
    levels: Mapping[str, float] | None,
    xlabel: str,
    ylabel: str,
    logx: bool,
    logy: bool,
    ax: Axes | None,
) -> Axes:
    with style():
        ax = ax or _subplots(figsize=(6.0, 3.4))[1]
        for number, (name, (x, y)) in enumerate(curves.items()):
            places, values = _array(x), _array(y)
            finite = np.isfinite(values)
            shown = np.where(finite, values, np.nan)
            ax.plot(places, shown, color=_colour(number), linestyle=DASHES[number % len(DASHES)], label=name)
            last = int(np.flatnonzero(finite)[-1]) if finite.any() else None
            if last is not None and last < len(values) - 1:
                ax.plot(
                    places[last], values[last], marker="X", markersize=9, color=_colour(number), linestyle=""
                )
        for name, level in (levels or {}).items():
            ax.axhline(level, color=PALETTE["grey"], linewidth=1.2, linestyle=(0, (2, 2)))
            ax.annotate(
                name, (1, level), (-2, 3), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                color=PALETTE["grey"], ha="right", fontsize=9,
            )  # fmt: skip
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        if logx:
            ax.set_xscale("log")
        if logy:
            ax.set_yscale("log")
        if curves:
            ax.legend()
    return ax


def _spread(place: tuple[float, float]) -> tuple[float, float]:
    return 2.1 * place[0], -1.15 * place[1]


def _draw_arrow(ax: Axes, points: list[tuple[float, float]], text: str, size: float, twin: int) -> None:
    """Draw an arrow between two nodes through the bends on its way; twin: how many run beside it already."""
    from matplotlib.patches import FancyArrowPatch

    half = 0.55  # of a node's width
    (x, y), *bends, (x_end, y_end) = points
    passed = [(x + half, y), *((bend_x + side, y) for bend_x, y in bends for side in (-half, half))]
    if bends:
        ax.plot(*zip(*passed, strict=True), color=PALETTE["grey"], linewidth=1.3, zorder=1)
    (x, y), (x_end, y_end) = passed[-1], (x_end - half, y_end)
    bend = 0.35 * twin
    ax.add_patch(
        FancyArrowPatch(
            (x, y),
            (x_end, y_end),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=12,
            color=PALETTE["grey"],
            linewidth=1.3,
            shrinkA=0,
            shrinkB=0,
            zorder=1,
        )
    )
    middle = (x + 0.58 * (x_end - x), y + 0.58 * (y_end - y) - 0.45 * bend * (x_end - x))
    white = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"}
    ax.text(
        *middle, text, color=PALETTE["green"], ha="center", va="center", fontsize=size, bbox=white, zorder=2
    )


def _draw_node(ax: Axes, place: tuple[float, float], title: str, node: Any, turn: str, size: float) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    x, y = place
    shape = "round,pad=0.03,rounding_size=0.12"
    ax.add_patch(
        FancyBboxPatch(
            (x - 0.5, y - 0.36), 1.0, 0.72, boxstyle=shape, fc="white", ec=PALETTE["ink"], zorder=3
        )
    )
    rows = [(title, "ink"), (_short(node.data), "blue"), (f"grad {_short(node.grad)}", "red")]
    for height, (text, colour) in zip((0.21, 0.0, -0.21), rows, strict=True):
        ax.text(x, y + height, text, color=PALETTE[colour], ha="center", va="center", fontsize=size, zorder=4)
    if turn:
        ax.add_patch(Circle((x + 0.5, y + 0.37), 0.15, color=PALETTE["ink"], zorder=5))
        ax.text(
            x + 0.5, y + 0.36, turn, color="white", ha="center", va="center", fontsize=0.85 * size, zorder=6
        )


def _draw_way_back(ax: Axes, points: list[tuple[float, float]], twin: int) -> None:
    """Draw an arrow leftwards through the bends on its way; twin: how many run beside it already."""
    from matplotlib.patches import FancyArrowPatch

    half = 0.74  # of a box's width, and a little air
    (x, y), *bends, (x_end, y_end) = points
    passed = [(x - half, y), *((bend_x + side, y) for bend_x, y in bends for side in (half, -half))]
    if bends:
        ax.plot(*zip(*passed, strict=True), color=PALETTE["red"], linewidth=1.5, zorder=1)
    ax.add_patch(
        FancyArrowPatch(
            passed[-1],
            (x_end + half, y_end),
            connectionstyle=f"arc3,rad={0.5 * twin}",
            arrowstyle="-|>",
            mutation_scale=13,
            color=PALETTE["red"],
            linewidth=1.5,
            shrinkA=0,
            shrinkB=0,
            zorder=1,
        )
    )


def _draw_step(ax: Axes, place: tuple[float, float], step: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    colours = {"leaf": "green", "nothing recorded": "grey", "not on the tape": "grey"}
    edge = PALETTE[colours.get(step.name, "ink")]
    x, y = place
    box = FancyBboxPatch(
        (x - 0.65, y - 0.32), 1.3, 0.64, boxstyle="round,pad=0.03,rounding_size=0.1", fc="white", ec=edge
    )
    box.set(zorder=3, linewidth=1.5, linestyle="--" if edge == PALETTE["grey"] else "-")
    ax.add_patch(box)
    shape = "" if step.tensor is None else str(tuple(step.tensor.shape))
    first = f"{step.called or 'a leaf'} {shape}" if step.name == "leaf" else f"{step.called} {shape}"
    second = "collects .grad" if step.name == "leaf" else step.name
    rows = [row for row in (first.strip(), second) if row]
    for height, row in zip((0.14, -0.14) if len(rows) == 2 else (0.0,), rows, strict=True):
        # The longest of PyTorch's names must fit as well.
        size = min(9.5, 128 / len(row))
        ax.text(x, y + height, row, color=edge, ha="center", va="center", fontsize=size, zorder=4)


def _subplots(*args: Any, **options: Any) -> Any:
    import matplotlib.pyplot as plt

    from helper.plot import alt

    figure, axes = plt.subplots(*args, FigureClass=alt.described_figure(), **options)
    alt.note(figure)
    return figure, axes


def _colour(number: int) -> str:
    return DATA_COLOURS[number % len(DATA_COLOURS)]


def _array(values: Numbers) -> np.ndarray:
    """Return a float64 copy of numbers, also of tensors that carry gradients."""
    if hasattr(values, "detach"):
        return np.array(values.detach().cpu().double().numpy())
    if isinstance(values, Sequence) and not isinstance(values, str):
        values = [_array(item) if hasattr(item, "detach") else item for item in values]
    return np.array(values, dtype=np.float64)


def _pictures(values: Numbers) -> np.ndarray:
    """Return images as (n, height, width). Raises ValueError for what has no such form."""
    array = _array(values)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side == array.shape[1]:
            array = array.reshape(-1, side, side)
    if array.ndim != 3:
        raise ValueError(
            f"Images of shape {array.shape} cannot be drawn: give (n, height, width), (n, 1, height, width) "
            "or flat squares (n, pixels)."
        )
    return array


def _brightness(pictures: np.ndarray) -> tuple[float, float]:
    finite = pictures[np.isfinite(pictures)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _title(label: Any) -> str:
    return str(label.item() if hasattr(label, "item") else label)


def _short(number: float) -> str:
    return f"{number:.3g}".replace("-", "\u2212")
