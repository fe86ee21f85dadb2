"""What every lesson and its bank must have, beside right answers that pass and mistakes that get their own advice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from helper.judging.evidence import plain
from helper.judging.judge import HALF, judge
from helper.judging.key import Key
from helper.lessons.key_of import PRACTICE
from helper.lessons.lesson import Kind, Lesson
from helper.lessons.stage import Stage

EXERCISE_POINTS, EXIT_POINTS = 17, 3
RIGHT_ANSWERS, MISTAKES, DISTRACTORS = 2, 4, 2  # at least, beside the reference
THOUGHTLESS = {
    "None": "lambda *args, **kwargs: None",
    "zero": "lambda *args, **kwargs: 0.0",
    "one": "lambda *args, **kwargs: 1",
    "True": "lambda *args, **kwargs: True",
    "its input": "lambda *args, **kwargs: args[0] if args else None",
}
_WORDS = {"right": "right answers beside the reference", "mistake": "mistakes with their advice"}
THOUGHTLESS_SHARE = 1 / 3  # of the points of an exercise, at most

values: list[Any] = []  # what the reference returned, call by call, for the two sources below
_NOTED = """
from helper.authoring.rules import values as _values
_answer = {0}
def {0}(*args, **kwargs):
    _values.append(_answer(*args, **kwargs))
    return _values[-1]
"""
_REPEATED = """
from helper.authoring.rules import values as _values
_left = iter([*_values])
def {0}(*args, **kwargs):
    return next(_left)
"""


def is_exit_question(exercise: str) -> bool:
    return exercise.startswith("exit_")


def broken_by_lesson(lesson: Lesson) -> list[str]:
    """Return a sentence for each rule that the lesson as a whole breaks. A warm-up has no points at all."""
    if lesson.points == 0:
        return []
    exits = sum(cell.points for cell in lesson.checks.values() if is_exit_question(cell.name))
    if (lesson.points - exits, exits) == (EXERCISE_POINTS, EXIT_POINTS):
        return []
    return [
        f"{lesson.stem} has {lesson.points - exits:g} points of exercises and {exits:g} of exit questions: "
        f"a lesson has {EXERCISE_POINTS} and {EXIT_POINTS}."
    ]


def broken_by_bank(lesson: Lesson, exercise: str) -> list[str]:
    """Return a sentence for each rule that an exercise's bank of answers breaks."""
    kinds = [answer.kind for answer in lesson.answers if answer.exercise == exercise]
    if f"{exercise} = ..." in lesson.exercises[exercise].source:
        least: dict[Kind, int] = {"mistake": DISTRACTORS}
    else:
        least = {"right": RIGHT_ANSWERS, "mistake": MISTAKES}
    return [
        f"{exercise} has {kinds.count(kind)} {_WORDS[kind]}: write at least {number}."
        for kind, number in least.items()
        if kinds.count(kind) < number
    ]


def broken_by_luck(stage: Stage, exercise: str, key: Key) -> Iterator[str]:
    """Yield a sentence for each answer without a thought that earns too much under a key's seed."""
    if is_exit_question(exercise):
        return  # one letter is one letter
    check = key.checks[exercise]
    tries = [
        (
            f"always gives {name}",
            f"{exercise} = {source}",
            THOUGHTLESS_SHARE,
            "a third may be had without a thought",
        )
        for name, source in THOUGHTLESS.items()
    ]
    if key.seed != PRACTICE and not any(item.score for item in check.expectations):
        told = "gives in turn what was right in practice"
        tries.append((told, _by_heart(stage, exercise), HALF, "half may be known by heart"))
    for name, source, share, limit in tries:
        verdict = judge(stage.evidence(exercise, source, key.seed).evidence, check, key.lesson)
        if verdict.points > verdict.max * share:
            yield (
                f"{exercise}: an answer that {name} earns {verdict.points:g} of {verdict.max:g} points "
                f'under seed "{key.seed}"; at most {limit}.'
            )


def _by_heart(stage: Stage, exercise: str) -> str:
    """Return an answer that knows all that the reference returned under the seed of practice, and nothing else."""
    values.clear()
    stage.evidence(exercise, stage.lesson.exercises[exercise].source + _NOTED.format(exercise), PRACTICE)
    if any("object" in str(plain(value)) for value in values):
        values.clear()  # networks, generators and the like work for other inputs too
    return _REPEATED.format(exercise)
