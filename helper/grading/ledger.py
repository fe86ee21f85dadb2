"""The ledger: one line per marked submission, keyed by content, so that nothing is marked twice or lost."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from helper.course import CourseError
from helper.grading.made_by import MARK
from helper.grading.marking import Marked
from helper.grading.table import Table
from helper.made_of import running

SYNC_EVERY = 1.0  # seconds


class Ledger:
    """Marks by the content they were given for. A line that is not whole counts as not written.

    Where each line stands is known, on the disk (table.py); what is in it is read whenever it is looked at.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writes: BinaryIO | None = None
        self._reads: BinaryIO | None = None
        self._synced = time.monotonic()
        try:
            self._places = Table((key, f"{start} {length}") for key, start, length in self._scan())
        except OSError as error:
            raise CourseError(
                f"{path} could not be read: {error.strerror}. Put it back from a copy, or delete it; then all is "
                "marked again."
            ) from error

    def __contains__(self, content_key: str) -> bool:
        return content_key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def get(self, content_key: str) -> Marked:
        """Read one submission's marks back from the file; marks are not kept in memory."""
        start, length = map(int, self._places[content_key].split())
        if self._reads is None:
            self._reads = self._path.open("rb")
        self._reads.seek(start)
        return Marked.from_json(json.loads(self._reads.read(length))["marked"])

    def add(self, content_key: str, marked: Marked) -> None:
        """Append one line. Raises CourseError if it cannot be written.

        Whatever becomes of this process, the line stays; a power failure costs what came since the last sync, at
        most SYNC_EVERY, which is then marked again.
        """
        line = json.dumps({"key": content_key, "marked": marked.to_json()}, ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        with self._told():
            file = self._open()
            start = file.tell()
            file.write(line + b"\n")
            file.flush()
        self._places[content_key] = f"{start} {len(line)}"
        if time.monotonic() - self._synced >= SYNC_EVERY:
            self.sync()

    def sync(self) -> None:
        """Make sure that all is on the disk: before anything is made of it elsewhere."""
        if self._writes is not None:
            with self._told():
                os.fsync(self._writes.fileno())
        self._synced = time.monotonic()

    def marks(self, names: Table) -> Mapping[str, Mapping[str, Marked]]:
        """Return marks by student and lesson, read from the file whenever they are looked at, without what was printed.

        names: their keys, by STUDENT/LESSON.
        """
        return _Students(self, names)

    def _open(self) -> BinaryIO:
        if self._writes is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writes = self._path.open("ab")
            if self._writes.tell() and not self._ends_whole():
                self._writes.write(b"\n")
        return self._writes

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._writes is not None:
                with suppress(OSError):  # it would try again to write what is left, at the very end
                    self._writes.close()
                self._writes = None
            raise CourseError(
                f"{self._path} could not be written: {error.strerror}. Make room and run it again; "
                "what is marked stays marked."
            ) from error

    def _ends_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _scan(self) -> Iterator[tuple[str, int, int]]:
        if not self._path.exists():
            return
        start = 0
        with self._path.open("rb") as file:
            for line in file:
                content_key = _key_of(line)
                if content_key:
                    yield content_key, start, len(line.rstrip(b"\n"))
                start += len(line)


class _Students(Mapping[str, Mapping[str, Marked]]):
    """Marks of students that stay in the ledger. names: see Ledger.marks."""

    def __init__(self, ledger: Ledger, names: Table) -> None:
        self._ledger, self._names = ledger, names

    def __getitem__(self, student: str) -> Mapping[str, Marked]:
        rows = self._names.rows(f"{student}/", f"{student}0")  # 0 comes after /
        lessons = {record.rpartition("/")[2]: name for record, name in rows}
        if not lessons:
            raise KeyError(student)
        return _Lessons(self._ledger, lessons)

    def __iter__(self) -> Iterator[str]:
        last = None
        for record in self._names:
            student = record.rpartition("/")[0]
            if student != last:
                yield student
            last = student

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Lessons(Mapping[str, Marked]):
    """One student's marks that stay in the ledger."""

    def __init__(self, ledger: Ledger, names: Mapping[str, str]) -> None:
        self._ledger, self._names = ledger, names

    def __getitem__(self, lesson: str) -> Marked:
        return replace(self._ledger.get(self._names[lesson]), outputs={})

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _key_of(line: bytes) -> str:
    """Return the key of a line that holds marks, "" for one cut by a power failure or of another shape."""
    try:
        data = json.loads(line)
        Marked.from_json(data["marked"])
        return data["key"] if isinstance(data["key"], str) and data["key"].isascii() else ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


def content_key(*parts: str) -> str:
    """Name what a mark depends on: what is handed in and by whom, the release, the key, and the code that marks."""
    digest = hashlib.sha256()
    for part in (running(MARK), *parts):
        digest.update(hashlib.sha256(part.encode("utf-8", "replace")).digest())
    return digest.hexdigest()
