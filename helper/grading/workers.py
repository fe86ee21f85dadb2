"""Many submissions at once, on a Dask scheduler: a local one by default, any other by its address.

A worker process holds one warm process from which every student's run is forked; student code never runs in
the worker's own process. What crosses the network is plain bytes and JSON texts.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import Any

from helper.course import CourseError
from helper.grading.classroom import Classroom
from helper.grading.handed_in.notebook import canonical, read_notebook
from helper.grading.marking import Marked, mark
from helper.judging.key import Key
from helper.running.forkserver import ForkServer
from helper.running.runner import Runner
from helper.sandbox.confine import Limits

IN_FLIGHT = 3  # tasks per worker that are sent ahead, so that memory does not grow with the class

Shared = Mapping[str, tuple[str, str]]  # lesson -> (release, key), as texts

_local = threading.local()
_parent = ForkServer()  # of all runners in this process
_runners: list[Runner] = []


@dataclass(frozen=True)
class Task:
    """One submission to mark. id: how to find it again; source: the notebook's bytes."""

    id: str
    lesson: str
    source: bytes


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

    def compute_keys(self, room: Classroom, lessons: Sequence[str]) -> None:
        """Leave the keys of these lessons in the classroom, on this machine: they are no business of others."""
        _parent.compute_keys(room, lessons)

    def run(self, tasks: Iterable[Task], shared: Shared) -> Iterator[tuple[str, Marked | str]]:
        """Mark tasks in any order and yield each as it is done: its marks, or why the grader itself failed.

        Workers start only when there is a task. Raises CourseError if nothing can be run at all.
        """
        waiting = iter(tasks)
        first = next(waiting, None)
        if first is None:
            return
        from distributed import as_completed

        client = self._connect()
        texts = {
            lesson: client.scatter(list(pair), broadcast=True, hash=False) for lesson, pair in shared.items()
        }

        names: dict[str, str] = {}

        def send(task: Task) -> Any:
            future = client.submit(
                _mark_one,
                task.id,
                task.source,
                texts[task.lesson],
                self._unsandboxed,
                self._limits,
                pure=False,
                retries=1,
            )
            names[future.key] = task.id
            return future

        sent = [send(first), *(send(task) for task in islice(waiting, self.count * IN_FLIGHT - 1))]
        running = as_completed(sent)
        for future in running:
            task_id, outcome = _result(future, names.pop(future.key))
            future.release()
            for task in islice(waiting, 1):
                running.add(send(task))
            yield task_id, outcome

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
    while _runners:
        _runners.pop().close()
    _parent.close()
    _local.__dict__.clear()


def _result(future: Any, task_id: str) -> tuple[str, Marked | str]:
    try:
        return task_id, Marked.from_json(future.result()[1])
    except CourseError:
        raise
    except Exception as error:  # of our own making: one submission, not the class
        return task_id, f"{type(error).__name__}: {error}"


def _mark_one(
    task_id: str, source: bytes, texts: list[str], unsandboxed: bool, limits: Limits | None
) -> tuple[str, dict[str, Any]]:
    release, key = _parsed(*texts)
    if getattr(_local, "runner", None) is None:
        _local.runner = Runner(limits, unsandboxed=unsandboxed, parent=_parent)
        _runners.append(_local.runner)
    return task_id, mark(canonical(release, read_notebook(source)), key, _local.runner).to_json()


@lru_cache(maxsize=16)
def _parsed(release: str, key: str) -> tuple[dict[str, Any], Key]:
    return json.loads(release), Key.from_json(json.loads(key))
