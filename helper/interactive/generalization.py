"""Size of network, number of images, how long: what becomes of the loss on the own and on new images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from helper.interactive import Figure, beside, figure, shown, slider
from helper.plot import PALETTE

Measured = Sequence[float]  # loss on the own images, accuracy there, loss on new images, accuracy there

LEFT, WIDTH, TOP, HEIGHT = 58, 400, 44, 240  # of the curves, in pixels
BARS, BAR = 540, 54  # where the accuracies begin, and how wide each is
HIGHEST = 2.5  # a larger loss is drawn at the upper edge


def generalization(updates: Sequence[int], runs: Mapping[tuple[int, int], Sequence[Measured]]) -> Figure:
    """Show one of several trainings, chosen by three sliders: losses while it goes on, and both accuracies.

    updates: at least two numbers of steps, rising, at which every run was measured; runs: by (hidden units, images),
    for each such number (loss, accuracy) on the own and (loss, accuracy) on new images. It begins with the largest
    network, the second smallest number of images, and all updates. Raises ValueError if a combination or a
    measurement is missing.
    """
    units, counts = sorted({size for size, _ in runs}), sorted({count for _, count in runs})
    missing = [pair for pair in ((size, count) for size in units for count in counts) if pair not in runs]
    if missing or not runs:
        raise ValueError(f"These runs leave gaps: there is none for {missing[:1]} (hidden units, images).")
    if any(len(run) != len(updates) for run in runs.values()):
        raise ValueError(f"Each run needs {len(updates)} measurements, one for each entry of updates.")
    first = (len(units) - 1, min(1, len(counts) - 1), len(updates) - 1)
    start = runs[units[first[0]], counts[first[1]]]
    return figure(
        svg=_drawing(updates, start),
        controls="".join(
            (
                slider("units", "Hidden units", 0, len(units) - 1, value=first[0], step=1),
                slider("count", "Training images", 0, len(counts) - 1, value=first[1], step=1),
                slider("when", "Updates", 0, len(updates) - 1, value=first[2], step=1),
                shown("words"),
            )
        ),
        script=beside("generalization.js"),
        data={
            "updates": list(updates),
            "units": units,
            "counts": counts,
            "runs": [[[list(point) for point in runs[size, count]] for size in units] for count in counts],
            "left": LEFT,
            "wide": WIDTH,
            "bottom": TOP + HEIGHT,
            "tall": HEIGHT,
            "highest": HIGHEST,
        },
        alt=f"A network with {units[first[0]]} hidden units trains on {counts[first[1]]:,} images. After {updates[-1]} "
        f"updates its loss is {start[-1][0]:.2f} on these and {start[-1][2]:.2f} on new ones, and it is right on "
        f"{100 * start[-1][1]:.0f} and {100 * start[-1][3]:.0f} of 100.",
    )


def _drawing(updates: Sequence[int], run: Sequence[Measured]) -> str:
    ink, grey, light, blue, orange = (PALETTE[name] for name in ("ink", "grey", "light", "blue", "orange"))
    bottom, right, now = TOP + HEIGHT, LEFT + WIDTH, _across(updates, len(updates) - 1)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 340" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="14" fill="{ink}">',
        f'<text x="{LEFT}" y="20">Loss while it trains</text><text x="{BARS - 24}" y="20">Share that is right</text>',
    ]
    for tick in (0, 0.5, 1, 1.5, 2, 2.5):
        y = _up(tick)
        parts.append(f'<path d="M{LEFT} {y:g}H{right}" stroke="{light}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 5:g}" text-anchor="end">{tick:g}</text>')
    for place, update in enumerate(updates):
        if update in (1, 2, 5, 10, 20, 40, 100, 200):
            x = _across(updates, place)
            parts.append(f'<text x="{x:.1f}" y="{bottom + 19}" text-anchor="middle">{update}</text>')
    middle = LEFT + WIDTH / 2
    parts.append(
        f'<text x="{middle:g}" y="{bottom + 42}" text-anchor="middle">updates, on a logarithmic axis</text>'
    )
    parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="{grey}"/>')
    parts.append(
        f'<line data-name="line" x1="{now:.1f}" x2="{now:.1f}" y1="{TOP}" y2="{bottom}" stroke="{grey}" '
        'stroke-dasharray="2 4"/>'
    )
    for place, (name, words, colour, dash, column) in enumerate(
        (("own", "own images", blue, "none", 0), ("new", "new images", orange, "9 4", 2))
    ):
        points = " ".join(
            f"{_across(updates, number):.1f},{_up(measured[column]):.1f}"
            for number, measured in enumerate(run)
        )
        line = f'points="{points}" fill="none" stroke="{colour}"'
        parts.append(f'<polyline data-name="{name}-all" {line} stroke-width="1.5" opacity="0.45"/>')
        parts.append(
            f'<polyline data-name="{name}-until" {line} stroke-width="3.5" stroke-dasharray="{dash}"/>'
        )
        parts.append(
            f'<circle data-name="{name}-dot" cx="{now:.1f}" cy="{_up(run[-1][column]):.1f}" r="6" fill="{colour}" '
            f'stroke="#ffffff"/>'
        )
        # Where the curves are high, on the right of the legend there is room.
        y, x, share = TOP + 12 + 22 * place, BARS + place * (BAR + 36), run[-1][column + 1]
        parts.append(
            f'<path d="M{right - 150} {y}h34" stroke="{colour}" stroke-width="3.5" stroke-dasharray="{dash}"/>'
            f'<text x="{right - 106}" y="{y + 5}">{words}</text>'
        )
        parts.append(
            f'<rect data-name="{name}-bar" x="{x}" y="{bottom - HEIGHT * share:.1f}" width="{BAR}" '
            f'height="{HEIGHT * share:.1f}" fill="{colour}"/>'
            f'<text data-name="{name}-share" data-says="right on {words}" x="{x + BAR / 2:g}" '
            f'y="{bottom - HEIGHT * share - 8:.1f}" text-anchor="middle">{100 * share:.0f} %</text>'
            f'<text x="{x + BAR / 2:g}" y="{bottom + 19}" text-anchor="middle">{name}</text>'
        )
    parts.append(f'<path d="M{BARS - 24} {bottom}H{BARS + 2 * BAR + 60}" stroke="{grey}"/></svg>')
    return "\n".join(parts)


def _across(updates: Sequence[int], place: int) -> float:
    return LEFT + WIDTH * math.log(updates[place]) / math.log(updates[-1])


def _up(loss: float) -> float:
    return TOP + HEIGHT - HEIGHT * min(loss, HIGHEST) / HIGHEST
