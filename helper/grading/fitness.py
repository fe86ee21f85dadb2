"""Whether a worker somewhere may mark: it must do as this machine would. Asked on the worker, decided here.

First it says what it has, which costs nothing and shows it nothing; then it rehearses: it marks the lesson's own
answers, and what it computes under the public seed must be what the build computed.
"""

from __future__ import annotations

import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helper.grading.made_by import MARK
from helper.judging.evidence import same
from helper.judging.key import Key
from helper.made_of import running
from helper.sandbox.layers import sufficient
from helper.sandbox.limits import MIB, Limits
from helper.sandbox.probe import probe

OWN_MEMORY = 1024 * MIB  # of a worker itself and its warm process
_SENT = (
    "helper.grading.workers",
    "helper.grading.fitness",
)  # what has part in it too


@dataclass(frozen=True)
class Rehearsal:
    """What a worker marks before anything else.

    lesson: its stem; notebook: the lesson's own answers, as Canonical.dumps has them; key: what the build found
    under the public seed.
    """

    lesson: str
    notebook: str
    key: Key


def facts(unsandboxed: bool) -> dict[str, Any]:
    """Say what there is where this runs, as plain data."""
    import psutil
    from distributed.system import MEMORY_LIMIT  # knows the limits of containers too

    layers = probe()
    missing = "; ".join(f"{layer.name}: {layer.why_not}" for layer in layers if not layer.available)
    return {
        "host": socket.gethostname(),
        "code": own_code(),
        "torch": _version("torch"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "sandbox": "" if unsandboxed or sufficient(layers) else missing,
        "memory": min(psutil.virtual_memory().available, MEMORY_LIMIT),
    }


def why_not(found: Mapping[str, Any], threads: int, limits: Limits) -> str:
    """Return why a worker that has what it `found` may not mark, "" if it may rehearse."""
    if found["code"] != own_code():
        return "it has another version of the course: install there what is installed here"
    if _release(found["torch"]) != _release(_version("torch")):
        return (
            f"it has torch {found['torch'] or 'not at all'} and {_version('torch')} is here: install the versions of "
            "constraints.txt"
        )
    if found["sandbox"]:
        return f'it cannot keep student code apart ({found["sandbox"]}): run "course doctor" there'
    needed = OWN_MEMORY + threads * limits.memory_bytes
    if found["memory"] < needed:
        most = max(0, (found["memory"] - OWN_MEMORY) // limits.memory_bytes)
        cure = f"start it with --nthreads {most}" if most else "take a larger machine"
        return (
            f"{_words(threads)} at once may need {needed / 2**30:.1f} GB of memory and {found['memory'] / 2**30:.1f} "
            f"are free: {cure}"
        )
    return ""


def what_differs(marked: Mapping[str, Any], key: Key, wanted: Key) -> str:
    """Return what is not as it should be in a rehearsal: the marks it gave and its key, "" if nothing is."""
    lost = [verdict["check"] for verdict in marked["verdicts"] if verdict["points"] < verdict["max"]]
    if marked["problem"] or lost:
        return (
            f"it gives the lesson's own answers less than all points ({', '.join(lost) or marked['problem']})"
        )
    numbers = [
        f"{name}, {item.name}"
        for name, check in wanted.checks.items()
        for item in check.expectations
        if not any(
            other.name == item.name and same(item.value, other.value, item.tolerance)
            for other in (key.checks[name].expectations if name in key.checks else ())
        )
    ]
    return f"it computes other numbers than this machine did ({'; '.join(numbers[:3])})" if numbers else ""


def own_code() -> str:
    """Name the code that marks: docstrings, comments and what only moves things about do not count."""
    return running((*MARK, *_SENT))


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _release(text: str) -> str:
    return text.partition("+")[
        0
    ]  # how it was built is no other version: the rehearsal says whether it matters


def _words(threads: int) -> str:
    return "one submission" if threads == 1 else f"{threads} submissions"
