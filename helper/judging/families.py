"""What wrong numbers look like beside the right ones, where they betray a whole family of mistakes.

Each test holds only if *every* number fits, so that a family is named on evidence and not by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from helper.judging.verdict import Piece

SURE = 4  # so many different numbers are no coincidence
EXACT = 2e-6  # what a single measured number must fit to be no coincidence
CLOSE = 1e-4  # a family is exact: however generous a check's own tolerance is

Change = Callable[[float], float]
Table = list[list[float]]

ONE_BY_ONE: tuple[tuple[str, Change], ...] = (
    ("complement", lambda x: 1 - x),
    ("square", lambda x: x * x),
    ("root", math.sqrt),
    ("logarithm", math.log),
    ("minus logarithm", lambda x: -math.log(x)),
    ("exponential", math.exp),
    ("minus exponential", lambda x: math.exp(-x)),
    ("inverse", lambda x: 1 / x),
    ("absolute", abs),
    ("no negatives", lambda x: max(x, 0.0)),
)
FACTORS = (
    ("10", math.log(10)),
    ("2", math.log(2)),
)


def family(a: Sequence[float], b: Sequence[float], shape: Sequence[int] | None) -> Piece | None:
    """Name the family of mistakes that turns every expected number into the one that came, None if there is none.

    a, b: what was expected and what came, all finite and equally many; shape: of the tensor they are from.
    """
    if len(a) > 2 and len({f"{y:.6g}" for y in b}) == 1 and _different(a) > 2:
        return Piece("constant", {"of": len(b)})
    if not shape and len(a) == 1:
        return _alone(a[0], b[0])
    if _different(a) >= SURE:
        for name, change in ONE_BY_ONE:
            if _fits(change, a, b):
                return Piece("changed", {"how": name})
    if shape and len(shape) == 1:
        return _in_a_row(a, b)
    if shape and len(shape) == 2 and len(a) == shape[0] * shape[1]:
        return _in_a_table(_rows(a, shape[1]), _rows(b, shape[1]))
    return None


def where(
    a: Sequence[float], b: Sequence[float], shape: Sequence[int] | None, right: Callable[..., bool]
) -> str:
    """Say where the wrong ones of several numbers lie, if they lie together: "all after the first 3" and the like."""
    wrong = [not right(x, y) for x, y in zip(a, b, strict=True)]
    if not shape or len(wrong) < 3 or not any(wrong) or all(wrong):
        return ""
    if len(shape) == 1:
        return _part(wrong, ("number", "numbers"))
    if len(shape) == 2 and len(wrong) == shape[0] * shape[1]:
        table = [wrong[start : start + shape[1]] for start in range(0, len(wrong), shape[1])]
        for lines, names in ((table, ("row", "rows")), ([*zip(*table, strict=True)], ("column", "columns"))):
            if len(lines) > 1 and all(all(line) or not any(line) for line in lines):
                return _part([any(line) for line in lines], names)
            if len(lines) > 1 and sum(any(line) for line in lines) == 1:
                return f"all in one {names[0]}"
    return ""


def ratio_of(ratio: float, sizes: Sequence[int], *, sure: bool) -> Piece | None:
    """Name a factor that is a number of its own: a root of a size, n beside n - 1, another base."""
    close = CLOSE if sure else EXACT
    for factor, way in ((abs(ratio), "large"), (1 / abs(ratio), "small")):
        for n in sorted({size for size in sizes if size > 1}):
            if n > 2 and math.isclose(factor, math.sqrt(n), rel_tol=close) and math.isqrt(n) ** 2 != n:
                return Piece("root of a size", {"of": n, "way": way})
            if n > 2 and any(
                math.isclose(factor, (n / (n - 1)) ** power, rel_tol=close) for power in (1.0, 0.5)
            ):
                return Piece("one less", {"of": n, "less": n - 1})
        for name, base in FACTORS:
            if math.isclose(factor, base, rel_tol=close):
                return Piece("base", {"base": name})
    return None


def whole_factor(ratio: float) -> Piece | None:
    """Name a factor that is a whole number, as exactly as a single measured number can show it."""
    for factor, way in ((ratio, "large"), (1 / ratio if ratio else 0.0, "small")):
        whole = round(factor)
        if 2 <= whole <= 2000 and math.isclose(factor, whole, rel_tol=EXACT if whole < 100 else 1e-8):
            return Piece("whole", {"factor": whole, "way": way})
    return None


def _part(wrong: Sequence[bool], names: tuple[str, str]) -> str:
    """Say which one of a row of things is wrong, or from where on or until where all are."""
    one, several = names
    first, last = wrong.index(True), len(wrong) - 1 - wrong[::-1].index(True)
    if not all(wrong[first : last + 1]):
        return ""
    if first == last:
        place = "first" if first == 0 else "last" if last == len(wrong) - 1 else ""
        return f"only the {place} {one}" if place else ""
    if last == len(wrong) - 1:
        return (
            f"the first {one} is right, those after it are not"
            if first == 1
            else (f"the first {several} are right, those after them are not")
        )
    return f"the last {several} are right, those before them are not" if first == 0 else ""


def _in_a_row(a: Sequence[float], b: Sequence[float]) -> Piece | None:
    if len(a) > SURE and _different(a) >= SURE:
        if _all_close(a[1:], b[:-1]):
            return Piece("early")
        if _all_close(a[:-1], b[1:]):
            return Piece("late")
    if len(a) > 2 and _different(a) > 2 and _all_close([*accumulate(a)], b):
        return Piece("running")
    return None


def _in_a_table(a: Table, b: Table) -> Piece | None:
    if len(a) < 2 or len(a[0]) < 2:
        return None
    turned = [list(line) for line in zip(*a, strict=True)], [list(line) for line in zip(*b, strict=True)]
    for (lines, came), (_, across), line in (((a, b), turned, "row"), (turned, (a, b), "column")):
        total = sum(lines[0])
        even = _all_close([sum(one) for one in lines], [total] * len(lines))
        crossed = even and _all_close([sum(one) for one in across], [total] * len(across))
        if crossed and not _all_close([sum(one) for one in came], [total] * len(came)):
            return Piece("other axis", {"line": line, "total": f"{total:.4g}"})
        if _different([number for one in lines for number in one]) < 2 * SURE:
            continue
        for kind, of_line in (("factor of each", _one_factor), ("shift of each", _one_shift)):
            found = [of_line(x, y) for x, y in zip(lines, came, strict=True)] if len(lines[0]) > 2 else [None]
            if None not in found and _different([number or 0.0 for number in found]) > 1:
                return Piece(kind, {"line": line})
    return None


def _one_factor(a: Sequence[float], b: Sequence[float]) -> float | None:
    largest = max(range(len(a)), key=lambda place: abs(a[place]))
    if not a[largest] or not b[largest] or _different(a) < 2:
        return None
    factor = b[largest] / a[largest]
    floor = 1e-7 * abs(b[largest])
    fits = all(math.isclose(factor * x, y, rel_tol=CLOSE, abs_tol=floor) for x, y in zip(a, b, strict=True))
    return factor if fits else None


def _one_shift(a: Sequence[float], b: Sequence[float]) -> float | None:
    shift, floor = b[0] - a[0], 1e-5 * max(abs(x) for x in (*a, *b))
    fits = all(math.isclose(y - x, shift, rel_tol=CLOSE, abs_tol=floor) for x, y in zip(a, b, strict=True))
    return shift if fits else None


def _alone(x: float, y: float) -> Piece | None:
    """Tell what a single number may be that came in the place of another."""
    if x != round(x) and y == 0:
        return Piece("nothing")
    whole = x == round(x) and y == round(y)
    if whole and x > 1 and y > 0 and abs(y - x) == 1:
        return Piece("one off", {"way": "many" if y > x else "few"})
    if 0 < x < 1 and y == round(y) and y >= 2 and math.isclose(y / x, round(y / x), rel_tol=1e-5):
        return Piece("count")
    return None


def _fits(change: Change, a: Sequence[float], b: Sequence[float]) -> bool:
    try:
        changed = [change(x) for x in a]
    except (ArithmeticError, ValueError):
        return False
    return _all_close(changed, b) and not _all_close(a, b)


def _all_close(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """Say whether the numbers agree one by one, each for its own size, apart from what rounding leaves of nothing."""
    if len(a) != len(b):
        return False
    floor = 1e-6 * max((abs(x) for x in a), default=0.0)
    return all(math.isclose(x, y, rel_tol=CLOSE, abs_tol=floor) for x, y in zip(a, b, strict=True))


def _different(numbers: Sequence[float]) -> int:
    return len({f"{number:.4g}" for number in numbers if number})


def _rows(numbers: Sequence[float], width: int) -> Table:
    return [list(numbers[start : start + width]) for start in range(0, len(numbers), width)]
