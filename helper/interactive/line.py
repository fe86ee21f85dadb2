"""A line among points, to move by hand: its error squares and its two losses follow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from helper.interactive import Figure, beside, button, figure, slider
from helper.plot import PALETTE

Point = tuple[float, float]

POINTS: tuple[Point, ...] = (
    *((0.8, 2.7), (2.0, 1.9), (3.0, 4.1), (4.2, 3.4)),
    *((5.1, 5.4), (6.2, 4.6), (7.3, 6.9), (8.6, 6.2)),
)
OUTLIER = (6, (7.3, 0.4))  # which point is moved, and where to

UNIT = 40  # pixels per unit on both axes: an error squared must look like a square
LEFT, BOTTOM, WIDTH, HEIGHT = 48, 400, 10 * UNIT, 9 * UNIT
TURN_AT = 9.0  # where on the x axis the handle sits that turns the line
SLOPES, INTERCEPTS = (-1.0, 1.5), (-1.0, 8.0)


def line(*, slope: float = 0.1, intercept: float = 5.0) -> Figure:
    """Show `POINTS` and a line to move, each error as a square, and the line's MSE and MAE.

    slope, intercept: of the line at the start. Buttons jump to the best line for either loss and move one
    point far away and back.
    """
    mse, mae = losses(POINTS, slope, intercept)
    return figure(
        svg=_drawing(slope, intercept),
        controls="".join(
            (
                slider("slope", "Slope", *SLOPES, value=slope, step=0.01),
                slider("intercept", "Intercept", *INTERCEPTS, value=intercept, step=0.01),
                button("best-mse", "Best line for MSE"),
                button("best-mae", "Best line for MAE"),
                button("outlier", "Move one point far away"),
            )
        ),
        script=beside("line.js"),
        data={
            "points": POINTS,
            "outlier": OUTLIER,
            "best": [
                {"mse": best_mse_line(points), "mae": best_mae_line(points)} for points in (POINTS, moved())
            ],
            "left": LEFT,
            "bottom": BOTTOM,
            "unit": UNIT,
            "turn": TURN_AT,
        },
        alt=f"Eight points and a line of slope {slope:g} and intercept {intercept:g}. On each vertical error stands "
        f"its square. Mean squared error {mse:.2f}, mean absolute error {mae:.2f}.",
    )


def losses(points: Sequence[Point], slope: float, intercept: float) -> tuple[float, float]:
    """Return the mean squared and the mean absolute error of the line on the points."""
    errors = [slope * x + intercept - y for x, y in points]
    return sum(error**2 for error in errors) / len(errors), sum(map(abs, errors)) / len(errors)


def best_mse_line(points: Sequence[Point]) -> tuple[float, float]:
    """Return slope and intercept of the line with the smallest mean squared error."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return slope, mean_y - slope * mean_x


def best_mae_line(points: Sequence[Point]) -> tuple[float, float]:
    """Return slope and intercept of a line with the smallest mean absolute error.

    Some such line always goes through two of the points, so it is enough to try every pair.
    """
    lines = []
    for (x1, y1), (x2, y2) in combinations(points, 2):
        slope = (y2 - y1) / (x2 - x1)
        lines.append((slope, y1 - slope * x1))
    return min(lines, key=lambda found: losses(points, *found)[1])


def moved() -> tuple[Point, ...]:
    """Return the points with one of them far away."""
    place, point = OUTLIER
    return (*POINTS[:place], point, *POINTS[place + 1 :])


def _drawing(slope: float, intercept: float) -> str:
    mse, mae = losses(POINTS, slope, intercept)
    ink, grey, light = PALETTE["ink"], PALETTE["grey"], PALETTE["light"]
    blue, orange = PALETTE["blue"], PALETTE["orange"]
    filled = f'fill="{orange}" fill-opacity="0.25" stroke="{orange}"'
    right, panel = LEFT + WIDTH, LEFT + WIDTH + 40
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 450" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="14" fill="{ink}">',
        f'<clipPath id="@@plot"><rect x="{LEFT - 12}" y="{BOTTOM - HEIGHT - 12}" width="{WIDTH + 24}" '
        f'height="{HEIGHT + 24}"/></clipPath>',
        f'<path d="M{LEFT} {BOTTOM - HEIGHT}V{BOTTOM}H{right}" fill="none" stroke="{grey}"/>',
    ]
    for tick in range(0, 11, 2):
        parts.append(f'<text x="{_x(tick)}" y="{BOTTOM + 18}" text-anchor="middle">{tick}</text>')
    for tick in range(0, 9, 2):
        parts.append(f'<text x="{LEFT - 14}" y="{_y(tick) + 5:g}" text-anchor="end">{tick}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2:g}" y="{BOTTOM + 40}" text-anchor="middle">input x</text>')
    parts.append(f'<text x="4" y="{BOTTOM - HEIGHT - 20}">target y</text>')
    parts.append('<g clip-path="url(#@@plot)">')
    for number, (x, y) in enumerate(POINTS):
        fit = slope * x + intercept
        size = abs(fit - y)
        beside = x - size if x + size > 10 else x  # the side where there is room
        parts.append(
            f'<rect data-name="square{number}" x="{_x(beside):.4g}" y="{_y(max(y, fit)):.4g}" '
            f'width="{UNIT * size:.4g}" height="{UNIT * size:.4g}" {filled}/>'
        )
    for number, (x, y) in enumerate(POINTS):
        parts.append(
            f'<line data-name="error{number}" x1="{_x(x):g}" x2="{_x(x):g}" y1="{_y(y):.4g}" '
            f'y2="{_y(slope * x + intercept):.4g}" stroke="{PALETTE["red"]}" stroke-width="2.5"/>'
        )
    parts.append(
        f'<line data-name="line" x1="{LEFT}" y1="{_y(intercept):.4g}" x2="{right}" '
        f'y2="{_y(10 * slope + intercept):.4g}" stroke="{blue}" stroke-width="3"/>'
    )
    for number, (x, y) in enumerate(POINTS):
        parts.append(f'<circle data-name="point{number}" cx="{_x(x):g}" cy="{_y(y):g}" r="5.5"/>')
    for name, x in (("lift", 0.0), ("turn", TURN_AT)):
        parts.append(
            f'<circle data-name="{name}" cx="{_x(x):g}" cy="{_y(slope * x + intercept):.4g}" r="9" fill="#ffffff" '
            f'stroke="{blue}" stroke-width="3"/>'
        )
    parts.append("</g>")
    side = UNIT * mse**0.5
    parts += [
        f'<g font-size="15"><text x="{panel}" y="52">Mean squared error</text>'
        f'<text data-name="mse" data-says="Mean squared error" x="{panel}" y="84" font-size="28">{mse:.2f}</text>'
        f'<text x="{panel}" y="124">Mean absolute error</text>'
        f'<text data-name="mae" data-says="mean absolute error" x="{panel}" y="156" font-size="28">{mae:.2f}</text>'
        "</g>",
        f'<rect data-name="mean" x="{panel}" y="{BOTTOM - side:.4g}" width="{side:.4g}" height="{side:.4g}" '
        f"{filled}/>",
        f'<path d="M{panel} {BOTTOM}h200" stroke="{light}"/>',
        f'<text x="{panel}" y="{BOTTOM + 18}" fill="{grey}">the mean of the squares</text>',
        "</svg>",
    ]
    return "\n".join(parts)


def _x(x: float) -> float:
    return LEFT + UNIT * x


def _y(y: float) -> float:
    return BOTTOM - UNIT * y
