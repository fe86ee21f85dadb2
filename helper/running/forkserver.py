"""Hold the one warm process of a machine, and get from it a server for each that runs submissions."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from helper.course import CourseError
from helper.sandbox import confine as sandbox

START_SECONDS = 120.0  # for its imports, on a slow disk
_ENDS_WITHIN = 5.0  # after its connection closed


class RunnerError(CourseError):
    """Nothing can be run: one sentence says why and what to do."""


class ForkServer:
    """The warm process (see warm.py): it imports once, and every server is a fork of it. Safe to share by threads."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._complaints: IO[bytes] | None = None
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._alone = threading.Lock()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def launch(self) -> None:
        """Start the warm process if there is none, without waiting for its imports."""
        with self._alone:
            self._launch()

    def connect(self, wanted: dict[str, Any]) -> tuple[socket.socket, int]:
        """Return a connection to a new server that is ready, and its process id.

        wanted: what it is to do (see warm.py). Closing the connection ends it. Raises RunnerError if there can be
        none.
        """
        with self._alone:
            for again in (True, False):
                self._launch()
                assert self._control is not None
                ours, theirs = socket.socketpair()
                try:
                    with theirs:
                        socket.send_fds(self._control, [json.dumps(wanted).encode()], [theirs.fileno()])
                    answer = receive(ours, START_SECONDS)
                except OSError:
                    answer = {}
                except BaseException:
                    ours.close()
                    raise
                if "ready" in answer:
                    return ours, int(answer["ready"])
                ours.close()
                died_while_idle = self._has_ended()
                said = self._said()
                self._end()
                if not (again and died_while_idle and not said):
                    break
        raise RunnerError(
            f'The process that runs submissions did not start ({said or "no answer"}): run "course doctor".'
        )

    def close(self) -> None:
        """End the warm process once its servers have ended."""
        with self._alone:
            self._end()

    def _launch(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._end()
        try:
            self._spawn()
        except BaseException:
            self._end()
            raise

    def _spawn(self) -> None:
        self._control, theirs = socket.socketpair()
        root = str(Path(sandbox.__file__).resolve().parents[2])
        # Not the folder for everybody's temporary files: what lies there could be taken for settings.
        self._home = tempfile.TemporaryDirectory(prefix="warm-", ignore_cleanup_errors=True)
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (closed at the end)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "helper.running.warm", str(theirs.fileno()), self._home.name],
                env={**sandbox.environment(self._home.name), "PYTHONPATH": root},
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._complaints,
                stderr=self._complaints,
                start_new_session=True,  # Ctrl-C is for the one who holds this
            )

    def _has_ended(self) -> bool:
        """Say whether the process is gone. One that was killed closes its sockets a moment before it ends."""
        try:
            return self._process is not None and self._process.wait(_ENDS_WITHIN) is not None
        except subprocess.TimeoutExpired:
            return False

    def _said(self) -> str:
        """Return the last line that the warm process printed, its reason for ending as a rule."""
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None
        if self._home is not None:
            self._home.cleanup()
            self._home = None


def receive(control: socket.socket, seconds: float | None) -> dict[str, Any]:
    """Read one answer of a server, {} if it is gone or silent. It runs no student code: it is believed."""
    control.settimeout(seconds)
    line = b""
    try:
        while not line.endswith(b"\n"):
            waiting = control.recv(10_000, socket.MSG_PEEK)
            if not waiting:
                return {}
            # Not more than a line: the next answer may follow on its heels.
            line += control.recv(waiting.find(b"\n") + 1 or len(waiting))
    except OSError:
        return {}
    finally:
        control.settimeout(None)
    return dict(json.loads(line))
