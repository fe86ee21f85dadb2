"""Gradient descent in a long valley, to move by hand: the path and the losses follow."""

from __future__ import annotations

import math

from helper.interactive import Figure, beside, figure, shown, slider
from helper.plot import PALETTE

Point = tuple[float, float]

CURVATURES: Point = (1.0, 10.0)  # along each axis; the steep one sets the limit of the learning rate: 2 / 10
STEPS = 30
LEVELS = (0.05, 0.4, 1.2, 2.5, 4.5, 7.5, 12.0, 18.0, 26.0)  # losses of the contour lines

UNIT = 46  # pixels per unit on both axes: otherwise the gradient would not stand at a right angle to the contours
LEFT, TOP, WIDTH, HEIGHT = 48, 34, 10 * UNIT, 4 * UNIT  # of the map, in pixels
MIDDLE: Point = (LEFT + WIDTH / 2, TOP + HEIGHT / 2)
CURVE_LEFT, CURVE_WIDTH = 586, 160  # of the loss curve beside it
LOWEST, HIGHEST = -4, 4  # powers of ten on its axis


def descent(*, lr: float = 0.05, start: Point = (-4.0, 1.0)) -> Figure:
    """Show the path of gradient descent on the loss w1 ** 2 / 2 + 5 * w2 ** 2, and its loss curve.

    lr: the learning rate at the beginning, from 0.005 to 0.22; start: within the map, 4.8 and 1.8 from the middle.
    """
    end = path(lr, start)[-1]
    return figure(
        svg=_drawing(lr, start),
        controls="".join(
            (
                slider("lr", "Learning rate", 0.005, 0.22, value=lr, step=0.005),
                slider("first", "Start, w1", -4.8, 4.8, value=start[0], step=0.1),
                slider("second", "Start, w2", -1.8, 1.8, value=start[1], step=0.1),
                shown("end", f"After {STEPS} steps at"),
                shown("loss", "with loss"),
                shown("factors", "Each step multiplies the distance to the minimum"),
            )
        ),
        script=beside("descent.js"),
        data={
            "curvatures": CURVATURES,
            "steps": STEPS,
            "middle": MIDDLE,
            "unit": UNIT,
            "left": CURVE_LEFT,
            "wide": CURVE_WIDTH,
            "bottom": TOP + HEIGHT,
            "tall": HEIGHT,
            "lowest": LOWEST,
            "highest": HIGHEST,
        },
        alt=f"Contour lines of a long valley, ten times steeper across than along, and the path of {STEPS} steps of "
        f"gradient descent with learning rate {lr:g} from {start} to ({end[0]:.2f}, {end[1]:.2f}). Beside it "
        "the loss after each step, on a logarithmic axis.",
    )


def path(lr: float, start: Point) -> list[Point]:
    """Return the start and the point after each of `STEPS` steps, as (w1, w2)."""
    points = [start]
    for _ in range(STEPS):
        w1, w2 = points[-1]
        points.append((w1 - lr * CURVATURES[0] * w1, w2 - lr * CURVATURES[1] * w2))
    return points


def loss(point: Point) -> float:
    """Return the height of the valley at a point."""
    return sum(k * w * w for k, w in zip(CURVATURES, point, strict=True)) / 2


def _drawing(lr: float, start: Point) -> str:
    ink, grey, light, blue, orange = (PALETTE[name] for name in ("ink", "grey", "light", "blue", "orange"))
    points = path(lr, start)
    places = [_place(point) for point in points]
    bottom, curve_right = TOP + HEIGHT, CURVE_LEFT + CURVE_WIDTH
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 274" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="14" fill="{ink}">',
        f'<clipPath id="@@map"><rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/></clipPath>',
        f'<clipPath id="@@curve"><rect x="{CURVE_LEFT - 4}" y="{TOP}" width="{CURVE_WIDTH + 8}" '
        f'height="{HEIGHT}"/></clipPath>',
        f'<text x="{LEFT}" y="20">The valley from above</text>',
        f'<text x="{CURVE_LEFT}" y="20">Loss after each step</text>',
        '<g clip-path="url(#@@map)">',
    ]
    for level in LEVELS:
        wide, tall = (math.sqrt(2 * level / k) for k in CURVATURES)
        parts.append(
            f'<ellipse cx="{MIDDLE[0]:g}" cy="{MIDDLE[1]:g}" rx="{wide * UNIT:.1f}" ry="{tall * UNIT:.1f}" fill="none" '
            f'stroke="{light}" stroke-width="1.5"/>'
        )
    x, y = MIDDLE
    parts.append(f'<path d="M{x - 6:g} {y:g}h12M{x:g} {y - 6:g}v12" stroke="{grey}" stroke-width="2"/>')
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(
        f'<polyline data-name="path" points="{joined}" fill="none" stroke="{blue}" stroke-width="1.2"/>'
    )
    for number, (x, y) in enumerate(places):
        parts.append(f'<circle data-name="dot{number}" cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{blue}"/>')
    x, y = places[0]
    parts.append(
        f'<rect data-name="start" x="{x - 7:.1f}" y="{y - 7:.1f}" width="14" height="14" fill="{orange}" '
        f'stroke="{ink}"/></g>'
    )
    frame = f'fill="none" stroke="{grey}"'
    parts.append(f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" {frame}/>')
    for tick in (-4, -2, 0, 2, 4):
        label = str(tick).replace("-", "−")
        parts.append(
            f'<text x="{MIDDLE[0] + UNIT * tick:g}" y="{bottom + 18}" text-anchor="middle">{label}</text>'
        )
    for tick in (-1, 0, 1):
        label = str(tick).replace("-", "−")
        parts.append(
            f'<text x="{LEFT - 8}" y="{MIDDLE[1] - UNIT * tick + 5:g}" text-anchor="end">{label}</text>'
        )
    parts.append(f'<text x="{LEFT + WIDTH / 2:g}" y="{bottom + 42}" text-anchor="middle">w1</text>')
    parts.append(f'<text x="12" y="{MIDDLE[1] - UNIT / 2 + 5:g}" text-anchor="middle">w2</text>')
    for power in range(LOWEST, HIGHEST + 1, 2):
        y = _height(10.0**power)
        label = f"{10.0**power:,.0f}" if power >= 0 else f"{10.0**power:g}"
        label = "0.0001" if power == -4 else label
        parts.append(f'<path d="M{CURVE_LEFT} {y:g}H{curve_right}" stroke="{light}"/>')
        parts.append(f'<text x="{CURVE_LEFT - 8}" y="{y + 5:g}" text-anchor="end">{label}</text>')
    parts.append(f'<path d="M{CURVE_LEFT} {TOP}V{bottom}H{curve_right}" {frame}/>')
    for step in (0, 10, 20, 30):
        parts.append(f'<text x="{_along(step):g}" y="{bottom + 18}" text-anchor="middle">{step}</text>')
    parts.append(
        f'<text x="{CURVE_LEFT + CURVE_WIDTH / 2:g}" y="{bottom + 42}" text-anchor="middle">step</text>'
    )
    joined = " ".join(f"{_along(step):.1f},{_height(loss(point)):.1f}" for step, point in enumerate(points))
    parts.append(
        f'<g clip-path="url(#@@curve)"><polyline data-name="curve" points="{joined}" fill="none" stroke="{blue}" '
        'stroke-width="2.5"/></g>'
    )
    return "".join([*parts, "</svg>"])


def _place(point: Point) -> Point:
    return MIDDLE[0] + UNIT * point[0], MIDDLE[1] - UNIT * point[1]


def _along(step: int) -> float:
    return CURVE_LEFT + step * CURVE_WIDTH / STEPS


def _height(value: float) -> float:
    power = min(HIGHEST + 1.0, max(float(LOWEST), math.log10(value) if value > 0 else LOWEST))
    return TOP + HEIGHT - (power - LOWEST) * HEIGHT / (HIGHEST - LOWEST)
