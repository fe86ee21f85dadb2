"""Write the skeleton of a lesson or of an exercise: text, answers and figure, ready to build."""

from __future__ import annotations

import re
from pathlib import Path

from helper.course import Course
from helper.files import write_whole
from helper.lessons.lesson import LessonError, stems

_TEMPLATES = Path(__file__).parent / "templates"
_NAMES = ("lesson.py.txt", "exercise.py.txt", "answers.py.txt", "exit_answers.py.txt", "figure.py.txt")


def new_lesson(course: Course, stem: str) -> list[Path]:
    """Write solutions/<stem>.py, its answers and img/<stem>.py. Raises LessonError if the stem is taken or no stem."""
    match = re.fullmatch(r"(\d\d)_([a-z][a-z0-9_]*)", stem)
    if not match:
        raise LessonError(f'"{stem}" is no stem: two digits and words, such as 12_attention.')
    if stem in stems(course.solutions):
        raise LessonError(
            f'{course.solutions / f"{stem}.py"} exists: add to it with "course new {stem}/EXERCISE".'
        )
    words = {"STEM": stem, "NUMBER": str(int(match[1])), "NAME": match[2]}
    words["TITLE"] = match[2].replace("_", " ").capitalize()
    lesson, exercise, answers, exits, figure = (
        _filled(name, {**words, "EXERCISE": "mean_of"}) for name in _NAMES
    )
    return [
        _write(course.solutions / f"{stem}.py", lesson.replace("# EXERCISES HERE\n", exercise)),
        _write(course.solutions / f"{stem}_answers.py", answers + exits),
        _write(course.root / "img" / f"{stem}.py", figure),
    ]


def new_exercise(course: Course, stem: str, exercise: str) -> list[Path]:
    """Add the task, the exercise, its check and a bank to the end of a lesson. Raises LessonError if it is there."""
    if stem not in stems(course.solutions):
        raise LessonError(f'There is no lesson "{stem}": write it with "course new {stem}".')
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", exercise):
        raise LessonError(
            f'"{exercise}" is not a name for a function: small letters, digits and underscores.'
        )
    text, answers = course.solutions / f"{stem}.py", course.solutions / f"{stem}_answers.py"
    if f'exercise="{exercise}"' in text.read_text(encoding="utf-8"):
        raise LessonError(f'{text} has an exercise "{exercise}" already: choose another name.')
    for path, name in ((text, "exercise.py.txt"), (answers, "answers.py.txt")):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        write_whole(path, f"{before.rstrip()}\n\n{_filled(name, {'EXERCISE': exercise})}".lstrip())
    return [text, answers]


def _filled(name: str, words: dict[str, str]) -> str:
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    for word, meant in words.items():
        text = text.replace(f"@{word}@", meant)
    return text


def _write(path: Path, text: str) -> Path:
    if path.exists():
        raise LessonError(f"{path} exists; nothing was overwritten. Move it away, or choose another stem.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
    return path
