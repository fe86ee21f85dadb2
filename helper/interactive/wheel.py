"""The training loop as a wheel: take a station out, and see what becomes of the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from helper.interactive import Figure, beside, button, figure, shown
from helper.plot import PALETTE

STATIONS = {
    "next batch": "The same 64 images all the time: it learns those by heart, and the loss over others stays high.",
    "zero_grad": "The gradients pile up: fast at first, then the growing sum throws the network back to guessing.",
    "forward": "Stopped by an error: the second backward finds no graph to go back through.",
    "loss": "Stopped by an error: the second backward finds no graph to go back through.",
    "backward": "No gradient, so no movement: the loss repeats to the last digit.",
    "step": "Gradients that nobody uses: the loss repeats to the last digit.",
}
WHOLE = "Nothing is missing: the loss falls."

CENTRE, RADIUS, NODE = (165.0, 178.0), 118.0, 37.0
LEFT, RIGHT, TOP, BOTTOM = 400.0, 700.0, 34.0, 300.0  # of the curves' axes
HIGHEST = 3.0  # a loss above it is drawn at the upper edge


def wheel(batches_seen: Sequence[int], curves: Mapping[str, Sequence[float]]) -> Figure:
    """Show the six stations of the training loop; a click takes one out and draws the loss without it.

    batches_seen: (n,), where the losses were measured; curves: n losses for each station that can be left out
    without an error, and for "", the whole wheel. Raises ValueError for an unknown station, if the whole wheel is
    missing, or if the lengths differ.
    """
    unknown = [name for name in curves if name and name not in STATIONS]
    if unknown or "" not in curves:
        raise ValueError(
            f'These curves do not fit the wheel: give one for "", the whole wheel, and others for '
            f"{', '.join(STATIONS)}."
        )
    if any(len(losses) != len(batches_seen) for losses in curves.values()):
        raise ValueError(f"Each curve needs {len(batches_seen)} losses, one for each entry of batches_seen.")
    paths = {name: _path(batches_seen, losses) for name, losses in curves.items()}
    takers = [button(f"take{place}", f"no {station}") for place, station in enumerate(STATIONS)]
    return figure(
        svg=_drawing(batches_seen, paths[""]),
        controls="".join((button("whole", "the whole wheel"), *takers, shown("words"))),
        script=beside("wheel.js"),
        data={"stations": list(STATIONS), "paths": paths, "words": STATIONS, "whole": WHOLE},
        alt="The training loop as a wheel of six stations: next batch, zero_grad, forward, loss, backward, step. "
        f"Beside it the loss of the whole wheel, which falls from {curves[''][0]:.1f} to {curves[''][-1]:.1f}.",
    )


def _drawing(batches_seen: Sequence[int], whole: str) -> str:
    ink, grey, blue, red = PALETTE["ink"], PALETTE["grey"], PALETTE["blue"], PALETTE["red"]
    guess = _y(math.log(10))
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 350" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="13" fill="{ink}">',
        f'<marker id="@@tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{grey}"/></marker>',
    ]
    for place in range(len(STATIONS)):
        (x1, y1), (x2, y2) = _edge(place)
        parts.append(
            f'<path d="M{x1:.1f} {y1:.1f}A{RADIUS:g} {RADIUS:g} 0 0 1 {x2:.1f} {y2:.1f}" fill="none" '
            f'stroke="{grey}" stroke-width="2.5" marker-end="url(#@@tip)"/>'
        )
    for place, station in enumerate(STATIONS):
        x, y = _place(place)
        colour = blue if station in ("backward", "step", "zero_grad") else grey
        parts.append(
            f'<g data-name="node{place}"><circle data-name="ring{place}" cx="{x:.1f}" cy="{y:.1f}" r="{NODE:g}" '
            f'fill="#ffffff" stroke="{colour}" stroke-width="3"/>'
            f'<text x="{x:.1f}" y="{y + 4.5:.1f}" text-anchor="middle">{station}</text></g>'
            f'<path data-name="cross{place}" visibility="hidden" d="M{x - 26:.1f} {y - 26:.1f}l52 52m0 -52l-52 52" '
            f'stroke="{red}" stroke-width="4" pointer-events="none"/>'
        )
    parts.append(f'<path d="M{LEFT:g} {TOP:g}V{BOTTOM:g}H{RIGHT:g}" fill="none" stroke="{grey}"/>')
    for tick in range(int(HIGHEST) + 1):
        parts.append(f'<text x="{LEFT - 10:g}" y="{_y(tick) + 5:.1f}" text-anchor="end">{tick}</text>')
    last = batches_seen[-1]
    for tick in range(0, last + 1, 50):
        x = _x(tick, last)
        parts.append(f'<text x="{x:.1f}" y="{BOTTOM + 20:g}" text-anchor="middle">{tick}</text>')
    parts += [
        f'<text x="{(LEFT + RIGHT) / 2:g}" y="{BOTTOM + 42:g}" text-anchor="middle">batches seen</text>',
        f'<text x="{LEFT - 26:g}" y="{TOP - 14:g}">loss over 1,000 images</text>',
        f'<path d="M{LEFT:g} {guess:.1f}H{RIGHT:g}" stroke="{grey}" stroke-dasharray="2 4"/>',
        f'<text x="{RIGHT:g}" y="{guess + 15:.1f}" text-anchor="end" font-size="11" fill="{grey}">'
        "guessing, ln 10</text>",
        f'<path d="{whole}" fill="none" stroke="{blue}" stroke-width="3"/>',
        f'<path data-name="curve" d="" fill="none" stroke="{red}" stroke-width="3" stroke-dasharray="7 4"/>',
        f'<text x="{LEFT + 12:g}" y="{BOTTOM - 14:g}" fill="{blue}">the whole wheel</text>',
        f'<text data-name="curve-name" x="{LEFT + 12:g}" y="{BOTTOM - 34:g}" fill="{red}"></text>',
        "</svg>",
    ]
    return "\n".join(parts)


def _path(batches_seen: Sequence[int], losses: Sequence[float]) -> str:
    points = [
        f"{_x(batch, batches_seen[-1]):.1f} {_y(loss):.1f}"
        for batch, loss in zip(batches_seen, losses, strict=True)
    ]
    return "M" + "L".join(points)


def _place(number: int) -> tuple[float, float]:
    angle = 2 * math.pi * number / len(STATIONS) - math.pi / 2
    return CENTRE[0] + RADIUS * math.cos(angle), CENTRE[1] + RADIUS * math.sin(angle)


def _edge(number: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return start and end of the arrow from one station to the next, on the wheel's own circle."""
    gap = 2 * math.asin((NODE + 7) / (2 * RADIUS))
    step = 2 * math.pi / len(STATIONS)
    angles = step * number - math.pi / 2 + gap, step * (number + 1) - math.pi / 2 - gap
    start, end = (
        (CENTRE[0] + RADIUS * math.cos(angle), CENTRE[1] + RADIUS * math.sin(angle)) for angle in angles
    )
    return start, end


def _x(batch: float, last: float) -> float:
    return LEFT + (RIGHT - LEFT) * batch / max(last, 1)


def _y(loss: float) -> float:
    loss = loss if math.isfinite(loss) else HIGHEST
    return BOTTOM - (BOTTOM - TOP) * min(loss, HIGHEST) / HIGHEST
