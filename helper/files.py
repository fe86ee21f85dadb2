"""Files written whole or not at all, and files that lines are added to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from helper.course import CourseError


def write_whole(path: Path, text: str | Iterable[str], *, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all. text: a whole one, or its parts one after another."""
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            with _new(part, mode) as file:
                file.writelines([text] if isinstance(text, str) else text)
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _told(path, error) from error


def add_line(path: Path, line: str) -> None:
    """Add a line to a file that is there. Should it be cut, its end of line is missing."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError as error:
        raise _told(path, error) from error


def _new(path: Path, mode: int) -> IO[str]:
    """Open a file that was not there: a link of this name must not lead the writing elsewhere."""
    with suppress(FileNotFoundError, FileExistsError):  # the folder is there and nothing lies in it, mostly
        return _opened(path, mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return _opened(path, mode)


def _opened(path: Path, mode: int) -> IO[str]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8")


def _told(path: Path, error: OSError) -> CourseError:
    return CourseError(f"{path} could not be written: {error.strerror}. Make room and run it again.")
