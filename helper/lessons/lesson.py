"""Read a lesson and its answers bank from their text files, and refuse what cannot work."""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from helper.course import CourseError
from helper.judging.names import unreadable

_TITLE = re.compile(r'''\A(?:\s*#[^\n]*\n|\s)*("""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*")\s*''', re.S)

Kind = Literal["right", "mistake"]


class LessonError(CourseError):
    """Something in a lesson's text that its author must mend: one sentence, with the place."""


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson's text. role: "", "setup", "exercise" or "check"; name: of its exercise."""

    type: str
    source: str
    metadata: Mapping[str, Any]
    role: str = ""
    name: str = ""
    points: float = 0.0
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A cell that could stand in an exercise's place, with a title (right) or advice (mistake).

    slip: a mistake that has the idea of the exercise and may earn more than half of its points.
    """

    exercise: str
    kind: Kind
    title: str
    source: str
    line: int
    slip: bool = False


@dataclass(frozen=True)
class Lesson:
    """A lesson as written: its cells from top to bottom and its answers bank."""

    stem: str
    path: Path
    text: str
    cells: tuple[Cell, ...]
    answers: tuple[Answer, ...]
    written: str

    @cached_property
    def exercises(self) -> dict[str, Cell]:
        return {cell.name: cell for cell in self.cells if cell.role == "exercise"}

    @cached_property
    def checks(self) -> dict[str, Cell]:
        return {cell.name: cell for cell in self.cells if cell.role == "check"}

    @property
    def points(self) -> float:
        return sum(cell.points for cell in self.checks.values())


def stems(solutions: Path) -> list[str]:
    """Return the stems of all lessons in a folder, in order."""
    return sorted(path.stem for path in solutions.glob("[0-9]*.py") if not path.stem.endswith("_answers"))


def neighbours(solutions: Path, stem: str) -> tuple[str, str]:
    """Return the stems of the lessons before and after one, "" where there is none."""
    known = ["", *stems(solutions), ""]
    place = known.index(stem)
    return known[place - 1], known[place + 1]


def address(solutions: Path) -> str:
    """Return where the course can be installed from, if whoever publishes it said so in pyproject.toml, or ""."""
    try:
        project = tomllib.loads((solutions.parent / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["tool"]["course"]["address"])
    except (OSError, KeyError, ValueError):
        return ""


def written_hash(solutions: Path, stem: str) -> str:
    """Hash what a lesson is built from: its text, its answers, its figures, and what the build puts around it."""
    text = _without_returns(solutions / f"{stem}.py")
    digest = hashlib.sha256(text)
    answers = solutions / f"{stem}_answers.py"
    digest.update(_without_returns(answers) if answers.exists() else b"")
    for figure in sorted(set(re.findall(rb"\]\((\.\./img/[^)\s]+)\)", text))):
        path = solutions / figure.decode()
        digest.update(path.read_bytes() if path.exists() else b"missing")
    digest.update("\n".join([*neighbours(solutions, stem), address(solutions)]).encode())
    return digest.hexdigest()[:16]


def _without_returns(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")  # a clone on Windows may have others


def read(solutions: Path, stem: str) -> Lesson:
    """Read a lesson and its bank. Raises LessonError, with file and line, for what cannot be built."""
    path = solutions / f"{stem}.py"
    known = stems(solutions)
    if stem not in known:
        listed = ", ".join(known) or "none yet"
        raise LessonError(f'There is no lesson "{stem}" in {solutions}: the lessons are {listed}.')
    text = path.read_text(encoding="utf-8")
    answers_path = solutions / f"{stem}_answers.py"
    answers_text = answers_path.read_text(encoding="utf-8") if answers_path.exists() else ""
    cells = tuple(_cell(path, text, raw) for raw in parse(text))
    answers = tuple(_answers(answers_path, answers_text)) if answers_text else ()
    lesson = Lesson(stem, path, text, cells, answers, written_hash(solutions, stem))
    _refuse_damage(path, text)
    _refuse_damage(answers_path, answers_text)
    _refuse_structure(lesson, answers_path)
    return lesson


def parse(text: str) -> list[Any]:
    """Turn percent text into notebook cells."""
    import jupytext

    return list(jupytext.reads(text, fmt="py:percent").cells)


def _cell(path: Path, text: str, raw: Any) -> Cell:
    roles = [role for role in ("setup", "exercise", "check") if raw.metadata.get(role)]
    if len(roles) > 1:
        raise LessonError(
            f"{_place(path, text, roles[0])}: a cell has one role, this one has {' and '.join(roles)}."
        )
    role = roles[0] if roles else ""
    name = str(raw.metadata[role]) if role in ("exercise", "check") else ""
    without = tuple(raw.metadata.get("without", ()))
    points = raw.metadata.get("points", 0)
    written = isinstance(points, int | float) and points >= 0 and "points" in raw.metadata
    if role == "check" and not written:
        raise LessonError(
            f'{_place(path, text, role, name)}: check "{name}" needs points=, a number, or 0 in a warm-up.'
        )
    if name and not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise LessonError(
            f'{_place(path, text, role, name)}: "{name}" is not a name that Python could define.'
        )
    return Cell(raw.cell_type, raw.source, dict(raw.metadata), role, name, points, without)


def read_answers(path: Path, lesson: Lesson) -> tuple[Answer, ...]:
    """Read answers for a lesson from any file in the form of a bank. Raises CourseError for what is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise LessonError(
            f"{path} cannot be read: give a text file in the form of an answers bank."
        ) from error
    answers = tuple(_answers(path, text))
    for answer in answers:
        if answer.exercise not in lesson.exercises:
            raise LessonError(
                f'{path}:{answer.line}: an answer for "{answer.exercise}", which {lesson.stem} does not have; '
                f"its exercises are {', '.join(lesson.exercises)}."
            )
    return answers


def _answers(path: Path, text: str) -> list[Answer]:
    answers = []
    for raw in parse(text):
        kinds = [kind for kind in ("right", "mistake") if kind in raw.metadata]
        if raw.cell_type != "code" or not kinds:
            continue
        kind: Kind = "right" if kinds[0] == "right" else "mistake"
        exercise = str(raw.metadata[kind])
        told = _TITLE.match(raw.source)
        if told is None:
            line = _line(text, f'{kind}="{exercise}"')
            raise LessonError(
                f'{path}:{line}: an answer for "{exercise}" must begin with its title or advice, a string.'
            )
        title = ast.literal_eval(told[1])
        source = raw.source[told.end() :]
        if unreadable(source):
            raise LessonError(f'{path}: an answer for "{exercise}" ("{title[:40]}…") is not Python.')
        line = _line(text, title.split("\n")[0].strip())
        slip = bool(raw.metadata.get("slip"))
        answers.append(Answer(exercise, kind, " ".join(title.split()), source, line, slip))
    return answers


def _refuse_damage(path: Path, text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        # Mathematics that was decoded with the wrong alphabet looks like this.
        if re.search("[\u011f\ufffd]|\u00e2[^a-zA-Z\\s]", line):
            raise LessonError(f"{path}:{number}: a character was damaged by a wrong encoding; type it again.")


def _refuse_structure(lesson: Lesson, answers_path: Path) -> None:
    path, text = lesson.path, lesson.text
    seen: set[tuple[str, str]] = set()
    for cell in lesson.cells:
        if not cell.name:
            continue
        place = _place(path, text, cell.role, cell.name)
        if (cell.role, cell.name) in seen:
            raise LessonError(f'{place}: there are two {cell.role} cells named "{cell.name}"; rename one.')
        seen.add((cell.role, cell.name))
        if cell.role == "exercise" and cell.name not in lesson.checks:
            raise LessonError(
                f'{place}: exercise "{cell.name}" has no check; add a cell with check="{cell.name}".'
            )
        if cell.role == "check":
            if cell.name not in lesson.exercises:
                raise LessonError(
                    f'{place}: check "{cell.name}" has no exercise; add a cell with exercise="{cell.name}".'
                )
            if ("exercise", cell.name) not in seen:
                raise LessonError(f'{place}: check "{cell.name}" stands above its exercise; move it below.')
            if not cell.source.startswith(f'@check("{cell.name}")\n'):
                raise LessonError(
                    f'{place}: the cell must begin with @check("{cell.name}") above def _(given, expect):'
                )
    for cell in lesson.exercises.values():
        markers = ("### BEGIN SOLUTION", "### END SOLUTION")
        counts = [cell.source.count(marker) for marker in markers]
        place = _place(path, text, "exercise", cell.name)
        if counts[0] < 1 or counts[0] != counts[1]:
            raise LessonError(
                f'{place}: exercise "{cell.name}" needs ### BEGIN SOLUTION and ### END SOLUTION.'
            )
        if re.search(r"^### BEGIN SOLUTION", cell.source, re.M) and f"{cell.name} = ..." not in cell.source:
            raise LessonError(
                f"{place}: a value to find needs the line {cell.name} = ... above its solution."
            )
    for answer in lesson.answers:
        if answer.exercise not in lesson.exercises:
            raise LessonError(
                f'{answers_path}:{answer.line}: a {answer.kind} for unknown exercise "{answer.exercise}"; '
                f"the exercises are {', '.join(lesson.exercises) or 'none'}."
            )


def _place(path: Path, text: str, role: str, name: str = "") -> str:
    needle = f'{role}="{name}"' if name else role
    return f"{path}:{_line(text, needle)}"


def _line(text: str, needle: str) -> int:
    return text[: max(text.find(needle), 0)].count("\n") + 1
