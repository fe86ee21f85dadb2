"""The check under an exercise: it draws inputs, asks the answer, and hands over plain data.

A check does not decide. In practice the judge compares at once with the key beside the notebook; in grading
the evidence leaves the process and is judged elsewhere.
"""

from __future__ import annotations

import linecache
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from helper.checking import asking
from helper.checking.given import Given
from helper.checking.practice import note_runs, practice_key, show_verdict
from helper.checking.watch import Watch
from helper.checking.world import World, changed_fixtures, own_function, own_settings
from helper.course import CourseError
from helper.judging import evidence
from helper.judging.evidence import Asked, Evidence, Failure, Plain

Sink = Callable[[dict[str, Any]], None]
Examples = Callable[[Given], tuple[Any, Any]]

_collecting: tuple[str, Sink, World] | None = None
_hidden: str | None = None  # the seed of what is kept from answers, in a process that makes keys
_ready: Mapping[str, Mapping[str, Any]] = {}  # by check, what was prepared elsewhere

note_runs()


class check:  # noqa: N801  (it reads as a verb: @check("softmax") above def _(given, expect):)
    """Ask one exercise: `@check("softmax")` above `def _(given, expect):` runs the function at once.

    Inside, `given` draws inputs and `expect(name, value)` hands over what the answer made of them. An exception
    ends the check; what was shown before it counts. The function's names are what the lesson's setup cell
    imports, and the exercises; nothing that the notebook calls alike comes in. It runs under the libraries' own
    settings, gradients recorded, and leaves the notebook's settings and random numbers as they were.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown: dict[str, Plain] = {}
        self.asked: dict[str, Asked] = {}
        self.failure: Failure | None = None

    def __call__(self, ask: Callable[[Given, Callable[..., None]], None]) -> None:
        beside = None if _collecting else practice_key(self.name)
        if _collecting:
            seed, _, world = _collecting
        elif beside:
            seed = beside.key.seed
            without = {name: item.without for name, item in beside.key.checks.items()}
            world = World(beside.key.imports, without)
        else:
            return
        secret = _hidden if _collecting and _hidden and _hidden != seed else ""
        ready = _ready.get(self.name) if _collecting else None
        self._given, self._seed = Given(seed, self.name, secret=secret, ready=ready), seed
        self._watch = Watch(world.without.get(self.name, ()))
        begun = time.process_time()
        with own_settings(seed, self.name) as changed:
            try:
                own_function(ask, world, self._watched)(self._given, self._expect)
            except Exception as error:
                self.failure = _failure(error)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a time-out is told, and goes on upwards
                self.failure = _failure(error)
                self._end()
                raise
        self._end()
        if beside:
            shown = Evidence(self.shown, self.failure, tuple(sorted(self._watch.ran)), self.asked)
            seconds = time.process_time() - begun
            again = partial(_evidence_under, self.name, ask, world)
            show_verdict(beside, self.name, shown, changed, tuple(self._watch.flags), seconds, again)

    def __enter__(self) -> None:
        """Answer `with check("softmax") as …:`, the form of earlier versions. Raises CourseError."""
        raise CourseError(
            "This notebook is of an earlier version of the course, whose checks were written in another form. Run "
            '"course update" in the course'
            "'"
            "s folder: the lesson becomes the present one, and your answers stay."
        )

    def __exit__(self, *error: object) -> None: ...

    def _watched(self, name: str, answer: Any) -> Any:
        return self._watch.wrapped(answer) if name == self.name else answer

    def _end(self) -> None:
        self._watch.flags |= changed_fixtures()
        if _collecting is None:
            return
        failure = self.failure and [self.failure.kind, self.failure.message, self.failure.line]
        record: dict[str, Any] = {"check": self.name, "done": True, "failure": failure}
        record |= {"sizes": sorted(set(self._given.sizes)), "ran": sorted(self._watch.ran)}
        record |= {"flags": sorted(self._watch.flags)} if self._watch.flags else {}
        record |= {"ready": self._given.kept} if self._given.kept else {}
        _collecting[1](record)

    def _expect(
        self,
        name: str,
        value: Any,
        *,
        points: float | None = None,
        tolerance: float | None = None,
        detail: bool = False,
        score: Mapping[float, float] | None = None,
        examples: Examples | None = None,
        forecast: str | None = None,
    ) -> None:
        """Hand over what the answer produced; `name` finishes "your answer should get … right".

        detail: an answer that misses only this may earn more than half of the points.
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
            record |= {"detail": True} if detail else {}
            record |= {"ran": sorted(self._watch.ran)} if self._watch.ran else {}
            _collecting[1](record | extra)
        else:
            self.asked[name] = asking.asked(sys._getframe(1), self.name)

    def _tried(self, value: Any, examples: Examples) -> tuple[Plain, list[int], Any]:
        """Return the evidence of a network; where keys are made, also the labels and images it was tried on.

        Where marks are made nothing hidden is drawn in this process, which runs a student's code: the network itself
        is handed over.
        """
        from helper.judging.network import NetworkError, predictions

        network = value if isinstance(value, dict) and "network" in value else evidence.plain(value)
        if _collecting and _hidden is None:
            return network, [], None
        images, labels = examples(Given(f"{_hidden or self._seed}\nhidden", self.name))
        kept = labels.tolist(), images.numpy()
        if "network" not in network:
            return network, *kept
        try:
            return {"predictions": predictions(network["network"], images.numpy())}, *kept
        except NetworkError as error:
            return {"text": str(error)}, *kept


@contextmanager
def collecting(
    seed: str,
    sink: Sink,
    world: World | None = None,
    *,
    hidden: str | None = None,
    ready: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[None]:
    """Send the evidence of every check inside to `sink`, under a seed of one's own, and show nothing.

    world: what the checks' names mean and what is off limits; without one they mean what the notebook says.
    hidden: the seed of what is kept from answers; only where a key is made, never beside a student's code.
    ready: by check, what was prepared where the key was made (Given.prepared).
    The sink gets {"check", "expect", "value"} for each expectation as it arises (with "points" and "tolerance" where
    the check sets them, or "score", "labels" and "images", or "forecast"; and "ran": the names off limits that ran so
    far) and {"check", "done", "failure", "sizes", "ran", "flags", "ready"} at the end of each check.
    """
    global _collecting, _hidden, _ready
    before = _collecting, _hidden, _ready
    _collecting, _hidden, _ready = (seed, sink, world or World()), hidden, ready or {}
    try:
        yield
    finally:
        _collecting, _hidden, _ready = before


def _evidence_under(name: str, ask: Callable[..., None], world: World, seed: str) -> dict[str, Plain]:
    """Run a check once more, under another seed, and return what the answer showed."""
    records: list[dict[str, Any]] = []
    with collecting(seed, records.append, world):
        check(name)(ask)
    return {record["expect"]: record["value"] for record in records if "expect" in record}


def _failure(error: BaseException) -> Failure:
    try:
        message = str(error)[: evidence.MOST_CHARACTERS]
    except Exception:  # an exception class of a student's own
        message = ""
    return Failure(type(error).__name__, message, _line_of(error.__traceback__))


def _line_of(trace: TracebackType | None) -> str:
    """Return the innermost line that is not a library's: the student's own."""
    line = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "site-packages" not in file and "helper" not in Path(file).parts and "/lib/python" not in file:
            line = linecache.getline(file, trace.tb_lineno).strip() or line
        trace = trace.tb_next
    return line[: evidence.MOST_CHARACTERS]
