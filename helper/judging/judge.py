"""The judge: evidence against the key. It knows nothing of the process that produced the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from helper.judging import errors
from helper.judging.compare import compare, differs_in_size, is_fingerprint
from helper.judging.evidence import Evidence, Failure, Plain, same, sealed
from helper.judging.key import CheckKey, Expectation, Mistake, sealed_failure
from helper.judging.score import Counted, Forecast, Score, count
from helper.judging.score import compare as compare_accuracy
from helper.judging.short import texts_in, two_texts
from helper.judging.verdict import (
    ERROR,
    MISTAKE,
    NOT_ATTEMPTED,
    NOT_RUN,
    NOT_YET,
    OUT_OF_MEMORY,
    RIGHT,
    TIME_OUT,
    Case,
    Piece,
    Result,
    Verdict,
)

HALF = 0.5

STOPPED = {
    "TimeOut": TIME_OUT,
    "MemoryError": OUT_OF_MEMORY,
    "Flooded": ERROR,
    "Crashed": ERROR,
    "NotRun": NOT_RUN,
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
    evidence: Evidence, key: CheckKey, salt: str, mentioned: Sequence[str] = (), *, reveal: bool = True
) -> Verdict:
    """Compare evidence with the key of its check.

    salt: the lesson's stem, which seals texts; mentioned: names the answer's text uses though the exercise does
    without them; reveal: whether inputs and expected values may be shown. Expectations earn their points one by
    one, scored ones by thresholds (score.py). What ran and is off limits forfeits all; what is only mentioned is a
    hint.
    """
    counted = _counted(evidence, key.expectations, salt)
    shown = {name: sealed(value, salt) for name, value in _standing_in(evidence, counted).items()}
    got = Evidence(shown, sealed_failure(evidence.failure, salt))
    results = tuple(_result(item, shown, counted.get(item.name)) for item in key.expectations)
    right = all(result.right for result in results)
    points = key.points if right else _earned(key, results)
    verdict, pieces = _verdict(evidence, got, key, results, reveal)
    case = _case(evidence, key, results, salt if reveal else None) if verdict != NOT_ATTEMPTED else None
    ran = [name for name in key.without if name in evidence.ran]
    if ran and verdict != NOT_ATTEMPTED:
        verdict, points, case = MISTAKE, 0.0, None
        pieces = (Piece("forbidden", {"exercise": key.name, "names": ran}),)
    notes = [Piece("hint", {"names": list(mentioned)})] if mentioned and not ran else []
    if not ran and points < sum(item.points for item in results if item.right) - 1e-6:
        notes.append(Piece("half" if points else "company"))
    return Verdict(key.name, verdict, points, key.points, results, pieces, case, tuple(notes))


def _earned(key: CheckKey, results: Sequence[Result]) -> float:
    """Add up what is right.

    What never changes with the inputs can be had by a constant: it needs company. Who misses more than details
    has not understood, and earns at most half.
    """
    pairs = list(zip(key.expectations, results, strict=True))
    if not any(result.credit and not item.constant for item, result in pairs):
        return 0.0
    earned = round(sum(result.credit for _, result in pairs), 6)
    only_details = all(result.right or item.detail or item.score for item, result in pairs)
    return earned if only_details else min(earned, HALF * key.points)


def look_below(verdict: Verdict, called: Sequence[str]) -> Verdict:
    """Say first which exercises that have not passed the answer calls: the cause may lie there.

    An answer that calls one is written, even if what it calls is not.
    """
    if not called or verdict.verdict == RIGHT:
        return verdict
    piece = Piece("builds on", {"exercises": list(called)})
    if verdict.verdict == NOT_ATTEMPTED:
        return replace(verdict, verdict=NOT_YET, pieces=(piece,))
    return replace(verdict, pieces=(piece, *verdict.pieces))


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
) -> tuple[str, tuple[Piece, ...]]:
    failure = evidence.failure
    if all(result.right for result in results):
        return RIGHT, ()
    unwritten = any("not attempted" in value for value in evidence.shown.values())
    if unwritten or _is_unattempted(failure, key.name):
        if any(result.right for result in results):
            return NOT_YET, (Piece("part missing"),)
        undefined = failure is not None and failure.kind == "NameError"
        return NOT_ATTEMPTED, (
            Piece("undefined", {"exercise": key.name}) if undefined else Piece("not attempted"),
        )
    mistake = _known(got, key, results)
    if mistake:
        piece = _own_advice(mistake, key)
        return MISTAKE, (piece, *(_explained(failure, reveal) if piece.kind == "likely" else ()))
    if failure and failure.kind in STOPPED:
        return STOPPED[failure.kind], (Piece("stopped", {"how": failure.kind}),)
    wrong = next((item for item in results if item.right is False), None)
    told = _explained(failure, reveal)
    if wrong and wrong.earned is not None:
        return NOT_YET, (Piece("scored", {"text": wrong.note}), *told)
    if wrong:
        item = next(item for item in key.expectations if item.name == wrong.name)
        piece = compare(
            item.value,
            got.shown[wrong.name],
            evidence.shown[wrong.name],
            sizes=key.sizes,
            tolerance=item.tolerance,
            known_texts=_texts(key),
        )
        return NOT_YET, (piece, *told)
    if failure:
        return ERROR, told
    return NOT_RUN, (Piece("stopped", {"how": "NotRun"}),)


def _explained(failure: Failure | None, reveal: bool) -> tuple[Piece, ...]:
    """Say what an exception means and where it arose. Code may have written the inputs into its text."""
    if failure is None:
        return ()
    said = errors.first_line(failure) if reveal or failure.kind in HARMLESS else ""
    fields = {
        "error": failure.kind,
        "message": said,
        "line": failure.line,
        "means": errors.meaning(failure),
    }
    return (Piece("error", {name: value for name, value in fields.items() if value}),)


def _own_advice(mistake: Mistake, key: CheckKey) -> Piece:
    if len(mistake.advice) > 1:
        return Piece("either", {"texts": list(mistake.advice)})
    alone = len(key.expectations) == 1 and mistake.evidence.failure is None
    sure = alone or _is_telling(mistake, key)
    return Piece("mistake" if sure else "likely", {"text": mistake.advice[0]})


def _is_telling(mistake: Mistake, key: CheckKey) -> bool:
    """Say whether a mistake shows what hardly another would: a measured number or another kind of value.

    Words, truth values and counts can be wrong in the same way for another reason, and an exception has many causes.
    """
    for item in key.expectations:
        theirs = mistake.evidence.shown.get(item.name)
        if theirs is None:
            continue
        if item.score:
            return True
        if differs_in_size(item.value, theirs, item.tolerance):
            return True
    return False


def _case(evidence: Evidence, key: CheckKey, results: tuple[Result, ...], salt: str | None) -> Case | None:
    """Show the first expectation that failed. salt: what the key is sealed with; None if nothing may be revealed."""
    failed = next((item for item in results if item.right is not True), None)
    if failed is None:
        return None
    asked = evidence.asked.get(failed.name)
    line = asked.line if asked else ""
    hidden = failed.right is None or failed.earned is not None or failed.name not in evidence.shown
    if salt is None or hidden:
        return Case(failed.name, line)
    expected = next(item.value for item in key.expectations if item.name == failed.name)
    came, wanted = two_texts(evidence.shown[failed.name], expected, salt)
    return Case(failed.name, line, asked.inputs if asked else (), came, wanted)


def _is_unattempted(failure: Failure | None, name: str) -> bool:
    if failure is None:
        return False
    if failure.kind == "NotImplementedError":  # PyTorch raises it, too, and always says why
        return not failure.message or failure.kind in failure.line
    return failure.kind == "NameError" and f"'{name}'" in failure.message


def _known(got: Evidence, key: CheckKey, results: tuple[Result, ...]) -> Mistake | None:
    """Find the mistake that shows the same evidence.

    Two mistakes at once, or one made in another way, are told by the first wrong value, if that is a fingerprint,
    only one mistake has it, and the rest does not contradict: what the mistake gets wrong is wrong here too, and
    at least half of it in the same way.
    """
    tolerances = {item.name: item.tolerance for item in key.expectations}

    def agrees(mistake: Mistake, name: str) -> bool:
        theirs, ours = mistake.evidence.shown.get(name), got.shown.get(name)
        if theirs is None or ours is None:
            return theirs is ours
        return same(theirs, ours, tolerances[name])

    known = [
        mistake
        for mistake in key.mistakes
        if mistake.evidence.failure == got.failure and all(agrees(mistake, name) for name in tolerances)
    ]
    if known:  # more than one only if they cannot be told apart under this seed
        texts = dict.fromkeys(text for mistake in known for text in mistake.advice)
        return Mistake(tuple(texts), known[0].evidence)
    first = next(item.name for item in results if item.right is not True)
    item = next(item for item in key.expectations if item.name == first)
    if (
        item.score
        or first not in got.shown
        or not is_fingerprint(item.value, got.shown[first], tolerances[first])
    ):
        return None
    alike = [mistake for mistake in key.mistakes if agrees(mistake, first)]
    if len(alike) != 1 or len(alike[0].advice) > 1:
        return None
    theirs = [
        item.name
        for item in key.expectations
        if not same(item.value, alike[0].evidence.shown.get(item.name), item.tolerance)
    ]
    ours = {item.name for item in results if item.right is not True}
    shared = sum(agrees(alike[0], name) for name in theirs)
    return alike[0] if ours.issuperset(theirs) and 2 * shared >= len(theirs) else None


def _texts(key: CheckKey) -> set[str]:
    """Return all sealed texts that somebody may mean, where an answer chooses between several.

    A check may put a text in the place of a value, such as the name of an exception: that is nobody's choice.
    """
    values = [item.value for item in key.expectations]
    if len(values) > 1 and len({text for value in values for text in texts_in(value)}) == 1:
        return set()
    values += [value for mistake in key.mistakes for value in mistake.evidence.shown.values()]
    return {text for value in values for text in texts_in(value)}
