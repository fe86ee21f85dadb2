"""The key of a lesson under one seed: its reference and every mistake, run."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from helper.course import SECONDS_PER_CELL
from helper.judging.evidence import RELATIVE_TOLERANCE, Evidence, sealed
from helper.judging.judge import without_scored
from helper.judging.key import CheckKey, Expectation, Key, Mistake, sealed_failure
from helper.judging.names import cell_id
from helper.judging.score import FORECAST_IMAGES, Forecast, Score
from helper.lessons.lesson import LessonError
from helper.lessons.stage import Shown, Stage

PRACTICE = "practice"
AGAIN = "again"  # the seed of the other inputs that `course submit` asks under


def make_key(
    stage: Stage,
    seed: str = PRACTICE,
    exercises: Iterable[str] | None = None,
    *,
    reference_only: bool = False,
    hidden: str | None = None,
) -> Key:
    """Compute the key of a lesson under one seed by running its reference and every mistake.

    exercises: only these, by default all; reference_only: leave out the mistakes, which take most of the time;
    hidden: the secret from which scored checks draw what no answer sees. Without one they draw it from the seed, as
    practice does, and the key does not hold it.
    """
    lesson = stage.lesson
    wanted = lesson.checks if exercises is None else [*exercises]
    checks = {name: _check_key(stage, name, seed, reference_only, hidden) for name in wanted}
    examples = [cell.source for cell in lesson.cells if cell.type == "code" and not cell.role]
    return Key(
        lesson.stem,
        seed,
        lesson.written,
        checks,
        stage.world.imports,
        tuple(dict.fromkeys(cell_id("code", source) for source in examples)),
        SECONDS_PER_CELL,
    )


def make_again(stage: Stage) -> Key:
    """Compute the key for other inputs, without mistakes: their advice belongs to practice."""
    return make_key(stage, AGAIN, reference_only=True)


def _check_key(stage: Stage, name: str, seed: str, reference_only: bool, hidden: str | None) -> CheckKey:
    lesson = stage.lesson
    salt = lesson.stem
    place = f'{lesson.path}: check "{name}"'
    reference = stage.evidence(name, None, seed, hidden)
    if reference.evidence.failure:
        failure = reference.evidence.failure
        raise LessonError(f"{place}: the reference itself stops with {failure.kind}: {failure.message}")
    if not reference.evidence.shown:
        raise LessonError(f"{place} expects nothing; call expect(name, value) at least once.")
    if reference.evidence.ran:
        listed = ", ".join(reference.evidence.ran)
        raise LessonError(f"{place}: the reference itself, or what the check gives it, uses {listed}.")
    shown = {item: sealed(value, salt) for item, value in reference.evidence.shown.items()}
    if "object" in str(shown) and any("object" in value for value in shown.values()):
        raise LessonError(f"{place} hands over something that is not plain data; hand over numbers instead.")
    scores = {item: _score(record, salt, hidden) for item, record in reference.scored.items()}
    shown |= {item: {"scored": True} for item in scores}
    points = _points(reference, lesson.checks[name].points, place)
    expectations = tuple(
        Expectation(
            item,
            points[item],
            value,
            reference.tolerances.get(item, RELATIVE_TOLERANCE),
            item in stage.constants(name),
            item in reference.details,
            scores.get(item),
        )
        for item, value in shown.items()
    )
    return CheckKey(
        name,
        lesson.checks[name].points,
        expectations,
        () if reference_only else run_mistakes(stage, name, seed, expectations=expectations, hidden=hidden),
        lesson.exercises[name].without,
        reference.sizes,
        float(lesson.checks[name].metadata.get("seconds", 0.0)),
        reference.ready,
    )


def _score(record: Mapping[str, Any], salt: str, hidden: str | None) -> Score | Forecast:
    """Return how an expectation is scored. Its examples are kept only if they are secret: else anyone draws them."""
    if "forecast" in record:
        return Forecast(record["forecast"], FORECAST_IMAGES)
    images = record["images"] if hidden else None
    return Score.of(dict(record["score"]), record["labels"], salt, images)


def _points(reference: Shown, whole: float, place: str) -> dict[str, float]:
    """Return what each expectation is worth: what the check says, the rest evenly."""
    given = sum(reference.points.values())
    others = [item for item in reference.evidence.shown if item not in reference.points]
    share = (whole - given) / len(others) if others else 0.0
    if share < 0 or (others and share == 0 and whole) or (not others and not math.isclose(given, whole)):
        raise LessonError(f"{place}: the points of its expectations do not add up to {whole:g}.")
    return {item: round(reference.points.get(item, share), 6) for item in reference.evidence.shown}


def run_mistakes(
    stage: Stage,
    name: str,
    seed: str,
    titles: Collection[str] | None = None,
    *,
    expectations: Sequence[Expectation] = (),
    hidden: str | None = None,
) -> tuple[Mistake, ...]:
    """Run the mistakes of the bank, all or those of some titles.

    expectations: of the check, so that what is scored is counted. Mistakes that show the same evidence become one,
    with the advice of each.
    """
    mistakes: dict[int, Mistake] = {}
    known: list[Evidence] = []
    for answer in stage.lesson.answers:
        if answer.exercise != name or answer.kind != "mistake":
            continue
        if titles is not None and answer.title not in titles:
            continue
        shown = stage.evidence(name, answer.source, seed, hidden).evidence
        if shown.ran:
            continue  # told by what ran; its numbers are those of a right answer, or of another mistake
        raw = without_scored(shown, expectations, stage.lesson.stem)
        values = {item: sealed(value, stage.lesson.stem) for item, value in raw.shown.items()}
        evidence = Evidence(values, sealed_failure(raw.failure, stage.lesson.stem))
        if evidence not in known:
            known.append(evidence)
        place = known.index(evidence)
        before = mistakes[place].advice if place in mistakes else ()
        mistakes[place] = Mistake(tuple(dict.fromkeys((*before, answer.title))), evidence)
    return tuple(mistakes[place] for place in sorted(mistakes))
