"""Many submissions at once, on a Dask scheduler: a local one by default, any other by its address.

A worker process holds one warm process from which every student's run is forked; student code never runs in
the worker's own process, nor in the one that computes keys. What crosses the network is plain bytes and JSON texts:
the lessons once to each worker that was found fit (crew.py), a submission with what it is asked to the one that marks
it. The classroom's secret seed and the students' names stay here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from helper.course import CourseError
from helper.grading.certificates import security, warning
from helper.grading.crew import LOOK_EVERY, Crew, LostSchedulerError, submit
from helper.grading.fitness import Rehearsal, facts
from helper.grading.handed_in.canonical import Canonical
from helper.grading.keys import Keys, Questions, own_hidden, own_seed
from helper.grading.marking import Marked, mark
from helper.running.forkserver import ForkServer
from helper.running.runner import DisturbedError, Runner
from helper.sandbox.limits import Limits

IN_FLIGHT = 3  # tasks per processor that are sent ahead, so that memory does not grow with the class
AT_ONCE = 100  # answers that are fetched together
FETCHED_WITHIN = 20.0  # seconds; a worker that went meanwhile has its tasks done elsewhere
MOST_BREAKS = 2  # workers at which one submission may break

DISTURBED = (
    "Its process was ended from outside again and again, alone too, most likely for want of memory: free some and run "
    "this again."
)

Shared = Mapping[str, str]  # lesson -> itself as a text, see keys.lesson_text

_local = threading.local()
_parent = ForkServer()  # of all that is forked for this process
_open: list[Runner | Keys] = []
_lessons: dict[str, str] = {}  # what this process, as a worker, knows of lessons, by digest


class BrokenError(Exception):
    """A worker cannot mark. address: whose; learnt: whether it knew the lesson."""

    def __init__(self, address: str, reason: str, learnt: bool = True) -> None:
        super().__init__(address, reason, learnt)
        self.address, self.reason, self.learnt = address, reason, learnt


@dataclass(frozen=True)
class Task:
    """One submission to mark.

    id: how to find it again; notebook: the canonical one, as text; attempt: a word that is another at the next
    attempt, and with student and lesson decides the inputs.
    """

    id: str
    lesson: str
    notebook: str
    student: str
    attempt: str


@dataclass(frozen=True)
class _Sent:
    """A task under way. to: who may mark it, None for whoever is there."""

    task: Task
    future: Any
    to: Sequence[str] | None


class Workers:
    """The processors that mark. Entering starts or finds them, leaving stops what was started.

    scheduler: the address of one that runs elsewhere; certificates: the folder with what TLS needs; say: takes a line
    for people.
    """

    def __init__(
        self,
        count: int = 0,
        scheduler: str = "",
        *,
        unsandboxed: bool = False,
        limits: Limits | None = None,
        certificates: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.count = count or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count or 2
        self.elsewhere = bool(scheduler)
        self._scheduler = scheduler
        self._unsandboxed = unsandboxed
        self._limits = limits or Limits()
        self._certificates = certificates
        self._say = say
        self._client: Any = None
        self._cluster: Any = None
        self._answers: SimpleQueue[Any] = SimpleQueue()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what was started, whatever is still under way."""
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(Exception):
                    part.close(timeout=5)
        self._client = self._cluster = None
        close_runners()

    def launch(self) -> None:
        """Get ready for work to come: start the scheduler and let the warm process begin its imports."""
        if not self._scheduler:
            _parent.launch()
        self._connect()

    def run(
        self, tasks: Iterable[Task], shared: Shared, secret: str, rehearsal: Rehearsal | None = None
    ) -> Iterator[tuple[str, Marked | str]]:
        """Mark tasks in any order and yield each as it is done: its marks, or why the grader itself failed.

        secret: the classroom's seed; rehearsal: by which workers elsewhere show that they are fit. Workers start only
        when there is a task. What was disturbed by others is tried again at the end, alone. Raises CourseError if
        nothing can be run at all, or if the scheduler is gone.
        """
        waiting = iter(tasks)
        first = next(waiting, None)
        if first is None:
            return
        client = self._connect()
        self._answers = SimpleQueue()
        crew: Crew | _Here
        if self.elsewhere:
            assert rehearsal is not None
            crew = Crew(
                client, _by_digest(shared), rehearsal, self._limits, self._unsandboxed,
                self._answers, self._say,
            )  # fmt: skip
        else:
            _lessons.update(_by_digest(shared))
            crew = _Here(self.count)
        digests = {lesson: _digest(text) for lesson, text in shared.items()}
        disturbed: list[Task] = []
        try:
            for task, outcome in self._round(_chain(first, waiting), crew, digests, secret):
                if outcome is None:
                    disturbed.append(task)
                else:
                    yield task.id, outcome
            for task in disturbed:
                for _, outcome in self._round(iter([task]), crew, digests, secret):
                    yield task.id, outcome or DISTURBED
        except LostSchedulerError as error:
            raise CourseError(
                f"The Dask scheduler at {self._scheduler} stopped answering. What is marked stays marked: start it and "
                "its workers again, and run this again for the rest."
            ) from error

    def _round(
        self, tasks: Iterator[Task], crew: Crew | _Here, digests: Mapping[str, str], secret: str
    ) -> Iterator[tuple[Task, Marked | str | None]]:
        """Have every task done once, and yield what came of it: None if others disturbed it."""
        under_way: dict[str, _Sent] = {}
        again: list[Task] = []
        breaks: dict[str, int] = {}
        more = True
        while more or again or under_way:
            crew.look()
            again += self._stranded(under_way, crew)
            while (more or again) and len(under_way) < crew.places * IN_FLIGHT:
                task = again.pop() if again else next(tasks, None)
                if task is None:
                    more = False
                else:
                    sent = self._send(task, digests[task.lesson], crew.addresses, secret)
                    under_way[sent.future.key] = sent
            for future, text in self._answered() if under_way or crew.places == 0 else ():
                if crew.takes(future, text):
                    continue
                mine = under_way.pop(future.key, None)
                if mine is None:
                    continue  # somebody else did it meanwhile
                outcome = _outcome(future, text)
                future.release()
                if isinstance(outcome, BrokenError):
                    if not outcome.address:
                        raise CourseError(outcome.reason)
                    crew.dismiss(outcome.address, outcome.reason, for_good=outcome.learnt)
                    breaks[mine.task.id] = breaks.get(mine.task.id, 0) + outcome.learnt
                    if breaks[mine.task.id] >= MOST_BREAKS:
                        yield mine.task, outcome.reason
                    else:
                        again.append(mine.task)
                elif outcome == "":
                    again.append(mine.task)
                else:
                    yield mine.task, outcome

    def _send(self, task: Task, lesson: str, to: Sequence[str] | None, secret: str) -> _Sent:
        whose = task.student, task.lesson, task.attempt
        words = lesson, task.notebook, own_seed(secret, *whose), own_hidden(secret, *whose)
        future = submit(
            self._client, "mark_one", (*words, self._unsandboxed, asdict(self._limits)), to, retries=1
        )
        future.add_done_callback(self._answers.put)
        return _Sent(task, future, to)

    def _stranded(self, under_way: dict[str, _Sent], crew: Crew | _Here) -> list[Task]:
        """Take back what was sent to workers that are all gone."""
        here = crew.addresses
        if here is None:
            return []
        gone = [key for key, sent in under_way.items() if not set(sent.to or ()) & set(here)]
        for key in gone:
            under_way[key].future.cancel()
        return [under_way.pop(key).task for key in gone]

    def _answered(self) -> list[tuple[Any, str]]:
        """Wait a moment for answers, and fetch all that are there. What cannot be had yet is asked for again."""
        futures = []
        with suppress(Empty):
            futures.append(self._answers.get(timeout=LOOK_EVERY))
            while len(futures) < AT_ONCE:
                futures.append(self._answers.get_nowait())
        finished = [future for future in futures if future.status == "finished"]

        async def fetch() -> Any:
            return await self._client.gather(finished, asynchronous=True)

        texts: dict[str, str] = {}
        if finished:
            try:
                found = self._client.sync(fetch, callback_timeout=FETCHED_WITHIN)
                texts = {future.key: text for future, text in zip(finished, found, strict=True)}
            except Exception:  # a worker or the scheduler went: look() will see it
                for future in finished:
                    self._answers.put(future)
        return [
            (future, texts.get(future.key, ""))
            for future in futures
            if future not in finished or future.key in texts
        ]

    def _connect(self) -> Any:
        if self._client is not None:
            return self._client
        import dask
        from distributed import Client, LocalCluster

        # Its logs keep what was sent: notebooks.
        dask.config.set({"distributed.admin.low-level-log-length": 10})
        for name in ("distributed", "distributed.client", "distributed.core", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is told in one sentence
        if self._scheduler:
            told = warning(self._scheduler)
            if told:
                self._say(told)
            try:
                secure = security(self._certificates) if self._certificates else None
                self._client = Client(self._scheduler, timeout=10, security=secure)
            except (OSError, TimeoutError, TypeError, RuntimeError) as error:
                cure = "start one, or leave --scheduler away"
                if self._scheduler.startswith("tls") or self._certificates:
                    cure = "start one with the same certificates (see course certificates)"
                raise CourseError(f"No Dask scheduler answers at {self._scheduler}: {cure}.") from error
        else:
            # Threads, because each only waits for its own warm process.
            self._cluster = LocalCluster(
                n_workers=1,
                threads_per_worker=self.count,
                processes=False,
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
            )
            self._client = Client(self._cluster)
        return self._client


def close_runners() -> None:
    """Stop the warm process of this process's workers, and what it serves."""
    while _open:
        _open.pop().close()
    _parent.close()
    _local.__dict__.clear()


class _Here:
    """This machine's own processors, which need no examination."""

    addresses = None

    def __init__(self, places: int) -> None:
        self.places = places

    def look(self) -> None:
        pass

    def takes(self, future: Any, text: str) -> bool:
        return False

    def dismiss(self, address: str, reason: str, *, for_good: bool) -> None:
        pass


def _outcome(future: Any, text: str) -> Marked | str | BrokenError | None:
    """Return what came of a task: marks, why the grader broke, None if it was disturbed, "" if it was lost."""
    from distributed import KilledWorker

    if future.status == "finished":
        return Marked.from_json(json.loads(text))
    if future.status != "error":
        return ""
    error = future.exception()
    if isinstance(error, DisturbedError | KilledWorker):
        return None
    if isinstance(error, BrokenError):
        return error
    return f"{type(error).__name__}: {error}"  # of our own making: one submission, not the class


def describe(unsandboxed: bool) -> str:
    """Say what there is on the worker's machine."""
    return json.dumps(facts(unsandboxed))


def rehearse(
    lessons: Mapping[str, str],
    stem: str,
    notebook: str,
    seed: str,
    unsandboxed: bool,
    limits: Mapping[str, Any],
) -> str:
    """Learn lessons, by digest, and mark one's own answers under the public seed. On the worker."""
    _lessons.update(lessons)
    runner, keys = _tools(unsandboxed, limits)
    text = next(text for text in lessons.values() if json.loads(text)["stem"] == stem)
    questions = Questions(text, seed, keys)
    marked = mark(Canonical.loads(notebook), questions, runner)
    found = {"marked": marked.to_json(), "key": questions.reference().to_json()}
    return json.dumps({"host": socket.gethostname()} | found)


def mark_one(
    lesson: str, notebook: str, seed: str, hidden: str, unsandboxed: bool, limits: Mapping[str, Any]
) -> str:
    """Mark one submission on the worker. lesson: its digest."""
    if lesson not in _lessons:
        raise BrokenError(_own_address(), "It was started anew", learnt=False)
    try:
        runner, keys = _tools(unsandboxed, limits)
        questions = Questions(_lessons[lesson], seed, keys, hidden)
        return json.dumps(mark(Canonical.loads(notebook), questions, runner).to_json())
    except CourseError as error:
        raise BrokenError(_own_address(), str(error)) from error


def _tools(unsandboxed: bool, limits: Mapping[str, Any]) -> tuple[Runner, Keys]:
    """Return what this thread runs submissions with and gets keys from."""
    if getattr(_local, "runner", None) is None:
        _local.runner = Runner(Limits(**limits), unsandboxed=unsandboxed, parent=_parent)
        _local.keys = Keys(_parent)
        _open.extend((_local.runner, _local.keys))
    return _local.runner, _local.keys


def _own_address() -> str:
    """Return this worker's address, "" where it is no process of its own."""
    from distributed import get_worker

    address: str = get_worker().address
    return "" if address.startswith("inproc") else address


def _by_digest(shared: Shared) -> dict[str, str]:
    return {_digest(text): text for text in shared.values()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _chain(first: Task, rest: Iterator[Task]) -> Iterator[Task]:
    yield first
    yield from rest
