"""Many submissions at once, on a Dask scheduler: a local one by default, any other by its address.

A worker process holds one warm process from which every student's run is forked; student code never runs in
the worker's own process, nor in the one that computes keys. What crosses the network is plain bytes and JSON texts;
the classroom's secret seed does not.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any

from helper.course import CourseError
from helper.grading.handed_in.canonical import Canonical
from helper.grading.keys import Keys, Questions, own_hidden, own_seed
from helper.grading.marking import Marked, mark
from helper.running.forkserver import ForkServer
from helper.running.runner import DisturbedError, Runner
from helper.sandbox.limits import Limits

IN_FLIGHT = 3  # tasks per worker that are sent ahead, so that memory does not grow with the class

DISTURBED = (
    "Its process was ended from outside again and again, alone too, most likely for want of memory: free some and run "
    "this again."
)

Shared = Mapping[str, str]  # lesson -> itself as a text, see keys.lesson_text

_local = threading.local()
_parent = ForkServer()  # of all that is forked for this process
_open: list[Runner | Keys] = []


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


class Workers:
    """The processors that mark. Entering starts or finds them, leaving stops what was started."""

    def __init__(
        self, count: int = 0, scheduler: str = "", *, unsandboxed: bool = False, limits: Limits | None = None
    ) -> None:
        self.count = count or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count or 2
        self._scheduler = scheduler
        self._unsandboxed = unsandboxed
        self._limits = limits
        self._client: Any = None
        self._cluster: Any = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what was started, whatever is still under way."""
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(Exception):
                    part.close()
        self._client = self._cluster = None
        close_runners()

    def launch(self) -> None:
        """Get ready for work to come: start the scheduler and let the warm process begin its imports."""
        if not self._scheduler:
            _parent.launch()
        self._connect()

    def run(self, tasks: Iterable[Task], shared: Shared, secret: str) -> Iterator[tuple[str, Marked | str]]:
        """Mark tasks in any order and yield each as it is done: its marks, or why the grader itself failed.

        secret: the classroom's seed. Workers start only when there is a task. What was disturbed by others is tried
        again at the end, alone. Raises CourseError if nothing can be run at all.
        """
        waiting = iter(tasks)
        first = next(waiting, None)
        if first is None:
            return
        from distributed import as_completed

        client = self._connect()
        texts = {lesson: client.scatter(text, broadcast=True, hash=False) for lesson, text in shared.items()}
        under_way: dict[str, Task] = {}

        def send(task: Task) -> Any:
            whose = task.student, task.lesson, task.attempt
            future = client.submit(
                _mark_one,
                task.id,
                task.notebook,
                texts[task.lesson],
                own_seed(secret, *whose),
                own_hidden(secret, *whose),
                self._unsandboxed,
                self._limits,
                pure=False,
                retries=1,
            )
            under_way[future.key] = task
            return future

        sent = [send(first), *(send(task) for task in islice(waiting, self.count * IN_FLIGHT - 1))]
        running = as_completed(sent)
        disturbed: list[Task] = []
        for future in running:
            task = under_way.pop(future.key)
            try:
                yield task.id, _result(future)
            except DisturbedError:
                disturbed.append(task)
            future.release()
            for following in islice(waiting, 1):
                running.add(send(following))
        for task in disturbed:
            future = send(task)
            try:
                yield task.id, _result(future)
            except DisturbedError:
                yield task.id, DISTURBED
            future.release()

    def _connect(self) -> Any:
        if self._client is not None:
            return self._client
        import dask
        from distributed import Client, LocalCluster

        dask.config.set(
            {"distributed.admin.low-level-log-length": 10}
        )  # its logs keep what was sent: notebooks
        logging.getLogger("distributed").setLevel(logging.ERROR)
        if self._scheduler:
            try:
                self._client = Client(self._scheduler, timeout=10)
            except (OSError, TimeoutError) as error:
                raise CourseError(
                    f"No Dask scheduler answers at {self._scheduler}: start one, or leave --scheduler away."
                ) from error
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


def _result(future: Any) -> Marked | str:
    try:
        return Marked.from_json(future.result()[1])
    except (CourseError, DisturbedError):
        raise
    except Exception as error:  # of our own making: one submission, not the class
        return f"{type(error).__name__}: {error}"


def _mark_one(
    task_id: str,
    notebook: str,
    lesson: str,
    seed: str,
    hidden: str,
    unsandboxed: bool,
    limits: Limits | None,
) -> tuple[str, dict[str, Any]]:
    if getattr(_local, "runner", None) is None:
        _local.runner = Runner(limits, unsandboxed=unsandboxed, parent=_parent)
        _local.keys = Keys(_parent)
        _open.extend((_local.runner, _local.keys))
    questions = Questions(lesson, seed, _local.keys, hidden)
    return task_id, mark(Canonical.loads(notebook), questions, _local.runner).to_json()
