"""What the judge says: the eight words, and a verdict on one check as fields. Sentences are made last (advice.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helper.judging import advice as sentences

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
class Piece:
    """One thing to tell. kind says which sentence it is, the fields (plain data) fill it.

    The kinds and their fields stand in advice.py. Of use to a page: `line`, the student's own line at which an
    exception arose; `exercises`, those an answer builds on.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return sentences.sentence(self.kind, self.fields)

    @property
    def gist(self) -> str:
        """Return what students who went wrong in one way have in common: without a line of their own."""
        return sentences.gist(self.kind, self.fields)

    @property
    def claim(self) -> tuple[str, ...]:
        """Return what is claimed, without the numbers that change with the inputs."""
        return sentences.claim(self.kind, self.fields)


@dataclass(frozen=True)
class Case:
    """The first expectation that failed, to be looked at.

    line: its source in the check; inputs: name and short text of each; came, expected: short texts that differ,
    if they can be told apart at all. For secret inputs only the first two fields are filled.
    """

    expectation: str
    line: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    came: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of one check: one of the eight words above, points, and what there is to tell.

    pieces: advice, the most important first; notes: what is right as it stands, but will not be when marked;
    flags: for an instructor.
    """

    check: str
    verdict: str
    points: float
    max: float
    results: tuple[Result, ...]
    pieces: tuple[Piece, ...] = ()
    case: Case | None = None
    notes: tuple[Piece, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        return tuple(piece.text for piece in self.pieces)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Read back what dataclasses.asdict made."""
        case = data.get("case")
        return cls(
            data["check"],
            data["verdict"],
            data["points"],
            data["max"],
            tuple(Result(**item) for item in data["results"]),
            tuple(Piece(**item) for item in data["pieces"]),
            case and Case(**{**case, "inputs": tuple((name, text) for name, text in case["inputs"])}),
            tuple(Piece(**item) for item in data["notes"]),
            tuple(data["flags"]),
        )


def total(verdicts: list[Verdict]) -> float:
    """Add up points, free of the rounding of thirds."""
    return round(sum(verdict.points for verdict in verdicts), 2)
