"""A lesson ready to be run: setup and references in one namespace, any answer in any exercise's place."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helper.checking.check import collecting
from helper.judging.evidence import Evidence
from helper.judging.names import definitions, forbidden_names
from helper.lessons.lesson import Lesson, LessonError


@dataclass(frozen=True)
class Shown:
    """The evidence of one run of a check, with what its author said about weights, tolerances and scores.

    scored: the records of scored expectations, with the labels that are kept from answers.
    """

    evidence: Evidence
    points: dict[str, float]
    tolerances: dict[str, float]
    sizes: tuple[int, ...]
    scored: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Stage:
    """A lesson ready to be run: setup and reference answers, nothing else, in one namespace.

    Demonstrations do not run here, so a check that leans on one fails at once. hidden: the secret from which scored
    checks draw what no answer sees; without one they draw it from the seed, as practice does.
    """

    def __init__(self, lesson: Lesson, hidden: str | None = None) -> None:
        self.lesson = lesson
        self.hidden = hidden
        self._setup: dict[str, Any] = {"__name__": "__main__"}
        self._sources = [cell.source for cell in lesson.cells if cell.role == "setup"]
        for number, source in enumerate(self._sources):
            run(source, self._setup, f"<{lesson.stem}, setup {number}>")

    def reference(self, exercise: str) -> Any:
        """Return what the reference defines for an exercise, to be used like the lesson's own."""
        space = dict(self._setup)
        for cell in self.lesson.exercises.values():
            run(cell.source, space, f"<{cell.name}>")
        return space[exercise]

    def evidence(self, exercise: str, source: str | None, seed: str) -> Shown:
        """Run a check with `source` in the exercise's place, the reference if it is None."""
        space = dict(self._setup)
        for cell in self.lesson.exercises.values():
            if cell.name == exercise and source is not None:
                run(source, space, f"<answer for {exercise}>")
            else:
                run(cell.source, space, f"<{cell.name}>")
        records = self._records(exercise, space, seed)
        shown = {record["expect"]: record["value"] for record in records if "expect" in record}
        end = next(record for record in records if "done" in record)
        return Shown(
            Evidence.from_json({"shown": list(shown.items()), "failure": end["failure"]}),
            {record["expect"]: record["points"] for record in records if "points" in record},
            {record["expect"]: record["tolerance"] for record in records if "tolerance" in record},
            tuple(end["sizes"]),
            {record["expect"]: record for record in records if "score" in record or "forecast" in record},
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
                        run(source, space, f"<answer for {cell.name}>")
            elif cell.role == "check":
                records = self._records(cell.name, space, seed)
                shown = [(record["expect"], record["value"]) for record in records if "expect" in record]
                evidence[cell.name] = Evidence.from_json({"shown": shown, "failure": records[-1]["failure"]})
        return evidence

    def _records(self, exercise: str, space: dict[str, Any], seed: str) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        with collecting(seed, records.append, hidden=self.hidden or seed):
            run(self.lesson.checks[exercise].source, space, f"<check {exercise}>")
        return [record for record in records if record["check"] == exercise]

    def forbidden(self, exercise: str, source: str) -> tuple[str, ...]:
        cells = [*(cell.source for cell in self.lesson.cells if cell.type == "code"), source]
        return forbidden_names(definitions(cells), exercise, self.lesson.exercises[exercise].without)


def run(source: str, space: dict[str, Any], name: str) -> None:
    """Run a cell silently; an exception outside a check is told with its place."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, name, "exec"), space)
    except Exception as error:
        raise LessonError(f"{name} stops with {type(error).__name__}: {error}") from error
