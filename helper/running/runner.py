"""Run a submission's cells in a confined process, forked from a warm one, and hand back what became of them.

The process that holds a Runner is trusted: it never runs, unpickles or evaluates anything of the student's,
it only reads two pipes (see transcript.py). One cell that ends or hangs its process costs that cell: a fresh
process runs the rest.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from helper.running import warm
from helper.running.confined.cells import FRESH
from helper.running.forkserver import START_SECONDS, ForkServer, RunnerError, receive
from helper.running.transcript import CellRun, Job, Run, Transcript
from helper.sandbox import confine as sandbox
from helper.sandbox.confine import Layer, Limits

__all__ = ["CellRun", "Job", "Run", "Runner", "RunnerError"]

GRACE = 2.0  # seconds after a cell's own alarm, until the process is killed from outside
MOST_RESTARTS = 4
_WATCH_MEMORY_EVERY = 0.5  # seconds


@dataclass
class _Ending:
    """How one process ended. reason: why it was killed from here, or ""; status: as wait gives it."""

    reason: str
    status: int
    cpu: float


class Runner:
    """Runs one submission at a time. Use it as a context manager; it keeps a server alive meanwhile.

    Raises RunnerError if the layers are not sufficient and `unsandboxed` was not asked for. Even then every
    layer that holds is used.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        layers: Iterable[Layer] | None = None,
        *,
        unsandboxed: bool = False,
        parent: ForkServer | None = None,
    ) -> None:
        self.limits = limits or Limits()
        probed = tuple(sandbox.probe() if layers is None else layers)
        if not unsandboxed and not sandbox.sufficient(probed):
            missing = "; ".join(f"{layer.name}: {layer.why_not}" for layer in probed if not layer.available)
            raise RunnerError(
                f"Student code cannot be confined on this machine ({missing}). "
                'Mend that, or add "--unsandboxed" if you trust every submission.'
            )
        if not hasattr(os, "fork"):
            raise RunnerError("Grading needs Linux or macOS: run it in a Linux container or in WSL.")
        self._layers = sandbox.available(probed)
        self._own_parent = parent is None
        self._parent = parent or ForkServer()
        self._control: socket.socket | None = None
        self.server = 0  # its process id

    def __enter__(self) -> Runner:
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, job: Job) -> Run:
        """Run all cells of `job` and return what became of each.

        Takes at most `limits.submission_seconds`, plus moments. Raises RunnerError if no process can be had.
        """
        self._connect()
        begun = time.monotonic()
        deadline = begun + self.limits.submission_seconds
        mark = secrets.token_hex(8)
        transcript = Transcript(job, self.limits, mark)
        try:
            for _ in range(1 + MOST_RESTARTS):
                skip = transcript.to_skip
                transcript.restart()
                ending = self._attempt(job, mark, skip, transcript, deadline)
                _blame(transcript, ending, self.limits, job)
                if transcript.finished or ending.reason == "submission" or time.monotonic() > deadline:
                    break
                paused = time.monotonic()
                self._connect()  # may import again, which is not the submission's time
                begun, deadline = (moment + time.monotonic() - paused for moment in (begun, deadline))
        except BaseException:
            self._drop()  # whatever state it is in
            raise
        return transcript.to_run(time.monotonic() - begun)

    def close(self) -> None:
        """End the server and everything that it started."""
        self._drop()
        if self._own_parent:
            self._parent.close()

    def _drop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    def _connect(self) -> socket.socket:
        """Return the connection to this runner's server, a new one if there is none."""
        if self._control is None:
            self._control, self.server = self._parent.connect()
        return self._control

    def _attempt(
        self, job: Job, mark: str, skip: list[str], transcript: Transcript, deadline: float
    ) -> _Ending:
        """Run the job in one fresh process until that ends, or has to be ended."""
        scratch = tempfile.mkdtemp(prefix="course-")
        heard, told = os.pipe()
        printed, output = os.pipe()
        with os.fdopen(heard, "rb", 0) as records, os.fdopen(printed, "rb", 0) as prints:
            try:
                with tempfile.TemporaryFile() as file:
                    file.write(_job_text(job, mark, skip, self.limits))
                    file.seek(0)
                    control, pid = self._fork(scratch, [file.fileno(), told, output])
            finally:
                os.close(told)
                os.close(output)
            os.set_blocking(heard, False)
            os.set_blocking(printed, False)
            try:
                return self._listen(job, control, pid, heard, printed, transcript, deadline)
            finally:
                for pipe, take in ((records, transcript.hear), (prints, transcript.read)):
                    for _ in range(
                        64
                    ):  # more than a pipe holds: an end even if something lives on and writes
                        data = pipe.read(1 << 16)
                        if data:
                            take(data)
                transcript.read(b"", last=True)
                _remove(scratch)

    def _fork(self, scratch: str, descriptors: list[int]) -> tuple[socket.socket, int]:
        for again in (True, False):
            control = self._connect()
            try:
                socket.send_fds(control, [warm.request(self.limits, scratch, self._layers)], descriptors)
                answer = receive(control, START_SECONDS)
            except OSError:
                answer = {}
            if "pid" in answer:
                return control, int(answer["pid"])
            if "problem" in answer or not again:
                problem = answer.get("problem", "the process that runs submissions ended")
                raise RunnerError(f'No submission can be run ({problem}): run "course doctor".')
            self._drop()  # it died while idle; a fresh one may do
        raise AssertionError

    def _listen(
        self,
        job: Job,
        control: socket.socket,
        pid: int,
        heard: int,
        printed: int,
        transcript: Transcript,
        deadline: float,
    ) -> _Ending:
        reason = ""
        cell, cell_deadline = "", time.monotonic() + self.limits.cell_seconds + GRACE
        watch_memory = time.monotonic() + _WATCH_MEMORY_EVERY
        pipes = {heard: transcript.hear, printed: transcript.read}
        while True:
            now = time.monotonic()
            if transcript.current != cell:
                cell = transcript.current or ""
                cell_deadline = now + job.seconds.get(cell, self.limits.cell_seconds) + GRACE
            if not reason:
                if now > watch_memory:
                    watch_memory = now + _WATCH_MEMORY_EVERY
                    if _memory_of(pid) > 2 * self.limits.memory_bytes:
                        reason = "memory"
                if now > min(cell_deadline, deadline):
                    reason = "submission" if now > deadline else "cell"
                if transcript.flooding:
                    reason = "flood"
                if reason:
                    control.sendall(b'{"kill": true}\n')
                    cell_deadline = deadline = now + 10
            elif now > deadline:
                raise RunnerError("A process could not be killed: restart this machine before you go on.")
            until = max(0.0, min(cell_deadline, deadline, watch_memory if not reason else deadline) - now)
            ready, _, _ = select.select([control, *(pipes if not transcript.flooding else ())], [], [], until)
            for descriptor, take in pipes.items():
                if descriptor in ready:
                    data = os.read(descriptor, 1 << 16)
                    take(data)
                    if not data:  # closed: the end must come another way
                        pipes = {other: pipes[other] for other in pipes if other != descriptor}
            if control in ready:
                answer = receive(control, 5)
                if "ended" not in answer:
                    self._drop()
                    return _Ending(reason or "warm", signal.SIGKILL, 0.0)
                return _Ending(reason, int(answer["ended"]), float(answer["cpu"]))


def _blame(transcript: Transcript, ending: _Ending, limits: Limits, job: Job) -> None:
    """Say of the cell that was running why its process ended, unless it ended as it should."""
    killer = os.WTERMSIG(ending.status) if os.WIFSIGNALED(ending.status) else 0
    code = os.WEXITSTATUS(ending.status) if os.WIFEXITED(ending.status) else 0
    if ending.reason == "submission":
        transcript.stop(
            "time-out", f"TimeOut: the submission ran for more than {limits.submission_seconds:g} seconds"
        )
    elif ending.reason == "cell":
        seconds = job.seconds.get(transcript.current or "", limits.cell_seconds)
        transcript.stop("time-out", f"TimeOut: it ran for more than {seconds:g} seconds")
    elif ending.reason == "flood":
        transcript.stop("time-out", "TimeOut: it printed without end")
        transcript.flag("flooded the output")
    elif ending.reason == "memory":
        transcript.stop("out of memory", "MemoryError: its processes together held too much")
    elif ending.reason == "warm" or transcript.finished:
        return
    elif code == FRESH and transcript.current is None:
        transcript.leave_out()
    elif killer in (signal.SIGXCPU, signal.SIGKILL) and ending.cpu >= limits.submission_seconds:
        transcript.stop("time-out", "TimeOut: it used up the submission's processor time")
    elif killer == signal.SIGKILL:
        transcript.stop(
            "out of memory", "MemoryError: the process was killed, most likely for want of memory"
        )
    elif killer:
        transcript.stop("crashed", f"the process crashed ({signal.Signals(killer).name})")
    else:
        transcript.stop("crashed", f"the process was ended (exit code {code})")
        transcript.flag(f"ended the whole process (exit code {code})")


def _job_text(job: Job, mark: str, skip: list[str], limits: Limits) -> bytes:
    text = {
        "cells": job.cells,
        "skip": skip,
        "seed": job.seed,
        "mark": mark,
        "cell_seconds": limits.cell_seconds,
        "seconds": dict(job.seconds),
        "memory_bytes": limits.memory_bytes,
    }
    return json.dumps(text).encode()


def _remove(scratch: str) -> None:
    try:
        os.rmdir(scratch)  # with a mount namespace nothing was ever written here
    except OSError:
        script = 'chmod -R u+rwX -- "$0"; rm -rf -- "$0"'  # depths and modes that shutil cannot cope with
        subprocess.run(["/bin/sh", "-c", script, scratch], stderr=subprocess.DEVNULL, check=False)


def _memory_of(pid: int) -> int:
    """Return the bytes of memory that a process and its descendants hold, shared pages counted once; 0 unknown."""
    try:
        fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
        held = 1024 * int(fields[fields.index("Pss:") + 1])
        children = [
            int(child)
            for task in os.listdir(f"/proc/{pid}/task")
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        ]
    except (OSError, ValueError):
        return 0
    return held + sum(_memory_of(child) for child in children)
