"""What a class's marks say: how hard, how telling, what went wrong and for whom."""

from __future__ import annotations

import math
import statistics
from array import array
from dataclasses import dataclass
from typing import Any

from helper.grading.marking import Marked
from helper.grading.pages.as_json import Marks
from helper.judging.verdict import ERROR, MISTAKE, NOT_ATTEMPTED, NOT_YET, RIGHT, Verdict

BINS = 10
FEWEST = 5  # submissions from which a correlation says anything
HELP_BELOW = 0.5  # of the points
MOST_REASONS = 8
NAMED, MOST_HELPED = 12, 1000  # students who are named for one reason, and as those who need help


@dataclass(frozen=True)
class Reason:
    """What some students did, in the words they read; how many, and who the first of them are."""

    text: str
    count: int
    students: tuple[str, ...]


@dataclass(frozen=True)
class Exercise:
    """difficulty: the share of the points that was reached; discrimination: the correlation with the points for
    everything else, None where there is none."""

    name: str
    right: int
    tried: int
    difficulty: float
    discrimination: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class LessonSummary:
    """One lesson. bars: how many have each tenth of the points, the last with all of them; help: who needs it most;
    below: how many need it."""

    name: str
    submissions: int
    max: float
    mean: float
    median: float
    bars: tuple[int, ...]
    exercises: tuple[Exercise, ...]
    help: tuple[tuple[str, float, str], ...]
    below: int


def summarise(marks: Marks) -> tuple[LessonSummary, ...]:
    """Count one submission after another: of a large class none is kept in memory."""
    lessons: dict[str, _Lesson] = {}
    for student, of_student in marks.items():
        for lesson, marked in of_student.items():
            lessons.setdefault(lesson, _Lesson()).count(student, marked)
    return tuple(lessons[name].summary(name) for name in sorted(lessons))


class _First:
    """The first in order of many, and how many there were."""

    def __init__(self, most: int) -> None:
        self._most, self._some = most, list[tuple[Any, ...]]()
        self.count = 0

    def add(self, item: tuple[Any, ...]) -> None:
        self.count += 1
        self._some.append(item)
        if len(self._some) > 2 * self._most:
            self._some = self.items()

    def items(self) -> list[tuple[Any, ...]]:
        return sorted(self._some)[: self._most]


class _Together:
    """How far two numbers go together, as a correlation."""

    def __init__(self) -> None:
        self._count = 0
        self._x = self._y = self._xx = self._yy = self._xy = 0.0  # means, and sums of squares around them

    def add(self, x: float, y: float) -> None:
        self._count += 1
        dx, dy = x - self._x, y - self._y
        self._x += dx / self._count
        self._y += dy / self._count
        self._xx += dx * (x - self._x)
        self._yy += dy * (y - self._y)
        self._xy += dx * (y - self._y)

    def correlation(self) -> float | None:
        if self._count < FEWEST or not self._xx or not self._yy:
            return None
        return self._xy / math.sqrt(self._xx * self._yy)


class _Exercise:
    """What is counted for one exercise."""

    def __init__(self) -> None:
        self.right = self.tried = 0
        self.points = self.max = 0.0
        self.together = _Together()
        self.reasons: dict[str, _First] = {}

    def count(self, student: str, verdict: Verdict, rest: float) -> None:
        self.right += verdict.verdict == RIGHT
        self.tried += verdict.verdict != NOT_ATTEMPTED
        self.points += verdict.points
        self.max += verdict.max
        self.together.add(verdict.points, rest)
        if verdict.verdict != RIGHT:
            self.reasons.setdefault(_reason(verdict), _First(NAMED)).add((student,))

    def summary(self, name: str) -> Exercise:
        commonest = sorted(self.reasons.items(), key=lambda entry: (-entry[1].count, entry[0]))
        return Exercise(
            name,
            self.right,
            self.tried,
            self.points / self.max if self.max else 0.0,
            self.together.correlation(),
            tuple(
                Reason(text, who.count, tuple(student for (student,) in who.items()))
                for text, who in commonest[:MOST_REASONS]
            ),
        )


class _Lesson:
    """What is counted for one lesson."""

    def __init__(self) -> None:
        self.points = array("d")
        self.max = 0.0
        self.exercises: dict[str, _Exercise] = {}
        self.weak = _First(MOST_HELPED)

    def count(self, student: str, marked: Marked) -> None:
        points = marked.points
        self.points.append(points)
        self.max = max(self.max, marked.max)
        for verdict in marked.verdicts:
            exercise = self.exercises.setdefault(verdict.check, _Exercise())
            exercise.count(student, verdict, points - verdict.points)
        if points < HELP_BELOW * marked.max:
            self.weak.add((points, student, _why(marked)))

    def summary(self, name: str) -> LessonSummary:
        bars = [0] * BINS
        for earned in self.points:
            bars[min(BINS - 1, int(BINS * earned / self.max)) if self.max else 0] += 1
        return LessonSummary(
            name,
            len(self.points),
            self.max,
            statistics.fmean(self.points),
            statistics.median(self.points),
            tuple(bars),
            tuple(exercise.summary(check) for check, exercise in self.exercises.items()),
            tuple((student, earned, why) for earned, student, why in self.weak.items()),
            self.weak.count,
        )


def _reason(verdict: Verdict) -> str:
    """Return what students who went wrong in one way have in common."""
    if verdict.pieces and verdict.pieces[0].kind == "builds on":
        return verdict.pieces[0].gist
    if verdict.verdict in (MISTAKE, NOT_YET, ERROR) and verdict.pieces:
        return " ".join(piece.gist for piece in verdict.pieces)
    return verdict.verdict


def _why(row: Marked) -> str:
    if row.problem:
        return row.problem
    untried = sum(verdict.verdict == NOT_ATTEMPTED for verdict in row.verdicts)
    stopped = sum(verdict.verdict == ERROR for verdict in row.verdicts)
    said = [f"{untried} not attempted"] if untried else []
    said += [f"{stopped} stopped by an error"] if stopped else []
    return ", ".join(said)
