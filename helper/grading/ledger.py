"""The ledger: one line per marked submission, keyed by content, so that nothing is marked twice or lost."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from helper.course import CourseError
from helper.grading.made_by import MARK
from helper.grading.marking import Marked
from helper.made_of import running


class Ledger:
    """Marks by the content they were given for. A line that is not whole counts as not written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        try:
            for content_key, start, length in self._scan():
                self._places[content_key] = (start, length)
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
        start, length = self._places[content_key]
        with self._path.open("rb") as file:
            file.seek(start)
            return Marked.from_json(json.loads(file.read(length))["marked"])

    def add(self, content_key: str, marked: Marked) -> None:
        """Append one line and make sure it is on the disk. Raises CourseError if it cannot be written."""
        line = json.dumps({"key": content_key, "marked": marked.to_json()}, ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                if file.tell() and not self._ends_whole():
                    file.write(b"\n")
                start = file.tell()
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CourseError(
                f"{self._path} could not be written: {error.strerror}. Make room and run it again; "
                "what is marked stays marked."
            ) from error
        self._places[content_key] = (start, len(line))

    def marks(self, names: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, Marked]]:
        """Return marks by student and lesson, read from the file whenever they are looked at, without what was printed.

        names: their keys, by student and lesson.
        """
        return _Students(self, names)

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
    """Marks of students that stay in the ledger."""

    def __init__(self, ledger: Ledger, names: Mapping[str, Mapping[str, str]]) -> None:
        self._ledger, self._names = ledger, names

    def __getitem__(self, student: str) -> Mapping[str, Marked]:
        return _Lessons(self._ledger, self._names[student])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


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
        return data["key"] if isinstance(data["key"], str) else ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


def content_key(*parts: str) -> str:
    """Name what a mark depends on: what is handed in and by whom, the release, the key, and the code that marks."""
    digest = hashlib.sha256()
    for part in (running(MARK), *parts):
        digest.update(hashlib.sha256(part.encode("utf-8", "replace")).digest())
    return digest.hexdigest()
