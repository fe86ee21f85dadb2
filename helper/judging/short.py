"""Plain data as a short text for people: small values whole, large ones by shape and corner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helper.judging.evidence import Plain, same, seal

SMALL = 24  # numbers are shown whole
CORNER = 3  # of each axis of a larger tensor
LONGEST = 600  # characters


def short(value: Plain, digits: int = 4) -> str:
    """Write a value in at most 600 characters. Never raises: it may come from a hostile process."""
    try:
        text = _short(value, digits)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        text = "something else"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def two_texts(came: Plain, expected: Plain, salt: str) -> tuple[str, str]:
    """Write two values that differ with so many digits that one sees it, if they can be told apart at all.

    expected: sealed with `salt`. A text in it is shown only if it is one of those that came.
    """
    expected = _opened(expected, {seal(text, salt): text for text in texts_in(came)})
    for digits in (4, 6, 9):
        texts = short(came, digits), short(expected, digits)
        if texts[0] != texts[1]:
            break
    if texts[0] == texts[1] and not same(came, expected):
        place = _first_difference(came, expected)
        if place:
            return place
    return texts


def texts_in(value: Any) -> Iterator[str]:
    """Yield all texts in plain data."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def _opened(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_opened(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if "text" in value:
        return {"text": known[value["text"]]} if value["text"] in known else {"text": "", "hidden": True}
    return {name: _opened(item, known) for name, item in value.items()}


def _short(value: Plain, digits: int) -> str:
    if "values" in value:
        return _array(value, digits)
    if "number" in value:
        return _number(value["number"], digits)
    if "bool" in value:
        return str(bool(value["bool"]))
    if "none" in value:
        return "None"
    if "not attempted" in value:
        return "..."
    if "text" in value:
        text = str(value["text"])
        return "another text" if value.get("hidden") else repr(text[:200])
    if "list" in value:
        shown = [_short(item, digits) for item in value["list"][:12]]
        return "[" + ", ".join(shown) + (", …" if value["length"] > len(shown) else "") + "]"
    if "dict" in value:
        return "{" + ", ".join(f"{name}: {_short(item, digits)}" for name, item in value["dict"][:12]) + "}"
    return f"{value['object']} object" if "object" in value else "something else"


def _array(value: Plain, digits: int) -> str:
    shape, values = value["shape"], value["values"]
    size = math.prod(shape)
    if not shape:
        return _item(values[0], digits)
    whole = size == len(values)
    if size <= SMALL and whole:
        return _nested(shape, values, digits, None)
    head = "shape " + "x".join(map(str, shape))
    if whole:
        return f"{head}: {_nested(shape, values, digits, CORNER)}"
    first = ", ".join(_item(item, digits) for item in values[:CORNER])
    return f"{head}: [{first}, …]"


def _nested(shape: Sequence[int], values: Sequence[Any], digits: int, most: int | None) -> str:
    if not shape:
        return _item(values[0], digits)
    step = math.prod(shape[1:])
    parts = [
        _nested(shape[1:], values[place * step : (place + 1) * step], digits, most)
        for place in range(min(shape[0], most or shape[0]))
    ]
    return "[" + ", ".join(parts) + (", …" if len(parts) < shape[0] else "") + "]"


def _item(value: Any, digits: int) -> str:
    return str(value) if isinstance(value, bool) else _number(value, digits)


def _number(value: Any, digits: int) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value)[:40]
    text = f"{float(value):.{digits}g}"
    # 2 and 2.0 are told apart, as in Python.
    return text if any(sign in text for sign in ".en") else f"{text}."


def _first_difference(came: Plain, expected: Plain) -> tuple[str, str] | None:
    """Write only where two arrays differ, if what differs lies outside the part that is shown."""
    a, b = came.get("values"), expected.get("values")
    if not isinstance(a, list) or not isinstance(b, list) or len(a) != len(b):
        return None
    wrong = next((n for n, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), None)
    if wrong is None:
        return None
    return f"at place {wrong}: {_item(a[wrong], 9)}", f"at place {wrong}: {_item(b[wrong], 9)}"
