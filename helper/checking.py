"""The check under an exercise: it draws inputs, asks the answer, and hands over plain data.

A check does not decide. In practice the judge compares at once with the key beside the notebook; in grading
the evidence leaves the process and is judged elsewhere.
"""

from __future__ import annotations

import hashlib
import linecache
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helper import evidence
from helper.evidence import Evidence, Failure, Plain

Sink = Callable[[dict[str, Any]], None]

_collecting: tuple[str, Sink] | None = None
_keys: dict[tuple[Path, float], Any] = {}
_failed: set[tuple[str, str]] = set()  # lesson and name of the checks that did not pass when they last ran


class Given:
    """Inputs for one check, drawn from a stream that is the same in every version of every library."""

    def __init__(self, seed: str, check: str) -> None:
        self._stream = np.random.RandomState(_number_from(seed, check))
        self.sizes: list[int] = []

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Draw a tensor of standard normal numbers."""
        return torch.as_tensor(self._stream.standard_normal(self._noted(shape))).to(dtype)

    def uniform(
        self, *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Draw a tensor of numbers spread evenly over [low, high)."""
        return torch.as_tensor(self._stream.uniform(low, high, self._noted(shape))).to(dtype)

    def integers(self, high: int, size: int | tuple[int, ...]) -> Tensor:
        """Draw an int64 tensor of whole numbers from 0 to high - 1, such as labels."""
        shape = (size,) if isinstance(size, int) else size
        self.sizes.append(high)
        return torch.as_tensor(self._stream.randint(0, high, self._noted(shape)).astype(np.int64))

    def permutation(self, n: int) -> Tensor:
        """Draw the numbers 0 to n - 1 in random order, int64."""
        return torch.as_tensor(self._stream.permutation(n).astype(np.int64))

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """Draw one plain float from [low, high)."""
        return float(self._stream.uniform(low, high))

    def integer(self, low: int, high: int) -> int:
        """Draw one plain int from low to high - 1."""
        return int(self._stream.randint(low, high))

    def generator(self) -> torch.Generator:
        """Return a torch generator seeded from the stream."""
        return torch.Generator().manual_seed(self.integer(0, 2**31 - 1))

    def fill(self, module: torch.nn.Module, scale: float = 0.3) -> torch.nn.Module:
        """Overwrite every parameter of `module`, biases too, with normal numbers times scale, and return it."""
        with torch.no_grad():
            for parameter in module.parameters():
                numbers = self._stream.standard_normal(tuple(parameter.shape)) * scale
                parameter.copy_(torch.as_tensor(numbers))
        return module

    def _noted(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        self.sizes.extend(shape)
        return shape


class check:  # noqa: N801  (it reads as a verb: with check("softmax") as (given, expect))
    """Ask one exercise: `with check("softmax") as (given, expect):`.

    Inside, `given` draws inputs and `expect(name, value)` hands over what the answer made of them. An exception
    ends the check; what was shown before it counts. Random numbers drawn inside leave the notebook's own
    generators as they were; gradients are recorded inside, whatever an answer did to that switch before.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown: dict[str, Plain] = {}
        self.failure: Failure | None = None

    def __call__(self, ask: Callable[[Given, Callable[..., None]], None]) -> None:
        """Run the check at once: `@check("softmax")` above `def _(given, expect):`."""
        with self as (given, expect):
            ask(given, expect)

    def __enter__(self) -> tuple[Given, Callable[..., None]]:
        key = None if _collecting else _practice_key(self.name)
        self._key = key
        seed = _collecting[0] if _collecting else key.seed if key else "practice"
        self._given = Given(seed, self.name)
        self._states = random.getstate(), np.random.get_state(), torch.get_rng_state()
        number = _number_from(seed, self.name, "global")
        random.seed(number)
        np.random.seed(number)
        torch.manual_seed(number)
        self._recorded = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        return self._given, self._expect

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        random.setstate(self._states[0])
        np.random.set_state(self._states[1])
        torch.set_rng_state(self._states[2])
        torch.set_grad_enabled(self._recorded)
        if error is not None:
            if isinstance(error, KeyboardInterrupt):
                return False
            self.failure = Failure(
                type(error).__name__, str(error)[: evidence.MOST_CHARACTERS], _line_of(trace)
            )
        if _collecting:
            failure = self.failure and [self.failure.kind, self.failure.message, self.failure.line]
            record = {
                "check": self.name,
                "done": True,
                "failure": failure,
                "sizes": sorted(set(self._given.sizes)),
            }
            _collecting[1](record)
        elif self._key:
            self._show_verdict(self._key)
        # An exception of the student's is told in the panel; what is no Exception (a time-out) goes on upwards.
        return error is None or isinstance(error, Exception)

    def _expect(
        self, name: str, value: Any, *, points: float | None = None, tolerance: float | None = None
    ) -> None:
        """Hand over what the answer produced; `name` finishes "your answer should get … right"."""
        if name in self.shown:
            raise ValueError(
                f'check "{self.name}" expects "{name}" twice: give each expectation its own name'
            )
        self.shown[name] = evidence.plain(value)
        if _collecting:
            record: dict[str, Any] = {"check": self.name, "expect": name, "value": self.shown[name]}
            record |= {} if points is None else {"points": points}
            record |= {} if tolerance is None else {"tolerance": tolerance}
            _collecting[1](record)

    def _show_verdict(self, key: Any) -> None:
        from helper import panel, source
        from helper.judge import RIGHT, judge, look_below
        from helper.progress import note_progress

        check_key = key.checks[self.name]
        failed = [name for name in key.checks if (key.lesson, name) in _failed]
        defined = source.definitions(_cells_run() if check_key.without or failed else ())
        names = source.forbidden_names(defined, self.name, check_key.without)
        verdict = judge(Evidence(self.shown, self.failure), check_key, key.lesson, names)
        if verdict.verdict == RIGHT:
            _failed.discard((key.lesson, self.name))
        else:
            verdict = look_below(verdict, source.calls(defined, self.name, failed))
            _failed.add((key.lesson, self.name))
        note_progress(Path.cwd(), self.name, verdict.points, verdict.verdict)
        panel.show(verdict)


@contextmanager
def collecting(seed: str, sink: Sink) -> Iterator[None]:
    """Send the evidence of every check inside to `sink`, under a seed of one's own, and show nothing.

    The sink gets {"check", "expect", "value"} for each expectation as it arises (with "points" and "tolerance"
    where the check sets them) and {"check", "done", "failure", "sizes"} at the end of each check.
    """
    global _collecting
    before, _collecting = _collecting, (seed, sink)
    try:
        yield
    finally:
        _collecting = before


def _number_from(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:4], "big")


def _practice_key(check: str) -> Any:
    """Return the key beside the notebook, or None after saying in one sentence what is missing."""
    from helper import panel
    from helper.key import Key

    path = Path("key.json")
    try:
        place = (path.resolve(), path.stat().st_mtime)
        if place not in _keys:
            _keys.clear()
            _keys[place] = Key.load(path)
    except FileNotFoundError:
        panel.note(
            "key.json is missing beside this notebook, so nothing can be checked. "
            "Copy it from the lesson's folder in notebooks/, or get the folder again."
        )
        return None
    except (OSError, ValueError):
        panel.note(
            "key.json beside this notebook cannot be read. Copy it again from the lesson's folder in notebooks/."
        )
        return None
    key = _keys[place]
    if check not in key.checks:
        panel.note(
            f'key.json beside this notebook belongs to lesson {key.lesson}, which has no check "{check}". '
            "Put the notebook back into its own lesson's folder in notebooks/."
        )
        return None
    return key


def _cells_run() -> list[str]:
    try:
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        return list(shell.user_ns.get("In", [])) if shell else []
    except ImportError:
        return []


def _line_of(trace: TracebackType | None) -> str:
    """Return the innermost line that is not a library's: the student's own."""
    line = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "site-packages" not in file and "helper" not in Path(file).parts and "/lib/python" not in file:
            line = linecache.getline(file, trace.tb_lineno).strip() or line
        trace = trace.tb_next
    return line[: evidence.MOST_CHARACTERS]
