"""A patient's chart: order a test, see the vital sign beside its normal range, and then the diagnosis."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from helper.interactive import Figure, beside, button, figure, shown
from helper.plot import PALETTE

WIDTH, ROW, TOP = 760, 34, 62
LEFT, RIGHT = 200, 600  # of the scales
ORDER = 11  # seeds the order of the patients: healthy neither first nor last

Place = Callable[[float], float]


@dataclass(frozen=True)
class Test:
    """One row: what is read from a chart, where a number stands on the scale (0 to 1), and which are normal."""

    name: str
    words: str
    read: Callable[[Mapping[str, Any]], float]
    place: Place
    normal: tuple[float, float]


def _linear(low: float, high: float) -> Place:
    return lambda value: (value - low) / (high - low)


def _log(low: float, high: float) -> Place:
    """Return a scale in powers of ten; what is 0 or less stands at its left end."""
    return lambda value: math.log(value / low) / math.log(high / low) if value > 0 else 0.0


TESTS = (
    Test("spread", "spread of the pixels", lambda signs: signs["spread"], _log(0.1, 100), (0.5, 2)),
    Test("first_loss", "first loss / ln C", lambda signs: signs["first_loss"], _linear(-0.5, 4), (0.8, 1.25)),
    Test(
        "gradient", "gradient, first layer", lambda signs: signs["gradients"][0], _log(1e-4, 100), (0.01, 2)
    ),
    Test("dead", "share of dead units", lambda signs: signs["dead"], _linear(0, 1), (0, 0.35)),
    Test("leak", "leak between images", lambda signs: signs["leak"], _log(1e-4, 1), (0, 0)),
    Test("repeat", "two answers differ by", lambda signs: signs["repeat"], _log(1e-4, 1), (0, 0)),
    Test("by_heart", "loss by heart", lambda signs: signs["by_heart"], _linear(-0.5, 2.5), (-0.02, 0.2)),
    Test(
        "blank",
        "worse when blank by",
        lambda signs: signs["blank"] - signs["by_heart"],
        _linear(0, 4),
        (0.4, 1e6),
    ),
    Test("own", "own steps leave", lambda signs: signs["own"], _linear(0, 2), (0, 0.75)),
)
BOTTOM = TOP + ROW * len(TESTS)


def chart(patients: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Show the charts of some patients: choose one, order tests, and ask for the diagnosis.

    patients: by the name of their fault, the charts that `helper.fixtures.patients.ward` makes. They appear in an
    order of their own, so that it tells nothing. Raises ValueError if there are none.
    """
    from helper.fixtures.patients import FAULTS

    if not patients:
        raise ValueError("There is no patient to examine: give at least one chart.")
    names = sorted(patients)
    random.Random(ORDER).shuffle(names)
    rows = [_patient(number, name, FAULTS[name], patients[name]) for number, name in enumerate(names)]
    still = next((row for row in rows if row["fault"] == "dead units"), rows[0])
    tests = "".join(button(f"test{row}", test.words) for row, test in enumerate(TESTS))
    return figure(
        svg=_drawing(None),
        static=_drawing(still),
        controls=(
            tests
            + shown("count")
            + button("diagnosis", "Diagnosis")
            + button("before", "◀ patient")
            + button("next", "patient ▶")
            + shown("words")
        ),
        script=beside("chart.js"),
        data={
            "patients": rows,
            "tests": [test.name for test in TESTS],
            "good": PALETTE["green"],
            "bad": PALETTE["red"],
        },
        alt="The chart of one patient: nine tests, each a scale with its normal range in green and a dot for what was "
        f"measured. This one has {still['fault']}; outside their range are "
        + ", ".join(test.words for test, normal in zip(TESTS, still["normal"], strict=True) if not normal)
        + ".",
    )


def _patient(number: int, name: str, meaning: str, signs: Mapping[str, Any]) -> dict[str, Any]:
    values = [test.read(signs) for test in TESTS]
    return {
        "letter": chr(ord("A") + number),
        "fault": name,
        "meaning": meaning,
        "places": [_place(test, value) for test, value in zip(TESTS, values, strict=True)],
        "values": [_number(value) for value in values],
        "normal": [
            test.normal[0] <= value <= test.normal[1] for test, value in zip(TESTS, values, strict=True)
        ],
    }


def _place(test: Test, value: float) -> float:
    """Return where a number stands in the drawing; what lies beyond the scale stands at its end."""
    share = test.place(value) if math.isfinite(value) else 1.0
    return round(LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, share)), 1)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞"
    text = "0" if value == 0 else f"{value:.2g}" if abs(value) < 0.01 else f"{value:.3g}"
    return text.replace("-", "−")


def _drawing(patient: Mapping[str, Any] | None) -> str:
    ink, grey, light, green, red = (PALETTE[name] for name in ("ink", "grey", "light", "green", "red"))
    title = patient["fault"] if patient else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {BOTTOM + 14}" font-size="14" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" fill="{ink}">',
        f'<text data-name="who" x="20" y="26" font-size="18">{title}</text>',
        f'<rect x="{LEFT}" y="16" width="34" height="12" rx="6" fill="{green}" opacity="0.3"/>',
        f'<text x="{LEFT + 42}" y="27" fill="{grey}">normal range</text>',
        f'<circle cx="{LEFT + 170}" cy="22" r="7" fill="{green}"/>',
        f'<text x="{LEFT + 184}" y="27" fill="{grey}">measured</text>',
        f'<circle cx="{LEFT + 280}" cy="22" r="7" fill="{red}"/>',
        f'<text x="{LEFT + 294}" y="27" fill="{grey}">outside, marked !</text>',
    ]
    for row, test in enumerate(TESTS):
        y = TOP + ROW * row + 6
        low, high = (_place(test, end) for end in test.normal)
        low, high = (low - 7, high + 7) if low == high else (low, high)
        seen = patient is not None
        place = patient["places"][row] if patient else LEFT
        good = patient["normal"][row] if patient else True
        value = (patient["values"][row] + ("" if good else "  !")) if patient else ""
        parts += [
            f'<text x="20" y="{y + 5}">{test.words}</text>',
            f'<path d="M{LEFT} {y}H{RIGHT}" stroke="{light}" stroke-width="3"/>',
            f'<rect x="{low:g}" y="{y - 8}" width="{high - low:g}" height="16" rx="8" fill="{green}" opacity="0.3"/>',
            f'<circle data-name="dot{row}" cx="{place:g}" cy="{y}" r="7" fill="{green if good else red}" '
            f'visibility="{"visible" if seen else "hidden"}"/>',
            f'<text data-name="value{row}" x="{RIGHT + 24}" y="{y + 5}">{value}</text>',
        ]
    return "\n".join([*parts, "</svg>"])
