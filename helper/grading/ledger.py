"""The ledger: one line per marked submission, keyed by content, so that nothing is marked twice or lost."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.grading.marking import Marked

VERSION = "3"  # of the way of marking: raise it and everything is marked anew


class Ledger:
    """Marks by the content they were given for. A line cut short by a crash counts as not written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        for content_key, start, length in self._scan():
            self._places[content_key] = (start, length)

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
                try:
                    data: dict[str, Any] = json.loads(line)
                    yield data["key"], start, len(line.rstrip(b"\n"))
                except (ValueError, KeyError, TypeError):
                    pass  # the line that was being written when the power went
                start += len(line)


def content_key(source: bytes, release: bytes, key: str) -> str:
    """Name what a mark depends on: the submission, the release, the key under its seed, the way of marking."""
    digest = hashlib.sha256()
    for part in (VERSION.encode(), source, release, key.encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
