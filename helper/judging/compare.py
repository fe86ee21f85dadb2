"""From evidence to what differs, and what it looks like where the numbers betray it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import permutations
from typing import Any

from helper.judging import families
from helper.judging.evidence import RELATIVE_TOLERANCE, Plain, close_to, numbers_of, same, scale_of
from helper.judging.verdict import Piece

SURE = families.SURE


def compare(
    expected: Plain,
    got: Plain,
    shown: Plain | None = None,
    *,
    sizes: Sequence[int] = (),
    tolerance: float = RELATIVE_TOLERANCE,
    known_texts: Collection[str] = (),
) -> Piece:
    """Say how a wrong value differs. It compares what the judge compares, with the judge's tolerance.

    expected, got: sealed alike; shown: `got` before it was sealed, to be quoted; sizes: lengths of the inputs, to
    recognise a factor as the batch size or the number of classes; known_texts: sealed texts that somebody could
    mean. Never raises, whatever `got` is: it may come from a hostile process.
    """
    try:
        return _compare(expected, got, got if shown is None else shown, sizes, tolerance, known_texts)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return Piece("incomparable")


def _compare(
    expected: Plain,
    got: Plain,
    shown: Plain,
    sizes: Sequence[int],
    tolerance: float,
    known_texts: Collection[str],
) -> Piece:
    if "none" in got:
        return Piece("none")
    if "text" in got:
        came = str(shown["text"])[:200]
        if "text" not in expected:
            return Piece("message", {"came": came})
        unknown = known_texts and got["text"] not in known_texts and _is_a_choice(came)
        return Piece("unknown text" if unknown else "text", {"came": came})
    if describe(expected) != describe(got):
        return _compare_kinds(expected, got)
    if "dict" in expected or "list" in expected:
        if words := _words(expected, got, shown):
            return words
        if piece := _one_factor_in_all(expected, got, tolerance):
            return piece
        for (name, a), (_, b), (_, c) in zip(*map(_entries, (expected, got, shown)), strict=True):
            if not same(a, b, tolerance):
                if "afterwards" in name:
                    return Piece("written into", {"entry": name})
                piece = compare(a, b, c, sizes=sizes, tolerance=tolerance, known_texts=known_texts)
                return Piece(piece.kind, {"entry": name, **piece.fields})
        return Piece("other")
    wanted, numbers = numbers_of(expected), numbers_of(got)
    if wanted is None or numbers is None or len(wanted) != len(numbers):
        return Piece("other")
    return _compare_numbers(wanted, numbers, expected.get("shape"), sizes, tolerance)


def describe(value: Plain) -> str:
    """Name the kind and shape of a piece of plain data, such as "a tensor of shape (8, 10)"."""
    for library in ("tensor", "array", "numpy number"):
        if library in value:
            kind = {"float": "floats", "int": "whole numbers", "bool": "truth values"}.get(value["type"], "?")
            return (
                f"a NumPy {value['type']}"
                if library == "numpy number"
                else f"{_article(library)} of shape {shape_text(value['shape'])} with {kind}"
            )
    if "list" in value:
        return f"a sequence of {value['length']}"
    if "dict" in value:
        return "a dictionary with " + ", ".join(f"`{name}`" for name, _ in value["dict"])
    if "object" in value:
        return f"an object of type `{value['object']}`"
    names = {"number": "a plain number", "bool": "True or False", "text": "a text", "none": "None"}
    return next((words for kind, words in names.items() if kind in value), "something else")


def shape_text(shape: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def is_fingerprint(expected: Plain, got: Plain, tolerance: float = RELATIVE_TOLERANCE) -> bool:
    """Say whether what is wrong in a value is so many different numbers that two answers share them by no chance.

    Never raises, whatever `got` is.
    """
    try:
        numbers = _wrong_numbers(expected, got, tolerance)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return False
    return len({f"{item:.4g}" for item in numbers if math.isfinite(item) and item != round(item)}) >= SURE


def differs_in_size(expected: Plain, got: Plain, tolerance: float = RELATIVE_TOLERANCE) -> bool:
    """Say whether two trusted values differ in kind or in a measured number, and not in words or counts alone."""
    if same(expected, got, tolerance):
        return False
    if describe(expected) != describe(got):
        return True
    for kind in ("dict", "list"):
        if kind in expected:
            pairs = zip(_entries(expected), _entries(got), strict=True)
            return any(differs_in_size(a, b, tolerance) for (_, a), (_, b) in pairs)
    return any(
        value.get("type") == "float" or isinstance(value.get("number"), float | str)
        for value in (expected, got)
    )


def _wrong_numbers(expected: Plain, got: Plain, tolerance: float) -> list[float]:
    if same(expected, got, tolerance):
        return []
    for kind in ("dict", "list"):
        if kind in expected and kind in got and len(_entries(expected)) == len(_entries(got)):
            pairs = zip(_entries(expected), _entries(got), strict=True)
            return [number for (_, a), (_, b) in pairs for number in _wrong_numbers(a, b, tolerance)]
    return numbers_of(got) or []


def _is_a_choice(text: str) -> bool:
    """Say whether a text looks like one of a few to choose from, and not like what a check says of an answer."""
    return len(text) < 30 and text != "no error" and not text.endswith(("Error", "Exception"))


def _entries(value: Plain) -> list[tuple[str, Any]]:
    if "dict" in value:
        return [(name if "`" in name else f"`{name}`", item) for name, item in value["dict"]]
    return [(f"number {place}", item) for place, item in enumerate(value["list"], 1)]


def _words(expected: Plain, got: Plain, shown: Plain) -> Piece | None:
    """Say what is common to several wrong words: two that changed places, or always the same one."""
    parts = [(a, b, c) for (_, a), (_, b), (_, c) in zip(*map(_entries, (expected, got, shown)), strict=True)]
    wrong = [(a, b, c) for a, b, c in parts if a != b]
    if len(wrong) < 2 or not all("text" in value for part in parts for value in part):
        return None
    wanted, came = {a["text"] for a, _, _ in wrong}, {b["text"]: str(c["text"])[:30] for _, b, c in wrong}
    if wanted == set(came) and len(wanted) == 2:
        return Piece("swapped", {"words": sorted(came.values())})
    if len(came) == 1 and all(_is_a_choice(word) for word in came.values()):
        fields = {"wrong": len(wrong), "of": len(parts), "came": next(iter(came.values()))}
        return Piece("one word", fields)
    return None


def _compare_kinds(expected: Plain, got: Plain) -> Piece:
    fields = {"expected": describe(expected), "got": describe(got)}
    a, b = expected.get("shape"), got.get("shape")
    hint = ""
    if isinstance(a, list) and isinstance(b, list) and a != b:
        if len(a) == 2 and b == a[::-1]:
            hint = "transposed"
        elif [size for size in a if size != 1] == [size for size in b if size != 1]:
            hint = "axis lost" if len(b) < len(a) else "axis left" if len(b) > len(a) else "axis"
        elif len(a) == 1 and b == [*a, *a]:
            hint = "square"
        elif len(b) > len(a):
            hint = "broadcast"
        elif len(b) < len(a):
            hint = "flat" if math.prod(a) == math.prod(b) else "reduced"
        elif len(a) == 1 or [x for x, y in zip(a, b, strict=True) if x != y] == [a[0]]:
            hint = "fewer" if b[0] < a[0] else "more"
    elif isinstance(a, list) and a == b and expected.get("type") == "float":
        hint = {"int": "whole", "bool": "truth"}.get(str(got.get("type")), "")
    elif "tensor" in expected and "list" in got:
        hint = "several"
    elif "number" in expected and "tensor" in got and math.prod(got["shape"]) == 1:
        hint = "item"
    elif "tensor" in expected and "number" in got:
        hint = "tensor" if math.prod(expected["shape"]) == 1 else "single"
    elif "dict" in expected and "dict" in got:
        hint = "entries"
    return Piece("kinds", fields | ({"hint": hint} if hint else {}))


def _compare_numbers(
    a: list[float], b: list[float], shape: Sequence[int] | None, sizes: Sequence[int], tolerance: float
) -> Piece:
    if any(math.isnan(y) and not math.isnan(x) for x, y in zip(a, b, strict=True)):
        return Piece("nan")
    if any(math.isinf(y) and math.isfinite(x) for x, y in zip(a, b, strict=True)):
        return Piece("infinite")
    if any(str(x) != str(y) for x, y in zip(a, b, strict=True) if not math.isfinite(x)):
        return Piece("finite")
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if math.isfinite(x) and math.isfinite(y)]
    scale = scale_of(a)
    several = len(pairs) > 1
    if several and not any(b) and any(a):
        return Piece("zero")

    def agree(change: Any) -> bool:
        """Say whether the change turns every expected number into the one that came."""
        return all(close_to(change(x), y, tolerance, scale) for x, y in pairs)

    different = len({f"{x:.4g}" for x, _ in pairs if abs(x) > 100 * tolerance * scale})
    if different and agree(lambda x: -x):
        return Piece("sign")
    if different:
        x, y = max(pairs, key=lambda pair: abs(pair[0]))
        ratio = y / x
        exact = agree(lambda x: ratio * x)
        sure = different >= SURE or _one_by_one(pairs, ratio)
        if exact and (piece := _factor(ratio, sizes, sure=sure, single=_odd(a, sizes))):
            return piece
        alone = len(a) == 1 and min(abs(a[0]), abs(b[0])) > 1  # shares are multiples of each other by chance
        if alone and _odd(a, sizes) and (piece := families.whole_factor(ratio)):
            return piece
    if different >= SURE:
        shift = sum(y - x for x, y in pairs) / len(pairs)
        if abs(shift) > 100 * tolerance * scale and agree(lambda x: x + shift):
            return Piece("shift")
    told = [x for x, _ in pairs if x != round(x)]
    if (different >= SURE or (len(told) == len(pairs) and len(set(told)) > 1)) and agree_sorted(
        pairs, tolerance, scale
    ):
        return Piece("order" if shape and len(shape) == 1 else "places")
    finite = len(pairs) == len(a)
    if finite and (found := families.family(a, b, shape)):
        return found
    if 0 < different < SURE and _odd(a, sizes):
        for how, change in families.ONE_BY_ONE:
            with suppress(ArithmeticError, ValueError):
                if agree(change):
                    return Piece("changed", {"how": how})
    if not several:
        return Piece("number")

    def right(x: float, y: float) -> bool:
        return close_to(x, y, tolerance, scale)

    wrong = [(x, y) for x, y in pairs if not right(x, y)]
    fields = {"wrong": len(wrong), "of": len(pairs)}
    if len(wrong) < len(pairs) and different >= SURE:
        if all(not x for x, _ in wrong):
            return Piece("not zero", fields)
        if all(not y for _, y in wrong):
            return Piece("lost", fields)
        if all(right(-x, y) for x, y in wrong):
            return Piece("some signs", fields)
    if len(wrong) > 1 and len({f"{y:.6g}" for _, y in wrong}) == 1 < len({f"{x:.4g}" for x, _ in wrong}):
        return Piece("alike", fields | {"came": f"{wrong[0][1]:.4g}"})
    where = families.where(a, b, shape, right) if finite else ""
    return Piece("numbers", fields | ({"where": where} if where else {}))


def _one_factor_in_all(expected: Plain, got: Plain, tolerance: float) -> Piece | None:
    """Say by what factor all numbers of several entries are off, where each alone would be too few to tell.

    Only what is wrong counts, and there must be two different numbers at least.
    """
    wrong = [
        (a, b)
        for (_, a), (_, b) in zip(_entries(expected), _entries(got), strict=True)
        if not same(a, b, tolerance)
    ]
    if any(describe(a) != describe(b) or numbers_of(a) is None or numbers_of(b) is None for a, b in wrong):
        return None
    pairs = [pair for a, b in wrong for pair in zip(numbers_of(a) or [], numbers_of(b) or [], strict=True)]
    if not all(math.isfinite(number) for pair in pairs for number in pair):
        return None
    if len({f"{x:.4g}" for x, _ in pairs if x}) < 2:
        return None
    x, y = max(pairs, key=lambda pair: abs(pair[0]))
    if not all(math.isclose(b, y / x * a, rel_tol=1e-5) for a, b in pairs):
        return None
    return families.whole_factor(y / x)


def _one_by_one(pairs: Sequence[tuple[float, float]], ratio: float) -> bool:
    """Say whether several numbers, too few or too small to be sure of at once, have one ratio each by itself."""
    told = {f"{x:.4g}" for x, _ in pairs if x}
    whole = all(x == round(x) and y == round(y) for x, y in pairs)
    if len(told) < (SURE if whole else 2):
        return False
    return all(math.isclose(y, ratio * x, rel_tol=RELATIVE_TOLERANCE) for x, y in pairs)


def agree_sorted(pairs: Sequence[tuple[float, float]], tolerance: float, scale: float) -> bool:
    a, b = sorted(x for x, _ in pairs), sorted(y for _, y in pairs)
    return all(close_to(x, y, tolerance, scale) for x, y in zip(a, b, strict=True))


def _odd(numbers: list[float], sizes: Sequence[int]) -> bool:
    """Say whether these are no counts and no fractions of one: such are multiples of each other by chance."""
    return all(
        abs(number * whole - round(number * whole)) > 2e-6 * max(1.0, abs(number * whole))
        for number in numbers
        for whole in {1, *range(2, 65), *sizes}
    )


def _factor(ratio: float, sizes: Sequence[int], *, sure: bool, single: bool) -> Piece | None:
    sign = " and the sign is wrong" if ratio < 0 else ""
    if not ratio:
        return None
    for factor, way in ((abs(ratio), "large"), (1 / abs(ratio), "small")):
        whole = round(factor)
        if whole < 2 or not math.isclose(factor, whole, rel_tol=1e-4):
            continue
        fields = {"factor": whole, "way": way, "sign": sign}
        if whole == 100 and way == "large" and not sign:
            return Piece("percent")
        if whole in sizes and whole > 2 and (sure or single):
            return Piece("size", fields)
        return Piece("factor", fields) if sure else None
    close = families.CLOSE if sure else families.EXACT
    for over, under in permutations({size for size in sizes if size > 2}, 2):
        if (sure or single) and math.isclose(abs(ratio), over / under, rel_tol=close):
            return Piece("quotient", {"over": over, "under": under, "sign": sign})
    if (sure or single) and (named := families.ratio_of(ratio, sizes, sure=sure)):
        return named
    if sure and not math.isclose(abs(ratio), 1, rel_tol=3 * RELATIVE_TOLERANCE):
        return Piece("ratio", {"ratio": f"{abs(ratio):.4g}", "sign": sign})
    return None


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun
