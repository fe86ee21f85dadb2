"""The proof that the graders tell right from wrong: every answer of a bank, judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from helper.judging.evidence import Evidence, Failure
from helper.judging.judge import HALF, judge
from helper.judging.key import CheckKey, Key
from helper.judging.verdict import MISTAKE, NOT_ATTEMPTED, RIGHT, Verdict
from helper.lessons.lesson import Answer, LessonError
from helper.lessons.stage import Stage


@dataclass(frozen=True)
class Tried:
    """One answer and what the judge said.

    problem: why that is not as it must be, or ""; confusion: the other mistake that this one would be taken for if
    the bank did not have it, or "".
    """

    answer: Answer
    verdict: Verdict
    problem: str
    confusion: str = ""


def try_answers(stage: Stage, key: Key, exercises: Iterable[str] | None = None) -> list[Tried]:
    """Judge the reference and every answer of the bank under the key's seed, and name what is not as it must be."""
    lesson = stage.lesson
    tried = []
    for exercise in exercises or lesson.exercises:
        reference = Answer(exercise, "right", "the reference", lesson.exercises[exercise].source, 0)
        bank = [answer for answer in lesson.answers if answer.exercise == exercise]
        for answer in [reference, *bank]:
            evidence = stage.evidence(exercise, answer.source, key.seed).evidence
            check = key.checks[exercise]
            verdict = judge(evidence, check, key.lesson)
            confusion = _confused(answer, evidence, check, key.lesson)
            tried.append(Tried(answer, verdict, _problem(answer, verdict), confusion))
    return tried


def try_elsewhere(stage: Stage, keys: Sequence[Key], answers: Iterable[Answer]) -> list[list[Tried]]:
    """Judge answers that nobody tuned a check for, under each key. Returns for each answer what each key made of it.

    A right one must pass, a mistake must fail, and what is said of it must not depend on the seed.
    """
    found = []
    for answer in answers:
        rows: list[Tried] = []
        for key in keys:
            verdict = _judged(stage, key, answer)
            problem = _decided_wrongly(answer, verdict)
            if not problem and rows and _said(verdict) != _said(rows[0].verdict):
                problem = f"the advice differs from that under seed {keys[0].seed}"
            rows.append(Tried(answer, verdict, problem))
        found.append(rows)
    return found


def _judged(stage: Stage, key: Key, answer: Answer) -> Verdict:
    check = key.checks[answer.exercise]
    try:
        evidence = stage.evidence(answer.exercise, answer.source, key.seed).evidence
    except LessonError as error:  # the cell itself stops
        cause = error.__cause__
        evidence = Evidence(failure=Failure(type(cause).__name__, str(cause)))
    return judge(evidence, check, key.lesson, stage.mentioned(answer.exercise, answer.source))


def _said(verdict: Verdict) -> tuple[object, ...]:
    return verdict.verdict, tuple(piece.claim for piece in verdict.pieces)


def _decided_wrongly(answer: Answer, verdict: Verdict) -> str:
    if answer.kind == "right":
        if verdict.verdict == RIGHT:
            return ""
        return "a right answer does not pass: " + " ".join(verdict.advice)
    if verdict.verdict == RIGHT or verdict.points >= verdict.max > 0:
        return "a mistake passes"
    return ""


def _problem(answer: Answer, verdict: Verdict) -> str:
    wrong = _decided_wrongly(answer, verdict)
    if wrong or answer.kind == "right":
        return wrong
    if verdict.verdict == NOT_ATTEMPTED:
        return "a mistake counts as not attempted"
    if verdict.pieces[0].kind == "forbidden":  # which has its own advice, and the mistake is there to show it
        return ""
    if verdict.verdict != MISTAKE or answer.title not in named(verdict):
        return "a mistake does not get its own advice, but: " + " ".join(verdict.advice)
    if verdict.points > HALF * verdict.max and not answer.slip:
        return (
            f"a mistake earns {verdict.points:g} of {verdict.max:g}: let it earn at most half, or say slip=true "
            "in the bank if it has the idea of the exercise"
        )
    return ""


def named(verdict: Verdict) -> list[str]:
    """Return the advice of all mistakes that a verdict names."""
    first = verdict.pieces[0]
    return list(first.fields.get("texts", [first.fields.get("text", "")]))


def _confused(answer: Answer, evidence: Evidence, check: CheckKey, salt: str) -> str:
    if answer.kind == "right" or evidence.ran:
        return ""
    others = tuple(item for item in check.mistakes if answer.title not in item.advice)
    verdict = judge(evidence, replace(check, mistakes=others), salt)
    if verdict.pieces and verdict.pieces[0].kind in ("mistake", "likely", "either"):
        return " ".join(named(verdict))
    return ""
