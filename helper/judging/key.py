"""The key: what the reference and every known mistake show in each check, computed by `course build`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from helper.judging.evidence import RELATIVE_TOLERANCE, Evidence, Failure, Plain, seal
from helper.judging.score import Forecast, Score


@dataclass(frozen=True)
class Expectation:
    """One named thing a check looks at: the reference's value and what it is worth, or how it is scored.

    constant: its value is the same whatever the inputs are, so it pays only together with one that is not.
    detail: who misses only such has understood, and may earn more than half.
    """

    name: str
    points: float
    value: Plain
    tolerance: float = RELATIVE_TOLERANCE
    constant: bool = False
    detail: bool = False
    score: Score | Forecast | None = None


@dataclass(frozen=True)
class Mistake:
    """The evidence of one or more mistakes that cannot be told apart, and the advice of each."""

    advice: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True)
class CheckKey:
    """All that is needed to judge one check.

    without: names the answer may not use; sizes: the lengths of the inputs drawn, for guesses such as "8 times
    too large, and 8 is the batch size"; seconds: how long the check may take where marks are made, 0 for as long as
    any other; ready: by name, inputs that were prepared from a secret, for the process of the answer.
    """

    name: str
    points: float
    expectations: tuple[Expectation, ...]
    mistakes: tuple[Mistake, ...] = ()
    without: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    seconds: float = 0.0
    ready: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """The checks of one lesson under one seed. Texts in it are sealed (hashed), numbers are plain.

    imports: the import statements of the setup cells, which say what a check's names mean; examples: the ids of
    the cells that do not run when work is marked; seconds: how long a cell may take then, 0 if nobody knows.
    """

    lesson: str
    seed: str
    written: str
    checks: Mapping[str, CheckKey]
    imports: str = ""
    examples: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "lesson": self.lesson,
            "seed": self.seed,
            "written": self.written,
            "imports": self.imports,
            "examples": list(self.examples),
            "seconds": self.seconds,
            "checks": {name: _check_to_json(check) for name, check in self.checks.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Key:
        checks = {name: _check_from_json(name, check) for name, check in data["checks"].items()}
        return cls(
            data["lesson"],
            data["seed"],
            data["written"],
            checks,
            str(data.get("imports", "")),
            tuple(data.get("examples", ())),
            float(data.get("seconds", 0)),
        )

    @classmethod
    def load(cls, path: Path) -> Key:
        """Read a key file. Raises FileNotFoundError, or ValueError if it is not a key."""
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a key") from error

    def dumps(self) -> str:
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def sealed_failure(failure: Failure | None, salt: str) -> Failure | None:
    """Hide an exception's text but keep it comparable: numbers and addresses in it do not count."""
    if failure is None:
        return None
    return Failure(failure.kind, seal(re.sub(r"0x[0-9a-f]+|\d+", "#", failure.message), salt))


def _check_to_json(check: CheckKey) -> dict[str, Any]:
    reference = {item.name: item.value for item in check.expectations}
    data: dict[str, Any] = {"points": check.points}
    if check.without:
        data["without"] = list(check.without)
    if check.sizes:
        data["sizes"] = list(check.sizes)
    if check.seconds:
        data["seconds"] = check.seconds
    if check.ready:
        data["ready"] = dict(check.ready)
    data["expectations"] = [
        {"name": item.name, "points": item.points, "value": item.value}
        | ({} if item.tolerance == RELATIVE_TOLERANCE else {"tolerance": item.tolerance})
        | ({"constant": True} if item.constant else {})
        | ({"detail": True} if item.detail else {})
        | _score_to_json(item.score)
        for item in check.expectations
    ]
    data["mistakes"] = []
    for mistake in check.mistakes:
        shown = mistake.evidence.shown
        entry: dict[str, Any] = {"advice": list(mistake.advice)}
        # Only what differs from the reference is written down; the order says where the mistake stopped.
        entry["shown"] = [
            [name, "same" if value == reference.get(name) else value] for name, value in shown.items()
        ]
        if mistake.evidence.failure:
            entry["failure"] = [mistake.evidence.failure.kind, mistake.evidence.failure.message]
        data["mistakes"].append(entry)
    return data


def _check_from_json(name: str, data: Mapping[str, Any]) -> CheckKey:
    expectations = tuple(
        Expectation(
            item["name"],
            item["points"],
            item["value"],
            item.get("tolerance", RELATIVE_TOLERANCE),
            bool(item.get("constant", False)),
            bool(item.get("detail", False)),
            _score_from_json(item),
        )
        for item in data["expectations"]
    )
    reference = {item.name: item.value for item in expectations}
    mistakes = tuple(
        Mistake(
            tuple(item["advice"]),
            Evidence(
                {shown: reference[shown] if value == "same" else value for shown, value in item["shown"]},
                Failure(*item["failure"]) if "failure" in item else None,
            ),
        )
        for item in data["mistakes"]
    )
    without, sizes = tuple(data.get("without", ())), tuple(data.get("sizes", ()))
    seconds = float(data.get("seconds", 0.0))
    ready = data.get("ready", {})
    return CheckKey(name, data["points"], expectations, mistakes, without, sizes, seconds, ready)


def _score_to_json(score: Score | Forecast | None) -> dict[str, Any]:
    if isinstance(score, Score):
        return {"score": asdict(score)}
    return {"forecast": asdict(score)} if score else {}


def _score_from_json(item: Mapping[str, Any]) -> Score | Forecast | None:
    if "forecast" in item:
        return Forecast(**item["forecast"])
    if "score" not in item:
        return None
    data = item["score"]
    steps = tuple((float(needed), float(worth)) for needed, worth in data["steps"])
    return Score(steps, tuple(data["labels"]), data["examples"])
