"""Turn what an answer produced into plain data, and compare such data with tolerance.

Plain data is what JSON can hold: it crosses process boundaries without anything being unpickled.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Plain = dict[str, Any]

MOST_NUMBERS = 1000  # of a large tensor, this many evenly spaced elements are kept
MOST_ITEMS = 200
MOST_CHARACTERS = 1000
DEEPEST = 6
RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Failure:
    """An exception that ended a check.

    kind: the exception's class; message: its text; line: the student's own line that raised it.
    """

    kind: str
    message: str
    line: str = ""


@dataclass(frozen=True)
class Asked:
    """How an expectation was asked: its source, and the inputs in it as name and short text."""

    line: str
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What one answer showed in one check: a value per expectation, in order, and what ended it.

    ran: names that are off limits and ran all the same; asked: in practice only, what a person may want to see.
    """

    shown: Mapping[str, Plain] = field(default_factory=dict)
    failure: Failure | None = None
    ran: tuple[str, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict, compare=False)

    def to_json(self) -> dict[str, Any]:
        failure = self.failure and [self.failure.kind, self.failure.message, self.failure.line]
        shown = [[name, value] for name, value in self.shown.items()]
        return {"shown": shown, "failure": failure, "ran": list(self.ran)}

    @classmethod
    def from_json(cls, data: Any) -> Evidence:
        """Read evidence that may come from a hostile process. Raises ValueError if it is not evidence."""
        try:
            shown: dict[str, Plain] = {}
            for name, value in data["shown"]:
                if isinstance(name, str) and isinstance(value, dict):
                    shown.setdefault(name, value)
            raw = data.get("failure")
            failure = None if raw is None else Failure(*(str(part)[:MOST_CHARACTERS] for part in raw[:3]))
            return cls(shown, failure, tuple(str(name) for name in data.get("ran", ())))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("this is not evidence") from error


def plain(value: Any, depth: int = 0) -> Plain:
    """Turn a value into plain data, capped in size.

    Tensors and arrays keep shape, kind of number and at most 1000 evenly spaced elements; numbers keep nine
    digits. What has no plain form is kept as the name of its type. No value of a student's makes this raise.
    """
    try:
        return _plain(value, depth)
    except Exception:  # whatever a class of somebody's own does when it is looked at
        return {"object": type(value).__name__[:MOST_CHARACTERS]}


def _plain(value: Any, depth: int) -> Plain:
    if value is None:
        return {"none": True}
    if value is ...:
        return {"not attempted": True}
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, int | float):
        return {"number": _number(value)}
    if isinstance(value, str):
        return {"text": value[:MOST_CHARACTERS]}
    if depth < DEEPEST:
        if isinstance(value, Mapping):
            items = sorted(
                ((str(key)[:MOST_CHARACTERS], item) for key, item in list(value.items())[:MOST_ITEMS]),
                key=_first,
            )
            return {"dict": [[key, plain(item, depth + 1)] for key, item in items]}
        if isinstance(value, list | tuple):
            return {"list": [plain(item, depth + 1) for item in value[:MOST_ITEMS]], "length": len(value)}
        if isinstance(value, set | frozenset):
            return plain(sorted(str(item) for item in value), depth)
        array = _array(value)
        if array is not None:
            return array
    return {"object": type(value).__name__}


def same(expected: Any, got: Any, tolerance: float = RELATIVE_TOLERANCE) -> bool:
    """Say whether two pieces of plain data agree, numbers within a relative tolerance.

    expected: trusted; got: anything at all, compared without ever raising.
    """
    try:
        return _same(expected, got, tolerance)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError):
        return False


def sealed(value: Any, salt: str) -> Any:
    """Replace every text in plain data by its hash, so that a key can lie beside a notebook."""
    if isinstance(value, dict):
        if set(value) == {"text"}:
            return {"text": seal(value["text"], salt)}
        return {name: sealed(item, salt) for name, item in value.items()}
    if isinstance(value, list):
        return [sealed(item, salt) for item in value]
    return value


def seal(text: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}:{text}".encode("utf-8", "replace")).hexdigest()[:16]


def numbers_of(value: Any) -> list[float] | None:
    """Return the numbers in a number, a tensor or a dictionary of such as floats, None for anything else."""
    try:
        if "dict" in value:
            parts = [numbers_of(item) for _, item in value["dict"]]
            return None if None in parts else [number for part in parts for number in part or ()]
        if "number" in value:
            return [float(value["number"])]
        if "values" in value and value["type"] in ("float", "int"):
            return [float(item) for item in value["values"]]
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        pass
    return None


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _number(value: float) -> float | str:
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(float("inf") if value > 0 else float("-inf"))
    value = float(value)
    return float(f"{value:.9g}") if math.isfinite(value) else str(value)


def _array(value: Any) -> Plain | None:
    import numpy as np

    library = "array"
    if hasattr(value, "detach") and hasattr(value, "requires_grad"):
        library = "tensor"
        values = _strided(value)
        if values is None:
            return {"object": _name_of(value)}
        value = values
    if isinstance(value, np.generic):
        library, value = "numpy number", np.asarray(value)
    if not isinstance(value, np.ndarray):
        return None
    kind = {"f": "float", "i": "int", "u": "int", "b": "bool", "c": "complex"}.get(value.dtype.kind, "object")
    if kind in ("complex", "object"):
        return {"object": f"{library} of {value.dtype}"}
    flat = value.reshape(-1)
    step = max(1, math.ceil(flat.size / MOST_NUMBERS))
    values = [bool(item) if kind == "bool" else _number(item) for item in flat[::step].tolist()]
    return {library: True, "shape": list(value.shape), "type": kind, "values": values}


def _strided(tensor: Any) -> Any:
    """Return a tensor's numbers as an array, or None if it has none to read: sparse, on no device, and so on."""
    import torch

    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        return None
    if tensor.is_nested or tensor.device.type == "meta":
        return None
    try:
        # Checks themselves may be run under a mode of somebody's; looking at the numbers is not the answer's doing.
        values = tensor.detach().cpu().resolve_conj().resolve_neg()
        known = (torch.float32, torch.float64)
        return (
            values.float() if values.is_floating_point() and values.dtype not in known else values
        ).numpy()
    except (RuntimeError, TypeError, ValueError, NotImplementedError, AttributeError):
        return None


def _name_of(tensor: Any) -> str:
    """Name a tensor that has no plain form by what sets it apart."""
    parts = [type(tensor).__name__]
    layout, device = str(getattr(tensor, "layout", "")), getattr(getattr(tensor, "device", None), "type", "")
    if layout not in ("", "torch.strided"):
        parts.append(layout.removeprefix("torch."))
    if device not in ("", "cpu"):
        parts.append(f"on device {device}")
    return " ".join([*parts, f"of {getattr(tensor, 'dtype', 'no dtype')}"])[:MOST_CHARACTERS]


def scale_of(numbers: Sequence[float]) -> float:
    """Return the size beside which an absolute difference is small: the largest number, at least 1."""
    return max([1.0, *(abs(number) for number in numbers if math.isfinite(number))])


def close_to(a: float, b: float, tolerance: float, scale: float) -> bool:
    """Say whether two finite numbers agree, as the judge sees it."""
    return _close(a, b, tolerance, scale)


def _same(expected: Any, got: Any, tolerance: float) -> bool:
    if isinstance(expected, dict):
        if not isinstance(got, dict) or set(expected) != set(got):
            return False
        if "values" in expected:
            return _same_array(expected, got, tolerance)
        if "number" in expected:
            return _close(expected["number"], got["number"], tolerance, 1.0)
        return all(_same(item, got[name], tolerance) for name, item in expected.items())
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(expected) == len(got)
            and all(_same(a, b, tolerance) for a, b in zip(expected, got, strict=True))
        )
    return type(expected) is type(got) and expected == got


def _same_array(expected: Plain, got: Plain, tolerance: float) -> bool:
    frame = [name for name in expected if name != "values"]
    if any(expected[name] != got[name] for name in frame) or len(expected["values"]) != len(got["values"]):
        return False
    if expected["type"] == "bool":
        return bool(expected["values"] == got["values"])
    scale = scale_of([float(item) for item in expected["values"]])
    return all(_close(a, b, tolerance, scale) for a, b in zip(expected["values"], got["values"], strict=True))


def _close(expected: Any, got: Any, tolerance: float, scale: float) -> bool:
    if isinstance(got, bool):
        return False
    a, b = float(expected), float(got)
    if not (math.isfinite(a) and math.isfinite(b)):
        return str(a) == str(b)
    return abs(a - b) <= ABSOLUTE_TOLERANCE * scale * min(
        1.0, tolerance / RELATIVE_TOLERANCE
    ) + tolerance * abs(a)
