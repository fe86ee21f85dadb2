"""Four optimisers that race down a ravine, to move by hand: their rates, the momentum, the ravine's direction."""

from __future__ import annotations

import math

from helper.interactive import Figure, beside, button, figure, shown, slider
from helper.plot import PALETTE

Point = tuple[float, float]

CURVATURES: Point = (1.0, 25.0)  # along and across the ravine
START: Point = (-4.0, 1.0)  # along and across
STEPS = 60
FALLEN = 1000.0  # an optimiser whose loss exceeds this is out of the race
ALPHA, BETA2, EPSILON = 0.99, 0.999, 1e-8  # PyTorch's defaults for RMSprop and Adam
NAMES = ("gradient descent", "momentum", "RMSprop", "Adam")
COLOURS = dict(zip(NAMES, ("blue", "orange", "green", "purple"), strict=True))
DASHES = dict(zip(NAMES, ("none", "8 3", "2 3", "10 3 2 3"), strict=True))
LEVELS = (0.25, 1.5, 5.0, 11.0, 20.0, 32.0, 48.0, 75.0, 110.0)  # losses of the contour lines

UNIT = 34  # pixels per unit on both axes of the map
LEFT, TOP, SIDE = 38, 34, 10 * UNIT
MIDDLE: Point = (LEFT + SIDE / 2, TOP + SIDE / 2)
CURVE_LEFT, CURVE_WIDTH, CURVE_HEIGHT = 450, 300, 218
LOWEST, HIGHEST = -6, 3  # powers of ten on the axis of the losses
ROWS = TOP + CURVE_HEIGHT + 66  # where the list of the losses begins


def race(*, lr: float = 0.03, adaptive: float = 0.1, mu: float = 0.9) -> Figure:
    """Show the paths of four optimisers down the ravine w1 ** 2 / 2 + 25 * w2 ** 2 / 2, and their losses.

    lr: the learning rate of gradient descent and momentum, from 0.005 to 0.2; adaptive: that of RMSprop and Adam,
    from 0.01 to 1; mu: the momentum, and Adam's first beta, from 0 to 0.99. A button turns the ravine by 45 degrees.
    """
    ends = [f"{name} {_fate(path(name, lr, adaptive, mu))}" for name in NAMES]
    return figure(
        svg=_drawing(lr, adaptive, mu),
        controls="".join(
            (
                _together(slider("lr", "Rate (descent, momentum)", 0.005, 0.2, value=lr, step=0.005)),
                _together(slider("adaptive", "Rate (RMSprop, Adam)", 0.01, 1, value=adaptive, step=0.01)),
                _together(slider("mu", "Momentum", 0, 0.99, value=mu, step=0.01)),
                _together(slider("step", "Steps", 0, STEPS, value=STEPS, step=1)),
                button("race", "Race"),
                button("turn", "Turn the ravine by 45°"),
                shown("lowest", "Lowest:"),
            )
        ),
        script=beside("race.js"),
        data={
            "names": NAMES,
            "curvatures": CURVATURES,
            "start": START,
            "steps": STEPS,
            "fallen": FALLEN,
            "alpha": ALPHA,
            "beta2": BETA2,
            "epsilon": EPSILON,
            "middle": MIDDLE,
            "unit": UNIT,
            "left": LEFT,
            "top": TOP,
            "side": SIDE,
            "along": CURVE_LEFT,
            "wide": CURVE_WIDTH,
            "bottom": TOP + CURVE_HEIGHT,
            "tall": CURVE_HEIGHT,
            "lowest": LOWEST,
            "highest": HIGHEST,
        },
        alt=f"Contour lines of a narrow ravine and the paths of four optimisers from the same point. After {STEPS} "
        f"steps: {'; '.join(ends)}. Beside the map, the loss after each step on a logarithmic axis.",
    )


def path(name: str, lr: float, adaptive: float, mu: float, *, turned: bool = False) -> list[Point]:
    """Return the start and the points after each step, as (w1, w2); it ends early where the optimiser has fallen."""
    points = [_turn(START, turned)]
    velocity, squares = [0.0, 0.0], [0.0, 0.0]
    while len(points) <= STEPS and loss(points[-1], turned) <= FALLEN:
        step = len(points)
        moved = []
        for axis, (w, g) in enumerate(zip(points[-1], _slope(points[-1], turned), strict=True)):
            if name == "gradient descent":
                moved.append(w - lr * g)
                continue
            if name == "momentum":
                velocity[axis] = mu * velocity[axis] + g
                moved.append(w - lr * velocity[axis])
                continue
            kept = BETA2 if name == "Adam" else ALPHA
            squares[axis] = kept * squares[axis] + (1 - kept) * g * g
            if name == "RMSprop":
                moved.append(w - adaptive * g / (math.sqrt(squares[axis]) + EPSILON))
                continue
            velocity[axis] = mu * velocity[axis] + (1 - mu) * g
            size = math.sqrt(squares[axis] / (1 - kept**step)) + EPSILON
            moved.append(w - adaptive * velocity[axis] / (1 - mu**step) / size)
        points.append((moved[0], moved[1]))
    return points


def loss(point: Point, turned: bool = False) -> float:
    """Return the height of the ravine at a point."""
    place = _turn(point, turned, back=True)
    return sum(k * x * x for k, x in zip(CURVATURES, place, strict=True)) / 2


def _slope(point: Point, turned: bool) -> Point:
    along, across = _turn(point, turned, back=True)
    return _turn((CURVATURES[0] * along, CURVATURES[1] * across), turned)


def _turn(point: Point, turned: bool, *, back: bool = False) -> Point:
    angle = (-1 if back else 1) * math.pi / 4 if turned else 0.0
    c, s = math.cos(angle), math.sin(angle)
    return c * point[0] - s * point[1], s * point[0] + c * point[1]


def _together(control: str) -> str:
    """Keep a slider and its number on one line."""
    return f'<span style="display: inline-flex; gap: 8px">{control}</span>'


def _fate(points: list[Point]) -> str:
    last = loss(points[-1])
    return f"fallen at step {len(points) - 1}" if last > FALLEN else f"loss {last:.2g}"


def _drawing(lr: float, adaptive: float, mu: float) -> str:
    ink, grey, light = (PALETTE[name] for name in ("ink", "grey", "light"))
    bottom, curve_bottom, curve_right = TOP + SIDE, TOP + CURVE_HEIGHT, CURVE_LEFT + CURVE_WIDTH
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 424" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="14" fill="{ink}">',
        f'<clipPath id="@@map"><rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}"/></clipPath>',
        f'<text x="{LEFT}" y="20">The ravine from above</text>',
        f'<text x="{CURVE_LEFT}" y="20">Loss after each step</text>',
        '<g clip-path="url(#@@map)"><g data-name="ground">',
    ]
    for level in LEVELS:
        wide, tall = (math.sqrt(2 * level / k) * UNIT for k in CURVATURES)
        parts.append(
            f'<ellipse cx="{MIDDLE[0]:g}" cy="{MIDDLE[1]:g}" rx="{wide:.1f}" ry="{tall:.1f}" fill="none" '
            f'stroke="{light}" stroke-width="1.5"/>'
        )
    x, y = MIDDLE
    parts.append(f'</g><path d="M{x - 6:g} {y:g}h12M{x:g} {y - 6:g}v12" stroke="{grey}" stroke-width="2"/>')
    paths = {name: path(name, lr, adaptive, mu) for name in NAMES}
    for number, (name, points) in enumerate(paths.items()):
        joined = " ".join("{:.1f},{:.1f}".format(*_place(point)) for point in points)
        parts.append(
            f'<polyline data-name="path{number}" points="{joined}" fill="none" stroke="{PALETTE[COLOURS[name]]}" '
            f'stroke-width="2" stroke-dasharray="{DASHES[name]}"/>'
        )
    parts.append("</g>")
    frame = f'fill="none" stroke="{grey}"'
    parts.append(f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" {frame}/>')
    for tick in (-4, -2, 0, 2, 4):
        label = str(tick).replace("-", "−")
        parts += [
            f'<text x="{MIDDLE[0] + UNIT * tick:g}" y="{bottom + 18}" text-anchor="middle">{label}</text>',
            f'<text x="{LEFT - 8}" y="{MIDDLE[1] - UNIT * tick + 5:g}" text-anchor="end">{label}</text>',
        ]
    parts += [
        f'<text x="{MIDDLE[0]:g}" y="{bottom + 40}" text-anchor="middle">w1</text>',
        f'<text x="6" y="{TOP - 8}">w2</text>',
    ]
    for power in range(LOWEST, HIGHEST + 1, 3):
        height = _height(10.0**power)
        label = {-6: "0.000001", -3: "0.001", 0: "1", 3: "1,000"}[power]
        parts.append(f'<path d="M{CURVE_LEFT} {height:g}H{curve_right}" stroke="{light}"/>')
        parts.append(f'<text x="{CURVE_LEFT - 8}" y="{height + 5:g}" text-anchor="end">{label}</text>')
    parts.append(f'<path d="M{CURVE_LEFT} {TOP}V{curve_bottom}H{curve_right}" {frame}/>')
    for step in range(0, STEPS + 1, 20):
        parts.append(f'<text x="{_along(step):g}" y="{curve_bottom + 18}" text-anchor="middle">{step}</text>')
    parts.append(f'<text x="{_along(30):g}" y="{curve_bottom + 38}" text-anchor="middle">step</text>')
    for number, (name, points) in enumerate(paths.items()):
        colour, losses = PALETTE[COLOURS[name]], [loss(point) for point in points]
        out, end = losses[-1] > FALLEN, len(points) - 1
        joined = " ".join(f"{_along(step):.1f},{_height(value):.1f}" for step, value in enumerate(losses))
        y = ROWS + 26 * number
        parts += [
            f'<polyline data-name="curve{number}" points="{joined}" fill="none" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{DASHES[name]}"/>',
            _cross(f"crash{number}", (_along(end), _height(losses[-1])), colour, out),
            _cross(f"fall{number}", _inside(_place(points[-1])), colour, out),
            f'<g data-name="ball{number}" transform="translate({_spot(_place(points[-1]))})" '
            f'visibility="{"hidden" if out else "visible"}">{_ball(number, colour)}</g>',
            f'<path d="M{CURVE_LEFT} {y - 5}h44" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{DASHES[name]}"/>',
            f'<g transform="translate({CURVE_LEFT + 22} {y - 5})">{_ball(number, colour)}</g>',
            f'<text x="{CURVE_LEFT + 56}" y="{y}">{name}</text>',
            f'<text data-name="loss{number}" x="{curve_right}" y="{y}" text-anchor="end">{_fate(points)}</text>',
        ]
    return "".join([*parts, "</svg>"])


def _ball(number: int, colour: str) -> str:
    """Return the mark of an optimiser around the origin: each has a shape of its own beside its colour."""
    shapes = (
        '<circle r="6"',
        '<rect x="-5.5" y="-5.5" width="11" height="11"',
        '<path d="M0 -7L7 5.5H-7z"',
        '<path d="M0 -8L8 0L0 8L-8 0z"',
    )
    return f'{shapes[number]} fill="{colour}" stroke="#ffffff" stroke-width="1.5"/>'


def _cross(name: str, place: Point, colour: str, visible: bool) -> str:
    return (
        f'<path data-name="{name}" transform="translate({_spot(place)})" d="M-7 -7L7 7M7 -7L-7 7" stroke="{colour}" '
        f'stroke-width="4" visibility="{"visible" if visible else "hidden"}"/>'
    )


def _spot(place: Point) -> str:
    return f"{place[0]:.1f} {place[1]:.1f}"


def _place(point: Point) -> Point:
    return MIDDLE[0] + UNIT * point[0], MIDDLE[1] - UNIT * point[1]


def _inside(place: Point) -> Point:
    """Return the nearest place on the map."""
    return min(LEFT + SIDE, max(LEFT, place[0])), min(TOP + SIDE, max(TOP, place[1]))


def _along(step: int) -> float:
    return CURVE_LEFT + step * CURVE_WIDTH / STEPS


def _height(value: float) -> float:
    power = min(float(HIGHEST), max(float(LOWEST), math.log10(value) if value > 0 else LOWEST))
    return TOP + CURVE_HEIGHT - (power - LOWEST) * CURVE_HEIGHT / (HIGHEST - LOWEST)
