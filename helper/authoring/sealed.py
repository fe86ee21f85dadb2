"""Make what a student may see after passing: other right answers, and programs of others that failed, for review."""

from __future__ import annotations

from typing import Any

from helper.desk import seal
from helper.judging.evidence import Plain
from helper.judging.judge import judge
from helper.judging.key import Key
from helper.lessons.lesson import Answer
from helper.lessons.stage import Stage

SHOWN = 2  # right answers to compare with
FAULTY = 4  # programs of a lesson's bank that a review may ask about, for each exercise


def sealed_answers(stage: Stage, key: Key) -> dict[str, dict[str, Any]]:
    """Return for each exercise with right answers in the bank a seal that every one of them opens.

    key: of practice; by it a program's failing expectations are known. Expectations whose evidence differs too much
    from one right answer to another are left out of the seal; without any left, it opens without evidence.
    """
    made = {}
    for name in stage.lesson.exercises:
        bank = [answer for answer in stage.lesson.answers if answer.exercise == name]
        right = [answer for answer in bank if answer.kind == "right"]
        if not right:
            continue
        runs = [_shown(stage, name, source) for source in [None, *(answer.source for answer in right)]]
        sketched = seal.sketch(runs[0], _steady(runs))
        content = {
            "right": [{"title": answer.title, "source": answer.source.strip()} for answer in right[:SHOWN]],
            "faulty": _faulty(stage, key, name, bank),
        }
        made[name] = {"sketch": sketched, "box": seal.lock(content, seal.password(runs[0], sketched))}
    return made


def _shown(stage: Stage, name: str, source: str | None) -> dict[str, Plain]:
    return dict(stage.evidence(name, source, seal.SEED).evidence.shown)


def _steady(runs: list[dict[str, Plain]]) -> list[str]:
    """Return the expectations by which every right answer gives the same password."""
    names = []
    for name in runs[0]:
        sketched = seal.sketch(runs[0], [name])
        if len({seal.password(shown, sketched) for shown in runs}) == 1:
            names.append(name)
    return names


def _faulty(stage: Stage, key: Key, name: str, bank: list[Answer]) -> list[dict[str, Any]]:
    """Return mistakes whose programs run through and fail some expectations but not all: a question with an answer."""
    found = []
    for answer in bank:
        if answer.kind != "mistake":
            continue
        verdict = judge(stage.evidence(name, answer.source, key.seed).evidence, key.checks[name], key.lesson)
        wrong = [result.name for result in verdict.results if not result.right]
        if wrong:
            found.append({"source": answer.source.strip(), "advice": answer.title, "wrong": wrong})
    found.sort(key=lambda item: len(item["wrong"]) == len(key.checks[name].expectations))
    return found[:FAULTY]
