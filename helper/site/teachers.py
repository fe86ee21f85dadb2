"""Half a page for whoever teaches a lesson, from its text and its bank: never the text of an answer."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from helper.judging.judge import judge
from helper.judging.key import Key
from helper.lessons.lesson import Lesson
from helper.site.lesson_pages import Released, text_of

QUESTIONS = 3
STALLS = 3


@dataclass(frozen=True)
class Stall:
    """An exercise where people stall.

    mistakes: how many the bank knows; keeps: the points, of `points`, that one of them keeps on average, as in the
    example class, whose students make one at random; advice: of two of them.
    """

    exercise: str
    mistakes: int
    keeps: float
    points: float
    advice: tuple[str, ...]


def stalls(lesson: Lesson, key: Key) -> list[Stall]:
    """Return the exercises with the most known mistakes. Exit questions are left out: advice would answer them."""
    known = Counter(
        answer.exercise
        for answer in lesson.answers
        if answer.kind == "mistake" and not answer.exercise.startswith("exit_")
    )
    return [
        Stall(name, count, _kept(key, name), key.checks[name].points, tuple(_advice(lesson, name)[:2]))
        for name, count in known.most_common(STALLS)
    ]


def questions(released: Released) -> list[str]:
    """Return three predict questions, from the beginning, the middle and the end of a lesson."""
    asked = [said for said in predictions(released.prose) if "?" in said and "\n" not in said]
    if len(asked) <= QUESTIONS:
        return asked
    return [asked[0], asked[len(asked) // 2], asked[-1]]


def predictions(prose: str) -> list[str]:
    """Return every paragraph that asks to predict, in order, each in a line, and the list below it if it has one."""
    parts = re.split(r"\n\s*\n", prose)
    asked = []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if "**Predict" not in part or re.match(r"[-#|<]", part):
            continue
        said = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", part).split())
        said = re.sub(r"^\*\*Predict\.\*\* ", "", said)
        said = re.sub(r"\*\*(Predict[^*]*)\*\*", r"\1", said)
        if re.match(r"- ", following):
            asked.append(f"{said}\n\n{following.strip()}")
        elif "?" in said or part.startswith("**Predict.**"):  # else it is a word to a reader, not a question
            asked.append(said)
    return asked


def to_skip(released: Released) -> list[str]:
    """Return the numbered sections in which nobody writes an answer: they can be read at home."""
    sections: list[tuple[str, bool]] = []
    for cell in released.cells:
        if cell["cell_type"] == "markdown":
            for heading in re.findall(r"^## (.+)$", text_of(cell), re.M):
                if re.match(r"\d", heading):
                    sections.append((heading, False))
        elif sections and "exercise" in cell["metadata"].get("course", {}):
            sections[-1] = (sections[-1][0], True)
    return [heading for heading, written in sections if not written]


def _kept(key: Key, exercise: str) -> float:
    """Return the points that a mistake keeps on average. Those that cannot be told apart are judged once, and count."""
    check = key.checks[exercise]
    earned = [
        judge(mistake.evidence, check, key.lesson).points
        for mistake in check.mistakes
        for _ in mistake.advice
    ]
    return sum(earned) / len(earned)


def _advice(lesson: Lesson, exercise: str) -> list[str]:
    return [
        answer.title for answer in lesson.answers if answer.exercise == exercise and answer.kind == "mistake"
    ]
