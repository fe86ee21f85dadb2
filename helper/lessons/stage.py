"""A lesson ready to be run: setup and references in one namespace, any answer in any exercise's place."""

from __future__ import annotations

import contextlib
import io
import linecache
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from helper.checking.check import collecting
from helper.checking.world import World, imports_of
from helper.judging.evidence import Evidence, same
from helper.judging.names import as_python, definitions, forbidden_names
from helper.lessons.lesson import Lesson, LessonError


@dataclass(frozen=True)
class Shown:
    """The evidence of one run of a check, with what its author said about weights, tolerances and scores.

    scored: the records of scored expectations, with the labels that are kept from answers; ready: what was prepared.
    """

    evidence: Evidence
    points: dict[str, float]
    tolerances: dict[str, float]
    sizes: tuple[int, ...]
    details: frozenset[str]
    scored: Mapping[str, Mapping[str, Any]]
    ready: Mapping[str, Any]


class Stage:
    """A lesson ready to be run: setup and reference answers, nothing else, in one namespace.

    Demonstrations do not run here, so a check that leans on one fails at once.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self._setup: dict[str, Any] = {"__name__": "__main__"}
        self._constants: dict[str, frozenset[str]] = {}
        self._sources = [cell.source for cell in lesson.cells if cell.role == "setup"]
        without = {name: cell.without for name, cell in lesson.exercises.items()}
        self.world = World(imports_of(self._sources), without)
        for number, source in enumerate(self._sources):
            run(source, self._setup, f"<{lesson.stem}, setup {number}>")

    def reference(self, exercise: str) -> Any:
        """Return what the reference defines for an exercise, to be used like the lesson's own."""
        space = dict(self._setup)
        for cell in self.lesson.exercises.values():
            run(cell.source, space, f"<{cell.name}>")
        return space[exercise]

    def evidence(self, exercise: str, source: str | None, seed: str, hidden: str | None = None) -> Shown:
        """Run a check with `source` in the exercise's place, the reference if it is None.

        hidden: the secret from which a scored check draws what no answer sees; without one it draws from the seed.
        """
        space = dict(self._setup)
        for cell in self.lesson.exercises.values():
            if cell.name == exercise and source is not None:
                run(source, space, f"<answer for {exercise}>")
            else:
                run(cell.source, space, f"<{cell.name}>")
        records = self._records(exercise, space, seed, hidden)
        end = next(record for record in records if "done" in record)
        return Shown(
            _evidence(records),
            {record["expect"]: record["points"] for record in records if "points" in record},
            {record["expect"]: record["tolerance"] for record in records if "tolerance" in record},
            tuple(end["sizes"]),
            frozenset(record["expect"] for record in records if record.get("detail")),
            {record["expect"]: record for record in records if "score" in record or "forecast" in record},
            end.get("ready", {}),
        )

    def constants(self, exercise: str) -> frozenset[str]:
        """Return the expectations of a check whose value is the same whatever the inputs are."""
        if exercise not in self._constants:
            one, other = (
                self.evidence(exercise, None, f"constant {place}").evidence.shown for place in (1, 2)
            )
            self._constants[exercise] = frozenset(
                name for name, value in one.items() if name in other and same(value, other[name])
            )
        return self._constants[exercise]

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
                evidence[cell.name] = _evidence(self._records(cell.name, space, seed))
        return evidence

    def _records(
        self, exercise: str, space: dict[str, Any], seed: str, hidden: str | None = None
    ) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        with collecting(seed, records.append, self.world, hidden=hidden or seed):
            run(self.lesson.checks[exercise].source, space, f"<check {exercise}>")
        return [record for record in records if record["check"] == exercise]

    def mentioned(self, exercise: str, source: str) -> tuple[str, ...]:
        """Return which of the names off limits stand in an answer's text."""
        cells = [*(cell.source for cell in self.lesson.cells if cell.type == "code"), source]
        return forbidden_names(definitions(cells), exercise, self.lesson.exercises[exercise].without)


def _evidence(records: Sequence[Mapping[str, Any]]) -> Evidence:
    shown = [(record["expect"], record["value"]) for record in records if "expect" in record]
    end = records[-1]
    return Evidence.from_json({"shown": shown, "failure": end["failure"], "ran": end["ran"]})


class _Shell:
    """Stands for IPython where a lesson is run without it: it runs the code that stands in a magic."""

    def __init__(self, space: dict[str, Any]) -> None:
        self._space = space

    def run_cell_magic(self, magic: str, line: str, cell: str) -> None:
        exec(compile(as_python(cell), f"<%%{magic}>", "exec"), self._space)

    def run_line_magic(self, magic: str, line: str, *_: Any) -> None:
        if magic in ("time", "timeit", "prun"):
            exec(compile(line, f"<%{magic}>", "exec"), self._space)

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None  # `!ls`, `softmax?` and the like


def run(source: str, space: dict[str, Any], name: str) -> None:
    """Run a cell silently, as a notebook would; an exception outside a check is told with its place."""
    code, lines, has_magics = _compiled(source, name)
    if has_magics:
        space["get_ipython"] = lambda: _Shell(space)
    linecache.cache[name] = (1, None, lines, name)
    try:
        quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
        with quiet[0], quiet[1], warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(code, SyntaxError):
                raise code
            exec(code, space)
    except Exception as error:
        raise LessonError(f"{name} stops with {type(error).__name__}: {error}") from error


@lru_cache(maxsize=4096)
def _compiled(source: str, name: str) -> tuple[CodeType | SyntaxError, list[str], bool]:
    """Compile a cell once, however often it is run. Returns its lines too, and whether it asks for IPython."""
    text = as_python(source)
    lines = text.splitlines(keepends=True)
    has_magics = "get_ipython(" in text
    try:
        return compile(text, name, "exec"), lines, has_magics
    except SyntaxError as error:
        return error, lines, has_magics
