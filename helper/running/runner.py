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
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType

import psutil

from helper.running import warm
from helper.running.clock import Clock, family, files_of, memory_of
from helper.running.confined.cells import FRESH
from helper.running.forkserver import START_SECONDS, ForkServer, RunnerError, receive
from helper.running.job import Job, Run
from helper.running.transcript import Transcript
from helper.sandbox.layers import MOUNTS, PIDS, SECCOMP, Probed, available, sufficient
from helper.sandbox.limits import Limits
from helper.sandbox.probe import probe

GRACE = 2.0  # seconds after a cell's own alarm, until the process is killed from outside
MOST_RESTARTS = 4
MOST_DISTURBANCES = 1  # ends that were not the submission's own doing, in one run
PATIENCE = 10  # times as much time may pass as a submission may have: then no processor was to be had
_WATCH_EVERY = 0.5  # seconds; looking costs a few milliseconds
_DIES_WITHIN = 10.0  # seconds after it was killed


class DisturbedError(Exception):
    """A submission's process was ended from outside, again: what became of it says nothing about the submission."""


@dataclass
class _Ending:
    """How one process ended. reason: why it was killed from here, or ""; status: as wait gives it."""

    reason: str
    status: int
    cpu: float


@dataclass
class _Had:
    """The time that a submission has had: for what marks depend on, and for cells set aside.

    cpu: processor time of the processes that ended, for those that were over before anybody looked.
    """

    decisive: float = 0.0
    aside: float = 0.0
    cpu: float = 0.0


class Runner:
    """Runs one submission at a time. Use it as a context manager; it keeps a server alive meanwhile.

    Raises RunnerError if the layers are not sufficient and `unsandboxed` was not asked for. Even then every
    layer that holds is used.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        layers: Iterable[Probed] | None = None,
        *,
        unsandboxed: bool = False,
        parent: ForkServer | None = None,
    ) -> None:
        self.limits = limits or Limits()
        probed = tuple(probe() if layers is None else layers)
        if not unsandboxed and not sufficient(probed):
            missing = "; ".join(f"{layer.name}: {layer.why_not}" for layer in probed if not layer.available)
            raise RunnerError(
                f"Student code cannot be confined on this machine ({missing}). "
                'Mend that, or add "--unsandboxed" if you trust every submission.'
            )
        if not hasattr(os, "fork"):
            raise RunnerError("Grading needs Linux or macOS: run it in a Linux container or in WSL.")
        self._layers = available(probed)
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

        Takes the time that the limits allow, and longer where no processor is to be had. Raises RunnerError if no
        process can be had, DisturbedError if it was ended from outside more than once.
        """
        self._connect()
        mark = secrets.token_hex(8)
        transcript = Transcript(job, self.limits, mark)
        had = _Had()
        restarts = disturbances = 0
        try:
            while True:
                skip = transcript.to_skip
                transcript.restart()
                ending = self._attempt(job, mark, skip, transcript, had)
                had.cpu += ending.cpu
                if self._is_disturbed(ending, transcript):
                    disturbances += 1
                    if disturbances > MOST_DISTURBANCES:
                        raise DisturbedError("its process was ended from outside, or got no processor")
                else:
                    _blame(transcript, ending, self.limits)
                    restarts += 1
                    if transcript.finished or ending.reason == "submission" or restarts > MOST_RESTARTS:
                        break
                self._connect()
        except BaseException:
            self._drop()  # whatever state it is in
            raise
        return transcript.to_run(max(had.cpu, had.decisive + had.aside))

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
            self._control, self.server = self._parent.connect(warm.serving(self._layers))
        return self._control

    def _is_disturbed(self, ending: _Ending, transcript: Transcript) -> bool:
        """Say whether it was somebody else who ended the process: student code cannot kill its own."""
        if ending.reason in ("warm", "starved"):
            return not transcript.finished
        killed = os.WIFSIGNALED(ending.status) and os.WTERMSIG(ending.status) == signal.SIGKILL
        by_itself = not {PIDS, SECCOMP} & self._layers or ending.cpu >= self.limits.submission_seconds
        return killed and not ending.reason and not by_itself and not transcript.finished

    def _attempt(self, job: Job, mark: str, skip: list[str], transcript: Transcript, had: _Had) -> _Ending:
        """Run the job in one fresh process until that ends, or has to be ended."""
        scratch = "" if MOUNTS in self._layers else tempfile.mkdtemp(prefix="course-")
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
                return self._listen(control, pid, scratch, {heard: transcript.hear, printed: transcript.read},
                                    transcript, had)  # fmt: skip
            finally:
                for pipe, take in ((records, transcript.hear), (prints, transcript.read)):
                    # More than a pipe holds: an end even if something lives on and writes.
                    for _ in range(64):
                        data = pipe.read(1 << 16)
                        if data:
                            take(data)
                transcript.read(b"", last=True)
                if scratch:
                    _remove(scratch)

    def _fork(self, scratch: str, descriptors: list[int]) -> tuple[socket.socket, int]:
        for again in (True, False):
            control = self._connect()
            try:
                socket.send_fds(control, [warm.request(self.limits, scratch)], descriptors)
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
        control: socket.socket,
        pid: int,
        scratch: str,
        pipes: dict[int, Callable[[bytes], None]],
        transcript: Transcript,
        had: _Had,
    ) -> _Ending:
        """Take what the process says and watch what it uses, until it ends. The limits hold from here on too."""
        begun = time.monotonic()
        clock = Clock(pid, begun)
        watch = _Watch(self.limits, transcript, had, begun)
        reason, look_at = "", begun + _WATCH_EVERY
        killed_at = 0.0
        while True:
            now = time.monotonic()
            watch.notice(now)
            if not reason:
                if now >= look_at:
                    processes = family(pid)
                    reason = watch.look(clock, now, processes) or self._overfull(scratch, processes)
                    look_at = now + watch.patience
                if transcript.flooding:
                    reason = "flood"
                if reason:
                    control.sendall(b'{"kill": true}\n')
                    killed_at = now
            elif now > killed_at + _DIES_WITHIN:
                raise RunnerError("A process could not be killed: restart this machine before you go on.")
            until = max(0.0, (killed_at + _DIES_WITHIN if reason else look_at) - now)
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

    def _overfull(self, scratch: str, processes: list[psutil.Process]) -> str:
        """Say "memory" or "scratch" if more is held than is allowed where the kernel does not count it together."""
        if memory_of(processes) > 2 * self.limits.memory_bytes:
            return "memory"
        most = self.limits.scratch_bytes
        return "scratch" if scratch and files_of(scratch, processes, most) > most else ""


class _Watch:
    """What the cell that runs and the submission have had, against their limits."""

    def __init__(self, limits: Limits, transcript: Transcript, had: _Had, now: float) -> None:
        self._limits = limits
        self._transcript = transcript
        self._had = had
        self._started = self._looked = self._began = now
        self._cell: str | None = None
        self._cell_had = 0.0

    def notice(self, now: float) -> None:
        """Begin to count anew if another cell runs."""
        if self._transcript.current != self._cell:
            self._cell, self._cell_had, self._began = self._transcript.current, 0.0, now

    def look(self, clock: Clock, now: float, processes: list[psutil.Process]) -> str:
        """Count what was had since the last look; return "cell", "submission" or "starved" if it was too much."""
        had = clock.tick(now, processes)
        since = max(self._looked, self._began)
        self._cell_had += min(had, now - since) if since > self._looked else had
        self._looked = now
        if self._transcript.decided:
            self._had.aside += had
        else:
            self._had.decisive += had
        if max(self._had.decisive, self._had.aside) > self._limits.submission_seconds:
            return "submission"
        if self._cell_had > self._transcript.cell_seconds + GRACE:
            return "cell"
        return "starved" if now - self._started > PATIENCE * self._limits.submission_seconds else ""

    @property
    def patience(self) -> float:
        """The seconds until a limit could be reached, within reason."""
        cell = self._transcript.cell_seconds + GRACE - self._cell_had
        submission = self._limits.submission_seconds - max(self._had.decisive, self._had.aside)
        return max(0.05, min(_WATCH_EVERY, cell, submission))


def _blame(transcript: Transcript, ending: _Ending, limits: Limits) -> None:
    """Say of the cell that was running why its process ended, unless it ended as it should."""
    killer = os.WTERMSIG(ending.status) if os.WIFSIGNALED(ending.status) else 0
    code = os.WEXITSTATUS(ending.status) if os.WIFEXITED(ending.status) else 0
    if ending.reason == "submission":
        transcript.stop(
            "time-out", f"TimeOut: the submission ran for more than {limits.submission_seconds:g} seconds"
        )
    elif ending.reason == "cell":
        transcript.stop("time-out", f"TimeOut: it ran for more than {transcript.cell_seconds:g} seconds")
    elif ending.reason == "flood":
        transcript.stop("printed too much", "Flooded: it printed more than anybody could read")
        transcript.flag("flooded the output")
    elif ending.reason == "scratch":
        transcript.stop("crashed", "OSError: its files took more room than there is")
    elif ending.reason == "memory":
        transcript.stop("out of memory", "MemoryError: its processes together held too much")
    elif transcript.finished:
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
        "imports": job.imports,
        "without": dict(job.without),
        "mark": mark,
        "cell_seconds": limits.cell_seconds,
        "seconds": dict(job.seconds),
        "ready": {name: dict(inputs) for name, inputs in job.ready.items()},
        "memory_bytes": limits.memory_bytes,
    }
    return json.dumps(text).encode()


def _remove(scratch: str) -> None:
    try:
        os.rmdir(scratch)  # with a mount namespace nothing was ever written here
    except OSError:
        script = 'chmod -R u+rwX -- "$0"; rm -rf -- "$0"'  # depths and modes that shutil cannot cope with
        subprocess.run(["/bin/sh", "-c", script, scratch], stderr=subprocess.DEVNULL, check=False)
