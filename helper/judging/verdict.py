"""What the judge says: the eight words, and a verdict on one check."""

from __future__ import annotations

from dataclasses import dataclass

RIGHT, MISTAKE, NOT_YET, NOT_ATTEMPTED = "right", "mistake", "not yet", "not attempted"
ERROR, TIME_OUT, OUT_OF_MEMORY, NOT_RUN = "error", "time-out", "out of memory", "not run"


@dataclass(frozen=True)
class Result:
    """One expectation: right is True or False, or None when the check ended before it.

    earned: points of a scored one, which can be a part of `points`, else None; note: what was reached.
    """

    name: str
    points: float
    right: bool | None
    earned: float | None = None
    note: str = ""

    @property
    def credit(self) -> float:
        return (self.points if self.right else 0.0) if self.earned is None else self.earned


@dataclass(frozen=True)
class Verdict:
    """What became of one check: one of the eight words above, points, and advice to read."""

    check: str
    verdict: str
    points: float
    max: float
    results: tuple[Result, ...]
    advice: tuple[str, ...] = ()


def total(verdicts: list[Verdict]) -> float:
    """Add up points, free of the rounding of thirds."""
    return round(sum(verdict.points for verdict in verdicts), 2)
