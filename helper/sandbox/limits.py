"""What one submission may use, and the kernel's limits that keep it to that."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from helper.course import SECONDS_PER_CELL

if sys.platform != "win32":
    import resource

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    cell_seconds: for one cell; submission_seconds: for all that marks depend on, and as much again for cells of
    one's own. Both count processor time of all its processes, and time spent waiting for anything but a processor:
    a greedy neighbour costs nobody anything. memory_bytes: of one process, beyond what Python and torch hold at the
    start; all processes together may use twice that. file_bytes: one file. scratch_bytes: all files together,
    shared memory too. output_bytes: text kept per cell; all_output_bytes: of all cells. evidence_bytes: all checks
    together. processes: threads count too.
    """

    cell_seconds: float = SECONDS_PER_CELL
    submission_seconds: float = 60.0
    memory_bytes: int = 2048 * MIB
    file_bytes: int = 64 * MIB
    scratch_bytes: int = 256 * MIB
    output_bytes: int = 100_000
    all_output_bytes: int = 500_000
    evidence_bytes: int = 8_000_000
    processes: int = 64
    open_files: int = 256


def restrict(limits: Limits, own_user: bool) -> None:
    """Put this process and all it will start under the kernel's limits.

    own_user: the kernel counts its processes apart from others'.
    """
    page = resource.getpagesize()
    held, data = 0, 0
    if sys.platform == "linux":
        with suppress(OSError):  # worse first: the student is what the kernel kills when memory runs out
            _write("/proc/self/oom_score_adj", "1000")
        with suppress(OSError):  # no /proc
            pages = _read("/proc/self/statm").split()
            held, data = int(pages[0]) * page, int(pages[5]) * page
    counted = 0 if own_user else _tasks_of_this_user()
    wanted = {
        resource.RLIMIT_DATA: data + limits.memory_bytes,
        resource.RLIMIT_AS: held + 2 * limits.memory_bytes,  # shared mappings, which are no data
        resource.RLIMIT_CPU: 2 * int(limits.submission_seconds) + 1,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NPROC: counted + limits.processes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        most = resource.getrlimit(kind)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        with suppress(ValueError, OSError):  # macOS knows some limits by name only
            resource.setrlimit(kind, (value, value))


def _tasks_of_this_user() -> int:
    """Count processes and threads: without a user namespace the kernel counts them all together."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == os.geteuid():
                count += len(os.listdir(process / "task"))
    return count


# Without pathlib and its kind: this runs in every child, where each page of memory first touched is copied.
def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1000)
    finally:
        os.close(descriptor)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
