"""Hosts that are real enough, on one machine: network namespaces joined by a switch, each with a file tree of its own.

A host sees this machine's files read-only, and its own /tmp and shared memory. It lives as long as a process of its
own, whose input is a pipe from here: when that closes, however this process ends, the kernel takes everything down
(processes, file systems, network), so that nothing is ever left over. Needs Linux and iproute2; without root, user
namespaces.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from helper.course import CourseError

READY = "ready"
SCHEDULER_PORT = 8786
_NETWORK = "10.77.0"
_OWN = ("/tmp", "/dev/shm", "/var/tmp", "/run")  # what each host has for itself; all else is read-only

_TAP = """
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
wire.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE: nothing is to be missed
wire.bind(("eth0", 3))
open(sys.argv[1] + "/listening", "wb").close()
streams = {}
while True:
    frame = wire.recv(1 << 17)
    if frame[12:14] == b"\\x08\\x00" and frame[23] == 6:
        head = 14 + 4 * (frame[14] & 15)
        ports = frame[head:head + 4].hex()
        if ports not in streams:
            streams[ports] = open(f"{sys.argv[1]}/{ports}", "wb", 0)
        streams[ports].write(frame[head + 4 * (frame[head + 12] >> 4):])
"""


class HostsError(CourseError):
    """No hosts can be made here."""


def _furnish() -> str:
    """Return the shell's words that make a host's tree: all read-only but what is its own.

    A course, or a Python, that lies in one of those folders is there all the same.
    """
    needed = {
        Path(__file__).resolve().parents[2],
        Path(sys.prefix).resolve(),
        Path(sys.base_prefix).resolve(),
    }
    hidden = sorted(str(place) for place in needed if any(place.is_relative_to(own) for own in _OWN))
    back = "mount --no-canonicalize --bind"  # by what is open, whose name is hidden by then
    kept = [(shlex.quote(place), number) for number, place in enumerate(hidden, start=3)]
    return " && ".join(
        [
            "mount --make-rprivate /",
            "mount -o remount,bind,ro /",
            *(f"exec {number}<{place}" for place, number in kept),
            *(f"mount -t tmpfs -o mode=1777 own {own}" for own in _OWN),
            *(f"mkdir -p {place} && {back} /proc/self/fd/{number} {place}" for place, number in kept),
            f"echo {READY}",
            "cat",  # the shell lives on: it buries whoever dies in its host
        ]
    )


@dataclass
class Host:
    """One host. pid: of its first process; address: in the network of its siblings."""

    name: str
    address: str
    pid: int
    hosts: Hosts
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def inside(self, path: str | Path) -> Path:
        """Return where a path of this host's tree is seen from here."""
        return Path(f"/proc/{self.pid}/root") / str(path).lstrip("/")

    def run(
        self, words: Sequence[str | Path], *, cwd: str = "/tmp", environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(words, cwd, environ),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(
        self,
        words: Sequence[str | Path],
        *,
        cwd: str = "/tmp",
        environ: Mapping[str, str] | None = None,
        log: str = "",
    ) -> subprocess.Popen[bytes]:
        """Start a command. log: a file of this host's for what it prints."""
        with self.inside(log).open("ab") if log else open(os.devnull, "wb") as out:
            process = subprocess.Popen(
                self._command(words, cwd, environ), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.started.append(process)
        return process

    def python(self, module: str, *words: str | Path) -> list[str | Path]:
        return [sys.executable, "-m", module, *words]

    def scheduler(
        self, *words: str, port: int = SCHEDULER_PORT, within: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a Dask scheduler, and wait until it listens. within: a command that runs it."""
        log = f"/tmp/scheduler-{len(self.started)}"
        place = ["--host", self.address, "--port", str(port), "--no-dashboard", *words]
        process = self.start([*within, *self.python("distributed.cli.dask_scheduler", *place)], log=log)
        self.wait_for("Scheduler at", log, process)
        return process

    def worker(
        self,
        scheduler: str,
        *words: str,
        threads: int = 1,
        wait: bool = True,
        within: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a Dask worker. wait: until it has joined its scheduler; within: a command that runs it."""
        log = f"/tmp/worker-{len(self.started)}"
        options = ["--nthreads", str(threads), "--host", self.address, "--no-dashboard"]
        command = self.python("distributed.cli.dask_worker", scheduler, *options, *words)
        process = self.start([*within, *command], environ=environ, log=log)
        if wait:
            self.wait_for("Registered to", log, process)
        return process

    def wait_for(self, text: str, log: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until a text stands in a log. Raises HostsError if the process ends before."""
        wait_until(lambda: text in self.said(log) or process.poll() is not None, f'"{text}" in {log}')
        if text not in self.said(log):
            raise HostsError(f"{log} of {self.name} ended with: {self.said(log)[-2000:]}")

    def said(self, log: str) -> str:
        path = self.inside(log)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a command and everything it started as kill -9 does. A namespace's door does not pass signals on."""
        with contextlib.suppress(psutil.Error):
            for part in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    part.send_signal(signal.SIGKILL)
        process.kill()
        process.wait()

    def cut(self) -> None:
        """Pull the cable out of the switch."""
        self.hosts.switch("ip", "link", "set", self.name, "down")

    def join(self) -> None:
        self.hosts.switch("ip", "link", "set", self.name, "up")

    def slow_link(self, rate: str) -> None:
        """Let so much through in both directions, "256kbit" for instance."""
        shape = ("root", "tbf", "rate", rate, "burst", "4kb", "latency", "2s")
        self.hosts.switch("tc", "qdisc", "replace", "dev", self.name, *shape)
        _checked(self._command(["tc", "qdisc", "replace", "dev", "eth0", *shape], "/", None))

    def tap(self, folder: str) -> None:
        """Keep what comes in and goes out over TCP, each stream in a file, in a folder of this host's."""
        self.inside(folder).mkdir()
        self.start([sys.executable, "-c", _TAP, folder])
        wait_until((self.inside(folder) / "listening").exists, folder)

    def heard(self, folder: str) -> bytes:
        """Return all that a tap has kept."""
        return b"\0".join(path.read_bytes() for path in sorted(self.inside(folder).iterdir()))

    def traffic(self) -> tuple[int, int]:
        """Return how many bytes came in and went out, packets' heads included."""
        for line in Path(f"/proc/{self.pid}/net/dev").read_text(encoding="ascii").splitlines():
            name, _, counts = line.partition(":")
            if name.strip() == "eth0":
                numbers = counts.split()
                return int(numbers[0]), int(numbers[8])
        return 0, 0

    def _command(self, words: Sequence[str | Path], cwd: str, environ: Mapping[str, str] | None) -> list[str]:
        variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": "/tmp"}
        variables |= {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        variables |= {**self.hosts.environ, **(environ or {})}
        pairs = [f"{name}={value}" for name, value in variables.items()]
        return [*self.hosts.enter(self.pid), "env", "-i", "-C", cwd, *pairs, *map(str, words)]


class Hosts:
    """A switch and hosts on it, by their names. Use it as a context manager.

    environ: variables that every command gets. Raises HostsError where none can be made, and says why.
    """

    def __init__(self, *names: str, environ: Mapping[str, str] | None = None) -> None:
        self._names = names
        self.environ = dict(environ or {})
        self._open: list[subprocess.Popen[bytes]] = []
        self._hosts: dict[str, Host] = {}
        self._ground = 0

    def __enter__(self) -> Hosts:
        try:
            user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            self._ground = self._process(["unshare", *user, "--net", "--mount"], f"echo {READY} && exec cat")
            self.switch("ip", "link", "add", "switch", "type", "bridge")
            self.switch("ip", "link", "set", "switch", "up")
            for number, name in enumerate(self._names, start=1):
                self._hosts[name] = self._host(name, f"{_NETWORK}.{number}")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def switch(self, *words: str) -> None:
        """Run a command where the switch is."""
        _checked([*self._enter_ground(), *words])

    def enter(self, pid: int) -> list[str]:
        """Return the words that put a command into a host."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(pid), *user, "--mount", "--uts", "--ipc", "--net", "--pid"]

    def close(self) -> None:
        """Take everything down."""
        for process in reversed(self._open):
            if process.stdin:
                process.stdin.close()
        for process in self._open:
            process.kill() if process.poll() is None and not _ended(process) else None
            process.wait()
        for host in self._hosts.values():
            for started in host.started:
                started.kill()
                started.wait()
        self._open.clear()
        self._hosts.clear()

    def _host(self, name: str, address: str) -> Host:
        apart = ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
        pid = self._process([*self._enter_ground(), "unshare", *apart], f"hostname {name}; {_furnish()}")
        host = Host(name, address, pid, self)
        self.switch("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self.switch("ip", "link", "set", name, "master", "switch", "up")
        for words in (
            f"ip address add {address}/24 dev eth0",
            "ip link set eth0 up",
            "ip link set lo up",
            "mkdir -p /tmp",
        ):
            _checked(host._command(words.split(), "/", None))
        return host

    def _enter_ground(self) -> list[str]:
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._ground), *user, "--net", "--mount"]

    def _process(self, words: Sequence[str], script: str) -> int:
        """Start a namespace's first process, which waits for its input to close; return its id as seen here."""
        try:
            process = subprocess.Popen(
                [*words, "sh", "-c", script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise HostsError(f"No hosts can be made: {words[0]} is missing (install util-linux).") from error
        self._open.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        if process.stdout.readline().strip() != READY.encode():
            said = process.stderr.read().decode("utf-8", "replace").strip()
            raise HostsError(f"No hosts can be made here ({said}): be root, or allow user namespaces.")
        if "--fork" in words:
            return int(psutil.Process(process.pid).children()[0].pid)
        return process.pid


def wait_until(holds: Callable[[], Any], what: str, seconds: float = 90.0) -> None:
    """Wait until something holds. Raises HostsError after far more time than it can take."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise HostsError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.05)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        return process.wait(5) is not None
    except subprocess.TimeoutExpired:
        return False


def _checked(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise HostsError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
