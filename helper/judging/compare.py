"""From evidence to words: what differs, and what it looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from helper.judging.evidence import Plain, numbers_of, same


def compare(expected: Plain, got: Plain, sizes: Sequence[int] = (), reveal: bool = True) -> str:
    """Say in one or two sentences how a wrong value differs, with a guess at the cause where the numbers betray it.

    sizes: lengths of the inputs, to recognise a factor as the batch size or the number of classes; reveal:
    whether expected numbers may be shown (in practice yes, for secret inputs no). Never raises, whatever `got`
    is: it may come from a hostile process.
    """
    try:
        return _compare(expected, got, sizes, reveal)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return "The answer is not of the kind that is expected."


def _compare(expected: Plain, got: Plain, sizes: Sequence[int], reveal: bool) -> str:
    if "none" in got:
        return "The answer is `None`. Does every path end with a `return`?"
    if "text" in got and "text" not in expected:
        return f"Instead of numbers there came: {got['text']}."
    if describe(expected) != describe(got):
        return _compare_kinds(expected, got)
    if "dict" in expected:
        return _compare_entries(expected["dict"], got["dict"], sizes, reveal)
    if "list" in expected:
        a, b = ([[f"number {n}", item] for n, item in enumerate(side["list"], 1)] for side in (expected, got))
        return _compare_entries(a, b, sizes, reveal)
    wanted, numbers = numbers_of(expected), numbers_of(got)
    if wanted is None or numbers is None or len(wanted) != len(numbers):
        return "The kind of answer is right, the value is not."
    return _compare_numbers(wanted, numbers, sizes, reveal)


def describe(value: Plain) -> str:
    """Name the kind and shape of a piece of plain data, such as "a tensor of shape (8, 10)"."""
    for library in ("tensor", "array", "numpy number"):
        if library in value:
            kind = {"float": "floats", "int": "whole numbers", "bool": "truth values"}.get(value["type"], "?")
            shape = (
                "(" + ", ".join(map(str, value["shape"])) + ("," if len(value["shape"]) == 1 else "") + ")"
            )
            return (
                f"a NumPy {value['type']}"
                if library == "numpy number"
                else f"{_article(library)} of shape {shape} with {kind}"
            )
    if "list" in value:
        return f"a sequence of {value['length']}"
    if "dict" in value:
        return "a dictionary with " + ", ".join(f"`{name}`" for name, _ in value["dict"])
    if "object" in value:
        return f"an object of type `{value['object']}`"
    names = {"number": "a plain number", "bool": "True or False", "text": "a text", "none": "None"}
    return next((words for kind, words in names.items() if kind in value), "something else")


def _compare_entries(expected: list[Any], got: list[Any], sizes: Sequence[int], reveal: bool) -> str:
    for (name, a), (_, b) in zip(expected, got, strict=True):
        if not same(a, b):
            return f"The first that differs is {name}. {compare(a, b, sizes, reveal)}"
    return "The kind of answer is right, the value is not."


def _compare_kinds(expected: Plain, got: Plain) -> str:
    a, b = expected.get("shape"), got.get("shape")
    text = f"Expected is {describe(expected)}, your answer is {describe(got)}."
    if isinstance(a, list) and isinstance(b, list) and a != b:
        if len(a) == 2 and b == a[::-1]:
            return text + " It looks transposed."
        if math.prod(a) == math.prod(b):
            return text + " The numbers of elements agree: an axis is missing, or one too many."
        if len(b) > len(a):
            return text + " A sum or mean over one axis may be missing, or two shapes were broadcast."
        return text
    if "number" in expected and "tensor" in got:
        return text + " `.item()` turns a tensor of one element into a number."
    if "tensor" in expected and "number" in got:
        return text + " Once it is a plain number, it can carry no gradient: keep it a tensor."
    return text


def _compare_numbers(a: list[float], b: list[float], sizes: Sequence[int], reveal: bool) -> str:
    if not all(map(math.isfinite, b)) and all(map(math.isfinite, a)):
        bad = "NaN" if any(map(math.isnan, b)) else "infinite"
        return f"Some of the numbers are {bad}. Where could something overflow, or a logarithm meet zero?"
    if not any(b) and any(a):
        return "The value is 0." if len(b) == 1 else "Every number is 0. What should have changed them?"
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if math.isfinite(x) and math.isfinite(y)]
    ratios = [y / x for x, y in pairs if abs(x) > 1e-6]
    if (
        ratios
        and all(math.isclose(ratio, ratios[0], rel_tol=1e-3) for ratio in ratios)
        and len(ratios) > len(pairs) / 2
    ):
        guess = _factor(ratios[0], sizes, several=len(b) > 1)
        if guess:
            return guess
    shifts = [y - x for x, y in pairs]
    if len(shifts) > 1 and all(math.isclose(s, shifts[0], rel_tol=1e-3, abs_tol=1e-5) for s in shifts):
        amount = f", {shifts[0]:+.4g}" if reveal else ""
        return f"Every number is off by the same amount{amount}. What was added, or left out?"
    if len(b) > 1 and sorted(round(x, 4) for x in a) == sorted(round(x, 4) for x in b):
        return "The right numbers, in the wrong places. Which axis is which?"
    if not reveal:
        return "The kind of answer is right, its numbers are not."
    if len(b) == 1:
        return f"The value is {b[0]:.5g}; expected is {a[0]:.5g}."
    wrong = sum(not math.isclose(x, y, rel_tol=1e-3, abs_tol=1e-5) for x, y in pairs)
    where = next(
        (i for i, (x, y) in enumerate(pairs) if not math.isclose(x, y, rel_tol=1e-3, abs_tol=1e-5)), 0
    )
    return (
        f"{wrong} of {len(pairs)} numbers differ; the first at position {where}: {pairs[where][1]:.5g}, expected "
        f"{pairs[where][0]:.5g}."
    )


def _factor(ratio: float, sizes: Sequence[int], several: bool) -> str:
    if math.isclose(ratio, -1, rel_tol=1e-3):
        return "The size is right, the sign is not."
    sign = " and the sign is wrong" if ratio < 0 else ""
    for factor, way in ((abs(ratio), "large"), (1 / abs(ratio) if ratio else 0.0, "small")):
        whole = round(factor)
        if whole >= 2 and math.isclose(factor, whole, rel_tol=1e-3):
            text = f"Exactly {whole} times too {way}{sign}."
            if whole in sizes and whole > 2:
                sums = (
                    "a sum where a mean belongs"
                    if way == "large"
                    else "a mean taken once too often, or over too much"
                )
                return f"{text} {whole} is one of the sizes of the input: {sums}?"
            if whole == 100:
                return f"{text} A fraction lies between 0 and 1; a percentage does not."
            return f"{text} Is a factor of {whole} missing or one too many?"
    if several and not math.isclose(abs(ratio), 1, rel_tol=1e-3):
        return f"All numbers are {abs(ratio):.4g} times the expected ones{sign}. Which factor is that?"
    return ""


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun
