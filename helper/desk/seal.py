"""What may be seen only after an exercise has passed, sealed by the evidence of a right answer.

The evidence is that of a further seed, which no key holds: only code that gives the right numbers opens the seal.
Numbers are taken in steps of a thousandth of the largest and more, and where each lies within its step is written
beside the seal, so that rounding does not matter. How far it goes: whoever runs the reference from solutions/, or
finds the few numbers that a check with little evidence asks for, opens it too. It keeps honest people from reading
an answer at a glance; it keeps no secret from others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from typing import Any

from helper.judging.evidence import Plain

SEED = "after passing"
STEP = 2e-3  # of the largest number of an expectation: far more than the judge lets pass as equal
MOST_NUMBERS = 64  # of an expectation, the first so many
PARTS = 1000

Sketch = dict[str, list[int]]


def sketch(shown: Mapping[str, Plain], names: list[str]) -> Sketch:
    """Return where within its step each number of some expectations lies, and before that the step's exponent."""
    made = {}
    for name in names:
        _, numbers = _parts(shown[name])
        exponent = _exponent(numbers)
        made[name] = [exponent, *(round(PARTS * _rest(number, exponent)) for number in numbers)]
    return made


def password(shown: Mapping[str, Plain], sketched: Sketch) -> str:
    """Return what opens a seal, from the evidence that an answer gave under its seed. Never raises."""
    read: list[Any] = []
    try:
        for name, (exponent, *rests) in sketched.items():
            frame, numbers = _parts(shown[name])
            width = _width(exponent)
            steps = [
                round(number / width - rest / PARTS) for number, rest in zip(numbers, rests, strict=True)
            ]
            read.append([name, frame, steps])
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def lock(content: Any, password: str) -> str:
    """Seal what JSON can hold."""
    data = zlib.compress(json.dumps(content, ensure_ascii=False).encode(), 9)
    return base64.b85encode(_tag(data, password) + _mixed(data, password)).decode()


def unlock(box: str, password: str) -> Any:
    """Return what was sealed, or None if the password is not the one."""
    try:
        raw = base64.b85decode(box)
        data = _mixed(raw[8:], password)
        if _tag(data, password) != raw[:8]:
            return None
        return json.loads(zlib.decompress(data))
    except (ValueError, zlib.error, binascii.Error):
        return None


def _parts(value: Any) -> tuple[Any, list[float]]:
    """Split plain data into a frame that is the same for every right answer, and its finite numbers."""
    numbers: list[float] = []

    def framed(item: Any) -> Any:
        if isinstance(item, bool) or item is None or isinstance(item, str):
            return item
        if isinstance(item, int | float):
            if not math.isfinite(item):
                return str(item)
            if len(numbers) < MOST_NUMBERS:
                numbers.append(float(item))
            return "#"
        if isinstance(item, dict):
            # Shapes and lengths are whole numbers that must not be lost among the others.
            kept = {name: json.dumps(part) for name, part in item.items() if name in ("shape", "length")}
            return {name: kept.get(name) or framed(part) for name, part in sorted(item.items())}
        return [framed(part) for part in item]

    return framed(value), numbers


def _exponent(numbers: list[float]) -> int:
    largest = max([abs(number) for number in numbers], default=0.0)
    return math.ceil(math.log2(max(largest, 1e-3) * STEP))


def _width(exponent: int) -> float:
    return 2.0**exponent


def _rest(number: float, exponent: int) -> float:
    steps = number / _width(exponent)
    return steps - round(steps)


def _tag(data: bytes, password: str) -> bytes:
    return hashlib.sha256(password.encode() + data).digest()[:8]


def _mixed(data: bytes, password: str) -> bytes:
    blocks = range(len(data) // 32 + 1)
    stream = b"".join(hashlib.sha256(f"{password} {block}".encode()).digest() for block in blocks)
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))
