"""The key of a lesson under one seed: its reference and every mistake, run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from helper.judging.evidence import RELATIVE_TOLERANCE, Evidence, sealed
from helper.judging.judge import without_scored
from helper.judging.key import CheckKey, Expectation, Key, Mistake, sealed_failure
from helper.judging.score import FORECAST_IMAGES, Forecast, Score
from helper.lessons.lesson import LessonError
from helper.lessons.stage import Stage

PRACTICE = "practice"


def make_key(stage: Stage, seed: str = PRACTICE) -> Key:
    """Compute the key of a lesson under one seed by running its reference and every mistake."""
    lesson = stage.lesson
    checks = {name: _check_key(stage, name, seed) for name in lesson.checks}
    return Key(lesson.stem, seed, lesson.written, checks)


def _check_key(stage: Stage, name: str, seed: str) -> CheckKey:
    lesson = stage.lesson
    check, salt = lesson.checks[name], lesson.stem
    place = f'{lesson.path}: check "{name}"'
    reference = stage.evidence(name, None, seed)
    if reference.evidence.failure:
        failure = reference.evidence.failure
        raise LessonError(f"{place}: the reference itself stops with {failure.kind}: {failure.message}")
    if not reference.evidence.shown:
        raise LessonError(f"{place} expects nothing; call expect(name, value) at least once.")
    shown = {item: sealed(value, salt) for item, value in reference.evidence.shown.items()}
    if "object" in str(shown) and any("object" in value for value in shown.values()):
        raise LessonError(f"{place} hands over something that is not plain data; hand over numbers instead.")
    given = sum(reference.points.values())
    others = [item for item in shown if item not in reference.points]
    share = (check.points - given) / len(others) if others else 0.0
    if share < 0 or (others and share == 0) or (not others and not math.isclose(given, check.points)):
        raise LessonError(f"{place}: the points of its expectations do not add up to {check.points:g}.")
    scores = {item: _score(record, salt, stage) for item, record in reference.scored.items()}
    shown |= {item: {"scored": True} for item in scores}
    expectations = tuple(
        Expectation(
            item,
            round(reference.points.get(item, share), 6),
            value,
            reference.tolerances.get(item, RELATIVE_TOLERANCE),
            scores.get(item),
        )
        for item, value in shown.items()
    )
    mistakes: list[Mistake] = []
    for answer in lesson.answers:
        if answer.exercise != name or answer.kind != "mistake":
            continue
        raw = without_scored(stage.evidence(name, answer.source, seed).evidence, expectations, salt)
        values = {item: sealed(value, salt) for item, value in raw.shown.items()}
        evidence = Evidence(values, sealed_failure(raw.failure, salt))
        twin = next((item for item in mistakes if item.evidence == evidence), None)
        if twin:
            mistakes[mistakes.index(twin)] = Mistake((*twin.advice, answer.title), evidence)
        else:
            mistakes.append(Mistake((answer.title,), evidence))
    return CheckKey(
        name,
        check.points,
        expectations,
        tuple(mistakes),
        lesson.exercises[name].without,
        reference.sizes,
        float(check.metadata.get("seconds", 0.0)),
    )


def _score(record: Mapping[str, Any], salt: str, stage: Stage) -> Score | Forecast:
    """Return how an expectation is scored. Its examples are kept only if they are secret: else anyone draws them."""
    if "forecast" in record:
        return Forecast(record["forecast"], FORECAST_IMAGES)
    images = record["images"] if stage.hidden else None
    return Score.of(dict(record["score"]), record["labels"], salt, images)
