"""The judge: evidence against the key. It knows nothing of the process that produced the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from helper.judging import advice, compare, errors
from helper.judging.evidence import Evidence, Failure, Plain, numbers_of, same, sealed
from helper.judging.key import CheckKey, Expectation, Mistake, sealed_failure
from helper.judging.score import Counted, Forecast, Score, count
from helper.judging.score import compare as compare_accuracy
from helper.judging.verdict import (
    ERROR,
    MISTAKE,
    NOT_ATTEMPTED,
    NOT_RUN,
    NOT_YET,
    OUT_OF_MEMORY,
    RIGHT,
    TIME_OUT,
    Result,
    Verdict,
)

STOPPED = {
    "TimeOut": (TIME_OUT, "It took too long and was stopped. Is there a loop that never ends?"),
    "MemoryError": (OUT_OF_MEMORY, "It asked for more memory than there is. Does something grow in a loop?"),
    "Crashed": (
        ERROR,
        "It ended or crashed the whole program. Does it call exit, or reach out of the notebook?",
    ),
    "NotRun": (NOT_RUN, "This check did not run, because the code before it ended the whole program."),
}


# Exceptions of Python's own, whose text names code, not inputs.
HARMLESS = (
    "SyntaxError",
    "IndentationError",
    "NameError",
    "AttributeError",
    "ModuleNotFoundError",
    "ImportError",
)


def judge(
    evidence: Evidence, key: CheckKey, salt: str, forbidden: tuple[str, ...] = (), *, reveal: bool = True
) -> Verdict:
    """Compare evidence with the key of its check.

    salt: the lesson's stem, which seals texts; forbidden: names the answer used though the exercise does
    without them; reveal: whether advice may state expected numbers. Expectations earn their points one by one,
    scored ones by thresholds (score.py); a forbidden name forfeits all.
    """
    counted = _counted(evidence, key.expectations, salt)
    shown = {name: sealed(value, salt) for name, value in _standing_in(evidence, counted).items()}
    got = Evidence(shown, sealed_failure(evidence.failure, salt))
    results = tuple(_result(item, shown, counted.get(item.name)) for item in key.expectations)
    right = all(result.right for result in results)
    points = key.points if right else round(sum(item.credit for item in results), 6)
    verdict, words = _verdict(evidence, got, key, results, reveal)
    if forbidden and verdict != NOT_ATTEMPTED:
        verdict, words, points = MISTAKE, (advice.forbidden(key.name, forbidden),), 0.0
    return Verdict(key.name, verdict, points, key.points, results, words)


def look_below(verdict: Verdict, called: Sequence[str]) -> Verdict:
    """Say first which exercises that have not passed the answer calls: the cause may lie there.

    An answer that calls one is written, even if what it calls is not.
    """
    if not called or verdict.verdict == RIGHT:
        return verdict
    words = advice.builds_on(called)
    if verdict.verdict == NOT_ATTEMPTED:
        return replace(verdict, verdict=NOT_YET, advice=(words,))
    return replace(verdict, advice=(words, *verdict.advice))


def without_scored(evidence: Evidence, expectations: Sequence[Expectation], salt: str) -> Evidence:
    """Return evidence in which a seal stands for what is scored: equal only where all predictions are."""
    return Evidence(_standing_in(evidence, _counted(evidence, expectations, salt)), evidence.failure)


def _standing_in(evidence: Evidence, counted: Mapping[str, Counted]) -> dict[str, Plain]:
    seals = {name: {"text": found.seal} for name, found in counted.items() if found.seal}
    return {**evidence.shown, **seals}


def _counted(evidence: Evidence, expectations: Sequence[Expectation], salt: str) -> dict[str, Counted]:
    """Return what scoring found, by expectation."""
    counted: dict[str, Counted] = {}
    for item in expectations:
        value = evidence.shown.get(item.name)
        if value is not None and isinstance(item.score, Score):
            counted[item.name] = count(item.score, value, salt)
        elif value is not None and isinstance(item.score, Forecast):
            counted[item.name] = compare_accuracy(item.score, item.points, value, counted.get(item.score.of))
    return counted


def _result(item: Expectation, shown: Mapping[str, Plain], counted: Counted | None) -> Result:
    if counted:
        return Result(item.name, item.points, counted.full, counted.points, counted.words)
    right = same(item.value, shown[item.name], item.tolerance) if item.name in shown else None
    return Result(item.name, item.points, right)


def _verdict(
    evidence: Evidence, got: Evidence, key: CheckKey, results: tuple[Result, ...], reveal: bool
) -> tuple[str, tuple[str, ...]]:
    failure = evidence.failure
    said = reveal or (failure is not None and failure.kind in HARMLESS)
    if all(result.right for result in results):
        return RIGHT, ()
    if any("not attempted" in value for value in evidence.shown.values()) or _is_unattempted(
        failure, key.name
    ):
        if any(result.right for result in results):
            return NOT_YET, ("The parts written so far count; another part is not written yet.",)
        return NOT_ATTEMPTED, (advice.not_attempted(key.name, failure),)
    mistake = _known(got, key, results)
    if mistake:
        return MISTAKE, mistake.advice
    if failure and failure.kind in STOPPED:
        verdict, words = STOPPED[failure.kind]
        return verdict, (words,)
    wrong = next((item for item in results if item.right is False), None)
    if wrong and wrong.earned is not None:
        return NOT_YET, (wrong.note, *([errors.explain(failure, said)] if failure else []))
    if wrong:
        expected = next(item.value for item in key.expectations if item.name == wrong.name)
        guess = compare.compare(expected, evidence.shown[wrong.name], key.sizes, reveal)
        return NOT_YET, (guess, *([errors.explain(failure, said)] if failure else []))
    if failure:
        return ERROR, (errors.explain(failure, said),)
    return NOT_RUN, (STOPPED["NotRun"][1],)


def _is_unattempted(failure: Failure | None, name: str) -> bool:
    if failure is None:
        return False
    undefined = failure.kind == "NameError" and f"'{name}'" in failure.message
    return (failure.kind == "NotImplementedError" and not failure.message.startswith('"')) or undefined


def _known(got: Evidence, key: CheckKey, results: tuple[Result, ...]) -> Mistake | None:
    """Find the mistake that shows the same evidence, or at least the same wrong numbers where it first differs."""
    tolerances = {item.name: item.tolerance for item in key.expectations}
    missed = [item.name for item in results if item.right is not True]

    def agrees(mistake: Mistake, name: str) -> bool:
        theirs, ours = mistake.evidence.shown.get(name), got.shown.get(name)
        if theirs is None or ours is None:
            return theirs is ours
        return same(theirs, ours, tolerances[name])

    for mistake in key.mistakes:
        if mistake.evidence.failure == got.failure and all(agrees(mistake, name) for name in tolerances):
            return mistake
    # Two mistakes at once, or one made in another way: the first wrong numbers still give it away.
    first = missed[0]
    scored = any(item.score for item in key.expectations if item.name == first)
    if scored or first not in got.shown or numbers_of(got.shown[first]) is None:
        return None
    alike = [mistake for mistake in key.mistakes if agrees(mistake, first)]
    return max(alike, key=lambda mistake: sum(agrees(mistake, name) for name in missed), default=None)
