"""Who marks: the workers of a scheduler, each examined before it is given anything of a class.

A worker that joins later is examined then. One that left is forgotten; what it had goes to others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

from helper.course import CourseError
from helper.grading.fitness import Rehearsal, what_differs, why_not
from helper.judging.key import Key
from helper.sandbox.limits import Limits

_CALL = "getattr(__import__('helper.grading.workers', fromlist=['']), what)(*words)"
LOOK_EVERY = 1.0  # seconds, for who joined and who left


class LostSchedulerError(CourseError):
    """The scheduler is gone."""


@dataclass
class _Worker:
    """One worker. step: what it was asked last; python: the version it runs; ready: whether it may mark."""

    threads: int
    step: Any = None
    python: str = ""
    ready: bool = False


@dataclass
class Crew:
    """The workers of a scheduler that may mark.

    client: connected to it; lessons: what they need to know of each, by digest; answers: where futures go
    once they are done; say: takes a line for people.
    """

    client: Any
    lessons: Mapping[str, str]
    rehearsal: Rehearsal
    limits: Limits
    unsandboxed: bool
    answers: SimpleQueue[Any]
    say: Callable[[str], None]
    _workers: dict[str, _Worker] = field(default_factory=dict)
    _refused: dict[str, str] = field(default_factory=dict)
    _asked: dict[str, str] = field(default_factory=dict)  # by the future's key, whom
    _told: set[str] = field(default_factory=set)
    _looked: float = 0.0

    @property
    def places(self) -> int:
        """How many submissions can be marked at once now."""
        return sum(worker.threads for worker in self._workers.values() if worker.ready)

    @property
    def addresses(self) -> list[str]:
        return [address for address, worker in self._workers.items() if worker.ready]

    def look(self) -> None:
        """See who joined and who left, at most once a second.

        Raises LostSchedulerError if the scheduler is gone, CourseError if there are workers and none is fit.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        here = self._present()
        for address in [address for address in self._workers if address not in here]:
            gone = self._workers.pop(address)
            self._asked.pop(getattr(gone.step, "key", ""), None)
            self._refused.pop(address, None)
        for address in here:
            if address not in self._workers:
                self._workers[address] = _Worker(here[address])
                self._ask(address, "describe", self.unsandboxed)
        if not here:
            self._tell("No worker is there: marking goes on as soon as one joins the scheduler.")
        elif len(self._refused) == len(here):
            reasons = " ".join(sorted(set(self._refused.values())))
            raise CourseError(f"No worker of this scheduler may mark. {reasons}")

    def takes(self, future: Any, text: str) -> bool:
        """Say whether an answer was for the crew: how somebody's examination went."""
        address = self._asked.pop(future.key, "")
        if not address:
            return False
        worker = self._workers[address]
        if future.status == "finished":
            self._hear(address, worker, json.loads(text))
        elif future.status == "error":
            self._refuse(address, address, _complaint(future.exception()))
        else:
            self._workers.pop(address)  # it left, or will be asked again
        return True

    def dismiss(self, address: str, reason: str, *, for_good: bool) -> None:
        """Give a worker nothing more: for good if it broke, until it is examined again if it was started anew."""
        if not for_good:
            self._workers.pop(address, None)
        elif address in self._workers:
            self._workers[address].ready = False
            self._refuse(address, address, reason.rstrip("."))

    def _present(self) -> dict[str, int]:
        try:
            if self.client.status != "running":
                raise OSError(self.client.status)
            found: dict[str, int] = self.client.nthreads()
        except Exception as error:
            raise LostSchedulerError("the scheduler is gone") from error
        return found

    def _hear(self, address: str, worker: _Worker, answer: Mapping[str, Any]) -> None:
        if "marked" in answer:
            differs = what_differs(answer["marked"], Key.from_json(answer["key"]), self.rehearsal.key)
            if differs:
                self._refuse(address, answer["host"], differs)
            else:
                worker.ready = True
                self._compare_pythons()
            return
        reason = why_not(answer, worker.threads, self.limits)
        if reason:
            self._refuse(address, answer["host"], reason)
            return
        worker.python = answer["python"]
        seed = self.rehearsal.key.seed
        self._ask(
            address,
            "rehearse",
            dict(self.lessons),
            self.rehearsal.lesson,
            self.rehearsal.notebook,
            seed,
            self.unsandboxed,
            asdict(self.limits),
        )

    def _ask(self, address: str, what: str, *words: Any) -> None:
        """Ask a worker, by the name of a function of workers.py."""
        future = submit(self.client, what, words, [address])
        self._workers[address].step = future
        self._asked[future.key] = address
        future.add_done_callback(self.answers.put)

    def _refuse(self, address: str, name: str, reason: str) -> None:
        line = f"{name} marks nothing: {reason}."
        self._refused[address] = line
        self._tell(line)

    def _compare_pythons(self) -> None:
        kinds = {worker.python for worker in self._workers.values() if worker.ready}
        if len(kinds) > 1:
            self._tell(
                f"Workers run Python {' and '.join(sorted(kinds))}: marks agree on the rehearsal, but the text of an "
                "error may differ from one to another."
            )

    def _tell(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self.say(line)


def submit(client: Any, what: str, words: Sequence[Any], to: Sequence[str] | None, retries: int = 0) -> Any:
    """Have a function of workers.py called with plain data on one of some workers, and return its future.

    By its name: a function that the other side does not have would end a worker, and the scheduler would have to
    have the course too.
    """
    named = {"what": what, "words": list(words)}
    return client.submit(
        eval, _CALL, named, key=f"{what}-{uuid4().hex}", pure=False, retries=retries, workers=to
    )


def _complaint(error: BaseException) -> str:
    if isinstance(error, ImportError | AttributeError | TypeError):
        return "the course is not there, or another version of it: install there what is installed here"
    return f"{type(error).__name__}: {error}"[:300].rstrip(".")
