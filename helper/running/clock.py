"""How long a process has had, as the kernel counts it: a neighbour that takes the processors away stops the clock.

What counts is the processor time of a process and all below it, or the time that passes without any of them being
ready and kept waiting for a processor, whichever is more: a loop is stopped for what it used, a sleep for its length.
"""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

_MOST_FILES = 10_000


class Clock:
    """The time that a process and all below it have had. Where the kernel does not count delays, none is seen."""

    def __init__(self, pid: int, now: float) -> None:
        self.had = 0.0
        self._pid = pid
        self._now = now
        self._cpu = 0.0
        self._delayed: dict[int, float] = {}

    def tick(self, now: float, processes: list[psutil.Process]) -> float:
        """Read the kernel's counts and return the seconds had since the last time. processes: see `family`."""
        cpu, delayed = 0.0, {}
        for process in processes:
            with suppress(psutil.Error):
                times = process.cpu_times()
                cpu += times.user + times.system
                cpu += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
                delayed[process.pid] = delay_of(process.pid)
        waited = max((value - self._delayed.get(pid, 0.0) for pid, value in delayed.items()), default=0.0)
        had = max(0.0, cpu - self._cpu, now - self._now - waited)
        self._now, self._delayed = now, delayed
        self._cpu = max(self._cpu, cpu)  # what ended unseen took its count along
        self.had += had
        return had


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all below it, [] if it is gone."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def memory_of(processes: list[psutil.Process]) -> int:
    """Return the bytes of memory that processes hold, shared pages counted once."""
    held = 0
    for process in processes:
        with suppress(psutil.Error):
            full = process.memory_full_info()
            held += getattr(full, "pss", full.uss)
    return held


def files_of(scratch: str, processes: list[psutil.Process], most: int) -> int:
    """Return the bytes on disk of a folder and of removed files that are still open, or more than `most`.

    Very many files, and folders that cannot be looked into, count as more than `most`.
    """
    held = seen = 0
    closed: list[OSError] = []
    for folder, folders, files in os.walk(scratch, onerror=closed.append):
        for name in files:
            with suppress(OSError):
                held += 512 * os.lstat(os.path.join(folder, name)).st_blocks
        seen += len(files) + len(folders)
        if held > most or seen > _MOST_FILES or any(isinstance(error, PermissionError) for error in closed):
            return most + 1
    for process in processes:
        with suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process.pid}/fd"):
                found = os.stat(f"/proc/{process.pid}/fd/{descriptor}")
                held += 512 * found.st_blocks if found.st_nlink == 0 else 0
    return held


def delay_of(pid: int | str) -> float:
    """Return the seconds that a process was ready to run and had no processor; 0 where the kernel does not tell."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb", 0) as file:
            return int(file.read(100).split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
