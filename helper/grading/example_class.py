"""Write an example class from the answers banks, with a sheet of the marks each student must get."""

from __future__ import annotations

import ast
import json
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helper.course import CourseError
from helper.files import write_whole
from helper.grading.classroom import Classroom
from helper.grading.keys import attempt_of, own_seed
from helper.judging.judge import judge
from helper.judging.key import Key
from helper.lessons.lesson import Answer, Lesson, read
from helper.nbgrading.metadata import grade_id, is_check

if TYPE_CHECKING:
    from helper.lessons.stage import Stage

NAMES = [
    "ada",
    "alan",
    "amara",
    "anna",
    "boris",
    "carla",
    "chen",
    "diego",
    "dora",
    "elif",
    "emil",
    "fatima",
    "felix",
    "grace",
    "hana",
    "hugo",
    "ines",
    "ivan",
    "jana",
    "jonas",
    "kofi",
    "lena",
    "liam",
    "lina",
    "marie",
    "mateo",
    "mei",
    "milan",
    "nadia",
    "nils",
    "nora",
    "omar",
    "paul",
    "petra",
    "priya",
    "rosa",
    "ruben",
    "sara",
    "sofia",
    "tariq",
    "tessa",
    "tomas",
    "uma",
    "vera",
    "viktor",
    "yara",
    "yusuf",
    "zoe",
]


@dataclass(frozen=True)
class Given:
    """What one student hands in for one exercise: code for its cell, if any, and for a cell of one's own above."""

    what: str
    source: str | None
    own: str = ""


def write_class(
    room: Classroom,
    students: int,
    seed: int = 0,
    only: Sequence[str] = (),
    tell: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write `students` submissions per lesson and sheet.json into the classroom.

    The submissions are the same for the same seed. The first students show one thing each throughout (all right,
    nothing attempted, and so on), the others a mixture. The sheet holds what each must get for its own questions under
    the classroom's secret seed, found by running the code here, without notebook, sandbox or workers. Returns the
    sheet's path. Raises CourseError for an unknown lesson or no students.
    """
    from helper.lessons.key_of import make_key  # torch with it
    from helper.lessons.stage import Stage  # torch with it

    if students < 1:
        raise CourseError(f"A class of {students} is none: ask for at least one student.")
    unknown = [lesson for lesson in only if lesson not in room.lessons]
    if unknown:
        raise CourseError(f'There is no lesson "{unknown[0]}": the lessons are {", ".join(room.lessons)}.')
    sheet: dict[str, Any] = {"students": {}}
    for lesson_stem in only or room.lessons:
        tell(lesson_stem)
        lesson, release = read(room.course.solutions, lesson_stem), room.release(lesson_stem)
        stage = Stage(lesson)
        for number in range(students):
            student = _name(number)
            dice = random.Random(f"{seed}/{lesson_stem}/{number}")
            handed = {exercise: _choose(lesson, exercise, number, dice) for exercise in lesson.exercises}
            notebook = _notebook(release, handed, number, dice)
            folder = room.submitted / student / lesson_stem
            shutil.rmtree(folder, ignore_errors=True)
            text = json.dumps(notebook, indent=1) + "\n"
            write_whole(folder / f"{lesson_stem}.ipynb", text)
            questions = own_seed(room.seed, student, lesson_stem, attempt_of(text.encode()))
            key = make_key(stage, questions, reference_only=True)
            points = _points(stage, key, release, handed)
            sheet["students"].setdefault(student, {})[lesson_stem] = {
                "points": round(sum(points.values()), 2),
                "checks": {exercise: round(earned, 2) for exercise, earned in points.items()},
                "what": {exercise: given.what for exercise, given in handed.items()},
            }
    path = room.root / "sheet.json"
    write_whole(path, json.dumps(sheet, indent=1) + "\n")
    return path


def differences(sheet: Mapping[str, Any], marks: Mapping[str, Any]) -> list[str]:
    """Compare a sheet with marks as `course grade --json` writes them, and name every mark that differs."""
    found = []
    for student, of_student in sheet["students"].items():
        for lesson, wanted in of_student.items():
            got = marks["students"].get(student, {}).get(lesson)
            if got is None:
                found.append(f"{student}, {lesson}: not marked")
                continue
            for exercise, points in wanted["checks"].items():
                mark = got["checks"][exercise]["points"]
                if abs(mark - points) > 0.01:
                    found.append(f"{student}, {lesson}, {exercise}: {mark:g} instead of {points:g}")
    return found


def _name(number: int) -> str:
    name = NAMES[number % len(NAMES)]
    return name if number < len(NAMES) else f"{name}-{number // len(NAMES) + 1}"


def _points(
    stage: Stage, key: Key, release: Mapping[str, Any], handed: Mapping[str, Given]
) -> dict[str, float]:
    """Say what a student's answers are worth together: one may call another, right or wrong."""
    stubs = {grade_id(cell): "".join(cell["source"]) for cell in release["cells"]}
    answers = {
        exercise: [given.own, stubs[exercise] if given.source is None else given.source]
        for exercise, given in handed.items()
    }
    shown = stage.evidence_of_all(answers, key.seed)
    return {name: judge(shown[name], check, key.lesson).points for name, check in key.checks.items()}


def _choose(lesson: Lesson, exercise: str, number: int, dice: random.Random) -> Given:
    bank = [answer for answer in lesson.answers if answer.exercise == exercise]
    rights = [answer for answer in bank if answer.kind == "right"] or [_reference(lesson, exercise)]
    mistakes = [answer for answer in bank if answer.kind == "mistake"]
    is_function = f"def {exercise}(" in lesson.exercises[exercise].source
    kinds = ["right", "mistake", "not attempted", "exception", "own cell", "slow", "syntax error", "warning"]
    kind = kinds[number] if number < len(kinds) else dice.choices(kinds, [8, 6, 1, 1, 1, 0.2, 0.5, 1])[0]
    right = _code(dice.choice(rights))
    if kind == "mistake" and mistakes:
        answer = dice.choice(mistakes)
        return Given(answer.title, _code(answer))
    if kind == "not attempted":
        return Given(kind, None)
    if kind == "exception" and is_function:
        return Given(kind, f"def {exercise}(*args, **kwargs):\n    raise ValueError('I am lost')")
    if kind == "syntax error":
        return Given(kind, f"{exercise} = = 1")
    if kind == "own cell" and is_function:
        own = f"{right}\n\nmy_{exercise} = {exercise}"
        answer_cell = f"def {exercise}(*args, **kwargs):\n    return my_{exercise}(*args, **kwargs)"
        return Given(kind, answer_cell, own)
    if kind == "slow" and exercise == next(iter(lesson.exercises)):
        return Given(kind, f"import time\ntime.sleep(1.5)\n{right}")
    if kind == "warning":
        return Given(kind, f"import warnings\nwarnings.warn('only a warning')\n{right}")
    return Given("right", right)


def _reference(lesson: Lesson, exercise: str) -> Answer:
    return Answer(exercise, "right", "the reference", lesson.exercises[exercise].source, 0)


def _code(answer: Answer) -> str:
    """Return an answer without its title, as a student would have written it."""
    first = ast.parse(answer.source).body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        return answer.source
    return "\n".join(answer.source.split("\n")[first.end_lineno or 0 :]).strip("\n")


def _notebook(
    release: Mapping[str, Any], handed: Mapping[str, Given], number: int, dice: random.Random
) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    for cell in release["cells"]:
        given = handed.get(grade_id(cell))
        if given and given.own:
            cells.append(_own(f"own-{len(cells)}", given.own))
        changed = {"source": given.source} if given and given.source is not None else {}
        cells.append({**cell, **changed, "attachments": {}} if "attachments" in cell else {**cell, **changed})
    if number % 3 == 2:
        cells.append(_own("thoughts", "print('my own notes')"))
    if number % 5 == 4:
        checks = [index for index, cell in enumerate(cells) if is_check(cell)]
        cells.append(cells[dice.choice(checks)])  # copied by accident
    return {**release, "cells": cells}


def _own(name: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
