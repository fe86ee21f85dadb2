"""The proof that the graders tell right from wrong: every answer of a bank, judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from helper.judging.evidence import Evidence
from helper.judging.judge import judge
from helper.judging.key import Key
from helper.judging.verdict import MISTAKE, NOT_ATTEMPTED, RIGHT, Verdict
from helper.lessons.lesson import Answer
from helper.lessons.stage import Stage


@dataclass(frozen=True)
class Tried:
    """One answer of the bank and what the judge said. problem: why that is not as it must be, or ""."""

    answer: Answer
    verdict: Verdict
    problem: str


def try_answers(stage: Stage, key: Key, exercises: Iterable[str] | None = None) -> list[Tried]:
    """Judge the reference and every answer of the bank under the key's seed, and name what is not as it must be."""
    lesson = stage.lesson
    tried = []
    for exercise in exercises or lesson.exercises:
        reference = Answer(exercise, "right", "the reference", lesson.exercises[exercise].source, 0)
        bank = [answer for answer in lesson.answers if answer.exercise == exercise]
        for answer in [reference, *bank]:
            evidence = stage.evidence(exercise, answer.source, key.seed).evidence
            verdict = judge(evidence, key.checks[exercise], key.lesson)
            tried.append(Tried(answer, verdict, _problem(answer, verdict, evidence)))
    return tried


def _problem(answer: Answer, verdict: Verdict, evidence: Evidence) -> str:
    if answer.kind == "right":
        if verdict.verdict == RIGHT:
            return ""
        return "a right answer does not pass: " + " ".join(verdict.advice)
    if verdict.verdict == RIGHT or verdict.points >= verdict.max > 0:
        return "a mistake passes"
    if verdict.verdict == NOT_ATTEMPTED:
        return "a mistake counts as not attempted"
    # A forbidden name has its own advice, which the mistake is there to show.
    first = verdict.pieces[0]
    named = first.fields.get("texts", [first.fields.get("text")])
    if verdict.verdict != MISTAKE or not (answer.title in named or first.kind == "forbidden"):
        return "a mistake does not get its own advice, but: " + " ".join(verdict.advice)
    return ""
