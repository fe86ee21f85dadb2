"""What a class's marks say: how hard, how telling, what went wrong and for whom."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helper.grading.marking import Marked
from helper.grading.pages.as_json import Marks
from helper.judging.verdict import ERROR, MISTAKE, NOT_ATTEMPTED, NOT_YET, RIGHT, Verdict

BINS = 10
FEWEST = 5  # submissions from which a correlation says anything
HELP_BELOW = 0.5  # of the points
MOST_REASONS = 8


@dataclass(frozen=True)
class Reason:
    """What some students did, in the words they read, and who they are."""

    text: str
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
    """One lesson. bars: how many have each tenth of the points, the last with all of them; help: who needs it."""

    name: str
    submissions: int
    max: float
    mean: float
    median: float
    bars: tuple[int, ...]
    exercises: tuple[Exercise, ...]
    help: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one student has for one exercise, and which way it went wrong."""

    check: str
    verdict: str
    points: float
    max: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Row:
    """What is counted of one submission: of a large class no more is kept in memory."""

    points: float
    max: float
    why: str
    answers: tuple[_Answer, ...]


def summarise(marks: Marks) -> tuple[LessonSummary, ...]:
    lessons = sorted({lesson for of_student in marks.values() for lesson in of_student})
    seen: dict[_Answer, _Answer] = {}  # most are alike, and kept once
    return tuple(
        _lesson(lesson, {name: _to_row(of[lesson], seen) for name, of in marks.items() if lesson in of})
        for lesson in lessons
    )


def _to_row(marked: Marked, seen: dict[_Answer, _Answer]) -> _Row:
    answers = [
        _Answer(verdict.check, verdict.verdict, verdict.points, verdict.max, _reason(verdict))
        for verdict in marked.verdicts
    ]
    return _Row(
        marked.points, marked.max, _why(marked), tuple(seen.setdefault(answer, answer) for answer in answers)
    )


def _lesson(name: str, rows: Mapping[str, _Row]) -> LessonSummary:
    points = [row.points for row in rows.values()]
    most = max(row.max for row in rows.values())
    names = list(dict.fromkeys(verdict.check for row in rows.values() for verdict in row.answers))
    bars = [0] * BINS
    for earned in points:
        bars[min(BINS - 1, int(BINS * earned / most)) if most else 0] += 1
    weak = sorted(
        (row.points, student, row.why) for student, row in rows.items() if row.points < HELP_BELOW * row.max
    )
    return LessonSummary(
        name,
        len(rows),
        most,
        statistics.fmean(points),
        statistics.median(points),
        tuple(bars),
        tuple(_exercise(exercise, rows) for exercise in names),
        tuple((student, earned, why) for earned, student, why in weak),
    )


def _exercise(name: str, rows: Mapping[str, _Row]) -> Exercise:
    verdicts = {
        student: verdict for student, row in rows.items() for verdict in row.answers if verdict.check == name
    }
    most = sum(verdict.max for verdict in verdicts.values())
    rest = [rows[student].points - verdict.points for student, verdict in verdicts.items()]
    grouped: dict[str, list[str]] = {}
    for student, verdict in verdicts.items():
        if verdict.verdict != RIGHT:
            grouped.setdefault(verdict.reason, []).append(student)
    commonest = sorted(grouped.items(), key=lambda entry: (-len(entry[1]), entry[0]))[:MOST_REASONS]
    return Exercise(
        name,
        sum(verdict.verdict == RIGHT for verdict in verdicts.values()),
        sum(verdict.verdict != NOT_ATTEMPTED for verdict in verdicts.values()),
        sum(verdict.points for verdict in verdicts.values()) / most if most else 0.0,
        _correlation([verdict.points for verdict in verdicts.values()], rest),
        tuple(Reason(text, tuple(sorted(students))) for text, students in commonest),
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


def _correlation(points: Sequence[float], rest: Sequence[float]) -> float | None:
    if len(points) < FEWEST or len(set(points)) == 1 or len(set(rest)) == 1:
        return None
    return statistics.correlation(points, rest)
