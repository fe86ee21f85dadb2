"""Run answers against checks: compute the key, and prove that the graders tell right from wrong."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helper.authoring.lesson import Answer, Lesson, LessonError
from helper.checking import collecting
from helper.evidence import RELATIVE_TOLERANCE, Evidence, sealed
from helper.judge import MISTAKE, NOT_ATTEMPTED, RIGHT, Verdict, judge
from helper.key import CheckKey, Expectation, Key, Mistake, sealed_failure
from helper.source import definitions, forbidden_names

PRACTICE = "practice"


@dataclass(frozen=True)
class Tried:
    """One answer of the bank and what the judge said. problem: why that is not as it must be, or ""."""

    answer: Answer
    verdict: Verdict
    problem: str


@dataclass(frozen=True)
class Shown:
    """The evidence of one run of a check, with what its author said about weights and tolerances."""

    evidence: Evidence
    points: dict[str, float]
    tolerances: dict[str, float]
    sizes: tuple[int, ...]


class Stage:
    """A lesson ready to be run: setup and reference answers, nothing else, in one namespace.

    Demonstrations do not run here, so a check that leans on one fails at once.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self._setup: dict[str, Any] = {"__name__": "__main__"}
        self._sources = [cell.source for cell in lesson.cells if cell.role == "setup"]
        for number, source in enumerate(self._sources):
            _run(source, self._setup, f"<{lesson.stem}, setup {number}>")

    def reference(self, exercise: str) -> Any:
        """Return what the reference defines for an exercise, to be used like the lesson's own."""
        space = dict(self._setup)
        for cell in self.lesson.exercises.values():
            _run(cell.source, space, f"<{cell.name}>")
        return space[exercise]

    def evidence(self, exercise: str, source: str | None, seed: str) -> Shown:
        """Run a check with `source` in the exercise's place, the reference if it is None."""
        space = dict(self._setup)
        for cell in self.lesson.exercises.values():
            if cell.name == exercise and source is not None:
                _run(source, space, f"<answer for {exercise}>")
            else:
                _run(cell.source, space, f"<{cell.name}>")
        records = self._records(exercise, space, seed)
        shown = {record["expect"]: record["value"] for record in records if "expect" in record}
        end = next(record for record in records if "done" in record)
        return Shown(
            Evidence.from_json({"shown": list(shown.items()), "failure": end["failure"]}),
            {record["expect"]: record["points"] for record in records if "points" in record},
            {record["expect"]: record["tolerance"] for record in records if "tolerance" in record},
            tuple(end["sizes"]),
        )

    def evidence_of_all(self, answers: Mapping[str, Sequence[str]], seed: str) -> dict[str, Evidence]:
        """Run all checks in their places, each exercise's cell replaced by the given sources.

        A source that fails leaves behind what it defined until then, as a cell of a notebook does.
        """
        space = dict(self._setup)
        evidence = {}
        for cell in self.lesson.cells:
            if cell.role == "exercise":
                for source in answers[cell.name]:
                    with contextlib.suppress(LessonError):
                        _run(source, space, f"<answer for {cell.name}>")
            elif cell.role == "check":
                records = self._records(cell.name, space, seed)
                shown = [(record["expect"], record["value"]) for record in records if "expect" in record]
                evidence[cell.name] = Evidence.from_json({"shown": shown, "failure": records[-1]["failure"]})
        return evidence

    def _records(self, exercise: str, space: dict[str, Any], seed: str) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        with collecting(seed, records.append):
            _run(self.lesson.checks[exercise].source, space, f"<check {exercise}>")
        return [record for record in records if record["check"] == exercise]

    def forbidden(self, exercise: str, source: str) -> tuple[str, ...]:
        cells = [*(cell.source for cell in self.lesson.cells if cell.type == "code"), source]
        return forbidden_names(definitions(cells), exercise, self.lesson.exercises[exercise].without)


def make_key(stage: Stage, seed: str = PRACTICE) -> Key:
    """Compute the key of a lesson under one seed by running its reference and every mistake."""
    lesson = stage.lesson
    checks = {name: _check_key(stage, name, seed) for name in lesson.checks}
    return Key(lesson.stem, seed, lesson.written, checks)


def try_answers(stage: Stage, key: Key, exercises: Iterable[str] | None = None) -> list[Tried]:
    """Judge the reference and every answer of the bank under the key's seed, and name what is not as it must be."""
    lesson = stage.lesson
    tried = []
    for exercise in exercises or lesson.exercises:
        reference = Answer(exercise, "right", "the reference", lesson.exercises[exercise].source, 0)
        bank = [answer for answer in lesson.answers if answer.exercise == exercise]
        for answer in [reference, *bank]:
            evidence = stage.evidence(exercise, answer.source, key.seed).evidence
            forbidden = stage.forbidden(exercise, answer.source)
            verdict = judge(evidence, key.checks[exercise], key.lesson, forbidden)
            tried.append(Tried(answer, verdict, _problem(answer, verdict, evidence)))
    return tried


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
    expectations = tuple(
        Expectation(
            item,
            round(reference.points.get(item, share), 6),
            value,
            reference.tolerances.get(item, RELATIVE_TOLERANCE),
        )
        for item, value in shown.items()
    )
    mistakes: list[Mistake] = []
    for answer in lesson.answers:
        if answer.exercise != name or answer.kind != "mistake":
            continue
        raw = stage.evidence(name, answer.source, seed).evidence
        values = {item: sealed(value, salt) for item, value in raw.shown.items()}
        evidence = Evidence(values, sealed_failure(raw.failure, salt))
        twin = next((item for item in mistakes if item.evidence == evidence), None)
        if twin:
            mistakes[mistakes.index(twin)] = Mistake((*twin.advice, answer.title), evidence)
        else:
            mistakes.append(Mistake((answer.title,), evidence))
    return CheckKey(
        name, check.points, expectations, tuple(mistakes), lesson.exercises[name].without, reference.sizes
    )


def _problem(answer: Answer, verdict: Verdict, evidence: Evidence) -> str:
    if answer.kind == "right":
        if verdict.verdict == RIGHT:
            return ""
        return "a right answer does not pass: " + " ".join(verdict.advice)
    if verdict.verdict == RIGHT or verdict.points >= verdict.max:
        return "a mistake passes"
    if verdict.verdict == NOT_ATTEMPTED:
        return "a mistake counts as not attempted"
    # A forbidden name has its own advice, which the mistake is there to show.
    if verdict.verdict != MISTAKE or not (
        answer.title in verdict.advice or "does without" in verdict.advice[0]
    ):
        return "a mistake does not get its own advice, but: " + " ".join(verdict.advice)
    return ""


def _run(source: str, space: dict[str, Any], name: str) -> None:
    """Run a cell silently; an exception outside a check is told with its place."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, name, "exec"), space)
    except Exception as error:
        raise LessonError(f"{name} stops with {type(error).__name__}: {error}") from error
