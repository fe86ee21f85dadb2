"""The check under an exercise: it draws inputs, asks the answer, and hands over plain data.

A check does not decide. In practice the judge compares at once with the key beside the notebook; in grading
the evidence leaves the process and is judged elsewhere.
"""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch

from helper.checking.given import Given, number_from
from helper.checking.practice import cells_run, practice_key
from helper.judging import evidence
from helper.judging.evidence import Evidence, Failure, Plain

Sink = Callable[[dict[str, Any]], None]

_collecting: tuple[str, Sink] | None = None
_hidden: str | None = None  # the seed of what is kept from answers, in a process that makes keys
_failed: set[tuple[str, str]] = set()  # lesson and name of the checks that did not pass when they last ran


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
        key = None if _collecting else practice_key(self.name)
        self._key = key
        seed = _collecting[0] if _collecting else key.seed if key else "practice"
        self._given = Given(seed, self.name)
        self._states = random.getstate(), np.random.get_state(), torch.get_rng_state()
        number = number_from(seed, self.name, "global")
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
        self,
        name: str,
        value: Any,
        *,
        points: float | None = None,
        tolerance: float | None = None,
        score: Mapping[float, float] | None = None,
        examples: Callable[[Given], tuple[torch.Tensor, torch.Tensor]] | None = None,
        forecast: str | None = None,
    ) -> None:
        """Hand over what the answer produced; `name` finishes "your answer should get … right".

        score: {accuracy: points in all} for a network from `helper.fixtures.network`, which is tried on hidden
        examples; examples: draws them, images and labels, and is called only where a key is made or, in practice,
        used; forecast: `value` is the accuracy expected of the expectation of this name.
        """
        if name in self.shown:
            raise ValueError(
                f'check "{self.name}" expects "{name}" twice: give each expectation its own name'
            )
        extra: dict[str, Any] = {"forecast": forecast} if forecast else {}
        if score is not None and examples is not None:
            self.shown[name], labels, images = self._tried(value, examples)
            extra = {"score": list(score.items()), "labels": labels, "images": images} if labels else {}
            points = max(score.values())
        else:
            self.shown[name] = evidence.plain(value)
        if _collecting:
            record: dict[str, Any] = {"check": self.name, "expect": name, "value": self.shown[name]}
            record |= {} if points is None else {"points": points}
            record |= {} if tolerance is None else {"tolerance": tolerance}
            _collecting[1](record | extra)

    def _tried(
        self, value: Any, examples: Callable[[Given], tuple[torch.Tensor, torch.Tensor]]
    ) -> tuple[Plain, list[int], Any]:
        """Return the evidence of a network; where keys are made, also the labels and images it was tried on.

        Where marks are made nothing hidden is drawn in this process, which runs a student's code: the network itself
        is handed over.
        """
        from helper.judging.network import NetworkError, predictions

        network = value if isinstance(value, dict) and "network" in value else evidence.plain(value)
        if _collecting and _hidden is None:
            return network, [], None
        secret = _hidden if _collecting else self._key.seed if self._key else "practice"
        images, labels = examples(Given(f"{secret}\nhidden", self.name))
        kept = labels.tolist(), images.numpy()
        if "network" not in network:
            return network, *kept
        try:
            return {"predictions": predictions(network["network"], images.numpy())}, *kept
        except NetworkError as error:
            return {"text": str(error)}, *kept

    def _show_verdict(self, key: Any) -> None:
        from helper.checking import panel
        from helper.checking.progress import note_progress
        from helper.judging import names as source
        from helper.judging.judge import judge, look_below
        from helper.judging.verdict import RIGHT

        check_key = key.checks[self.name]
        failed = [name for name in key.checks if (key.lesson, name) in _failed]
        defined = source.definitions(cells_run() if check_key.without or failed else ())
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
def collecting(seed: str, sink: Sink, *, hidden: str | None = None) -> Iterator[None]:
    """Send the evidence of every check inside to `sink`, under a seed of one's own, and show nothing.

    hidden: the seed of what is kept from answers; only where a key is made, never beside a student's code. The sink
    gets {"check", "expect", "value"} for each expectation as it arises (with "points" and "tolerance" where the check
    sets them, with "score", "labels" and "images", or "forecast") and {"check", "done", "failure", "sizes"} at the end
    of each check.
    """
    global _collecting, _hidden
    before, _collecting, _hidden = (_collecting, _hidden), (seed, sink), hidden
    try:
        yield
    finally:
        _collecting, _hidden = before


def _line_of(trace: TracebackType | None) -> str:
    """Return the innermost line that is not a library's: the student's own."""
    line = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "site-packages" not in file and "helper" not in Path(file).parts and "/lib/python" not in file:
            line = linecache.getline(file, trace.tb_lineno).strip() or line
        trace = trace.tb_next
    return line[: evidence.MOST_CHARACTERS]
