"""Every file of a folder or archive, archives in archives looked through. Names and contents are taken for hostile.

What is wrong with one file is said of that file; nothing here runs, unpickles or unpacks anything onto the disk.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from helper.course import CourseError

MOST_FILES = 20_000  # in an archive
MOST_IN_FOLDER = 200_000  # more is no class, but somebody's whole disk
MOST_BYTES = 2 * 2**30  # of an archive, unpacked
LARGEST_NOTEBOOK = 20 * 2**20
LARGEST_INNER = 500 * 2**20  # an archive inside another
DEEPEST = 20  # folders in folders
ARCHIVES_DEEP = 3  # archives in archives

ZIP, TAR = (".zip",), (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
REFUSED = (".7z", ".rar")
_MAGIC = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar"}
_MACHINE = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__", ".DS_Store", "Thumbs.db", "desktop.ini"}


class UnreadableError(Exception):
    """Why a file's bytes cannot be had, in one sentence."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as found.

    path: inside the place, an archive being a folder of its own name; changed: when, as far as one knows;
    load: gets its bytes, while the walk stands at this file, or raises UnreadableError; archives: how many leading
    parts of the path lead to each archive that holds it; problem: why it cannot be opened, or "".
    """

    path: PurePosixPath
    changed: float
    load: Callable[[], bytes]
    archives: tuple[int, ...] = ()
    problem: str = ""


@dataclass
class Refused:
    """What was not even opened: a line each, with whether a notebook may have been among it."""

    lines: list[tuple[str, bool]] = field(default_factory=list)

    def say(self, path: PurePosixPath | str, reason: str, *, may_be_work: bool = True) -> None:
        self.lines.append((f"{path}: {reason}", may_be_work))


def walk(place: Path, refused: Refused) -> Iterator[File]:
    """Yield every file of a folder or archive. Raises CourseError if the place itself cannot be read."""
    if place.is_dir():
        yield from _folder(place, refused)
        return
    try:
        with place.open("rb") as stream:
            kind = _kind(place.name, stream)
            if kind == "":
                raise CourseError(
                    f"{place} is neither a folder nor a readable archive: give the folder or zip of the submissions."
                )
            if kind in REFUSED:
                raise CourseError(
                    f"{place}: {kind[1:]} archives are not read here. Unpack it and give the folder, or pack it as zip."
                )
            yield from _archive(stream, kind, PurePosixPath(), (), refused)
    except UnreadableError as error:
        raise CourseError(f"{place}: {error} Download it again, or unpack it and give the folder.") from error
    except OSError as error:
        raise CourseError(f"{place} could not be read: {error.strerror or error}.") from error


def is_archive(name: str) -> bool:
    return name.lower().endswith((*ZIP, *TAR, *REFUSED))


def without_suffix(name: str) -> str:
    """Return an archive's name without what says that it is one."""
    return re.sub(r"(?i)(\.zip|\.tgz|\.tar(\.gz|\.bz2|\.xz)?|\.7z|\.rar)$", "", name)


def _folder(place: Path, refused: Refused) -> Iterator[File]:
    count = 0
    waiting = [(place, PurePosixPath())]
    while waiting:
        folder, relative = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            refused.say(relative, f"the folder could not be opened ({error.strerror}).")
            continue
        for entry in reversed(entries):
            path = relative / _readable(entry.name)
            if entry.is_symlink():
                refused.say(path, "a link to elsewhere, refused.")
            elif _of_the_machine(entry.name):
                continue
            elif entry.is_dir(follow_symlinks=False):
                if len(path.parts) > DEEPEST:
                    refused.say(_short(path), f"more than {DEEPEST} folders in folders, not looked through.")
                else:
                    waiting.append((Path(entry.path), path))
            elif entry.is_file(follow_symlinks=False):
                count += 1
                if count > MOST_IN_FOLDER:
                    raise CourseError(
                        f"{place} holds more than {MOST_IN_FOLDER} files: give the folder of the submissions alone."
                    )
                yield from _file_or_archive(Path(entry.path), path, refused)


def _file_or_archive(real: Path, path: PurePosixPath, refused: Refused) -> Iterator[File]:
    changed = 0.0
    with suppress(OSError, ValueError):
        changed = real.stat().st_mtime
    if not is_archive(path.name):
        yield File(path, changed, partial(_read_file, real))
        return
    try:
        with real.open("rb") as stream:
            yield from _inner(stream, path, (), changed, refused)
    except OSError as error:
        yield File(
            path, changed, bytes, (len(path.parts),), f"The archive could not be read: {error.strerror}."
        )


def _inner(
    stream: IO[bytes], path: PurePosixPath, above: tuple[int, ...], changed: float, refused: Refused
) -> Iterator[File]:
    """Open an archive among other files: what is wrong with it is the matter of whoever handed it in."""
    archives = (*above, len(path.parts))
    kind = _kind(path.name, stream)
    if kind in REFUSED:
        problem = f"A {kind[1:]} archive is not read here. Hand in the notebook itself, or a zip."
    elif kind == "":
        problem = "The archive cannot be unpacked. Hand in the notebook itself."
    elif len(archives) > ARCHIVES_DEEP:
        problem = f"More than {ARCHIVES_DEEP} archives lie in one another. Hand in the notebook itself."
    else:
        try:
            yield from _archive(stream, kind, path, archives, refused)
            return
        except UnreadableError as error:
            problem = f"{error} Hand in the notebook itself."
    yield File(path, changed, bytes, archives, problem)


def _kind(name: str, stream: IO[bytes]) -> str:
    """Say what an archive is by its content: ".zip", ".tar", ".7z", ".rar" or "" for none that can be read."""
    stream.seek(0)
    start = stream.read(8)
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return f".{kind}"
    if zipfile.is_zipfile(stream):
        return ".zip"
    stream.seek(0)
    try:
        with tarfile.open(fileobj=stream, mode="r:*"):
            return ".tar"
    except Exception:  # whatever a forged header makes of the reader
        return ".zip" if name.lower().endswith(ZIP) and start.startswith(b"PK") else ""
    finally:
        stream.seek(0)


def _archive(
    stream: IO[bytes], kind: str, within: PurePosixPath, archives: tuple[int, ...], refused: Refused
) -> Iterator[File]:
    """Yield the files of an archive. Raises UnreadableError if it as a whole cannot be read or is too large."""
    count, seen = 0, 0
    entries = _zip_entries(stream) if kind == ".zip" else _tar_entries(stream)
    while True:
        try:
            entry = next(entries, None)
        except UnreadableError:
            raise
        except Exception as error:  # a reader broken by what its format forbids
            raise UnreadableError(f"The archive cannot be read ({_reason(error)}).") from error
        if entry is None:
            return
        count, seen = count + 1, seen + max(0, entry.size)
        if count > MOST_FILES or seen > MOST_BYTES:
            raise UnreadableError("The archive holds far too much: it would unpack to an absurd size.")
        name = entry.name.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or entry.is_folder or any(_of_the_machine(part) for part in parts):
            continue
        path = within.joinpath(*(_readable(part) for part in parts))
        if ".." in parts or name.startswith("/") or re.match(r"^[A-Za-z]:", name):
            refused.say(entry.name, "its path leads out of the archive, refused.")
        elif entry.is_link:
            refused.say(path, "a link to elsewhere, refused.")
        elif len(parts) > DEEPEST:
            refused.say(_short(path), f"more than {DEEPEST} folders in folders, not looked through.")
        elif is_archive(path.name):
            yield from _archive_in_archive(entry, path, archives, refused)
        else:
            yield File(path, entry.changed, partial(_read_entry, entry), archives)


def _archive_in_archive(
    entry: _Entry, path: PurePosixPath, above: tuple[int, ...], refused: Refused
) -> Iterator[File]:
    """Look through an archive inside another, kept in memory or, if large, in a file without a name."""
    try:
        with tempfile.SpooledTemporaryFile(max_size=8 * 2**20) as copy:
            size = 0
            with entry.open() as stream:
                while block := stream.read(2**20):
                    size += len(block)
                    if size > LARGEST_INNER:
                        raise UnreadableError("The archive is far too large.")
                    copy.write(block)
            yield from _inner(copy, path, above, entry.changed, refused)
    except UnreadableError as error:
        yield File(
            path, entry.changed, bytes, (*above, len(path.parts)), f"{error} Hand in the notebook itself."
        )
    except GeneratorExit:
        raise
    except Exception as error:
        problem = f"The archive could not be unpacked ({_reason(error)}). Hand in the notebook itself."
        yield File(path, entry.changed, bytes, (*above, len(path.parts)), problem)


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int
    changed: float
    is_folder: bool
    is_link: bool
    open: Callable[[], IO[bytes]]


def _zip_entries(stream: IO[bytes]) -> Iterator[_Entry]:
    with zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():
            changed = 0.0
            with suppress(ValueError, OverflowError, OSError):
                changed = datetime(*info.date_time).timestamp()
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            yield _Entry(
                _zip_name(info), info.file_size, changed, info.is_dir(), is_link, partial(archive.open, info)
            )


def _tar_entries(stream: IO[bytes]) -> Iterator[_Entry]:
    with tarfile.open(fileobj=stream, mode="r:*") as archive:
        for info in archive:

            def opened(info: tarfile.TarInfo = info) -> IO[bytes]:
                return archive.extractfile(info) or io.BytesIO()

            is_link = not (info.isreg() or info.isdir())
            yield _Entry(info.name, info.size, float(info.mtime), info.isdir(), is_link, opened)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Read a name as UTF-8 where it is: a Mac writes it so without saying so."""
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            return info.orig_filename.encode("cp437").decode("utf-8")
    return info.filename


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return _no_more(stream.read(LARGEST_NOTEBOOK + 1), path.stat().st_size)
    except OSError as error:
        raise UnreadableError(f"The file could not be read: {error.strerror}.") from error


def _read_entry(entry: _Entry) -> bytes:
    try:
        with entry.open() as stream:
            return _no_more(stream.read(LARGEST_NOTEBOOK + 1), entry.size)  # sizes in an archive can lie
    except UnreadableError:
        raise
    except Exception as error:  # damaged, encrypted, packed in a way nobody knows
        raise UnreadableError(f"The file could not be unpacked: {_reason(error)}.") from error


def _no_more(content: bytes, size: int) -> bytes:
    if len(content) <= LARGEST_NOTEBOOK:
        return content
    raise UnreadableError(
        f"The file has {max(size, len(content)) / 2**20:.0f} MB; a notebook may have {LARGEST_NOTEBOOK // 2**20}. "
        "Clear its outputs."
    )


def _of_the_machine(name: str) -> bool:
    """Tell what systems and tools leave behind, nobody's work."""
    return name in _MACHINE or name.startswith("._")


def _readable(name: str) -> str:
    """Return a name as one text, however it was spelled: composed, and of characters only."""
    try:
        text = os.fsencode(name).decode("utf-8")
    except UnicodeError:
        text = name.encode("utf-8", "surrogateescape" if os.name != "nt" else "replace").decode("latin-1")
    return unicodedata.normalize("NFC", text)


def _short(path: PurePosixPath) -> str:
    return "/".join([*path.parts[:3], "…"])


def _reason(error: Exception) -> str:
    return (str(error).split("\n")[0] or type(error).__name__)[:100]


class Spool:
    """Bytes that came in, kept in one file without a name: what was read once is not unpacked again."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the records)

    def put(self, content: bytes) -> Callable[[], bytes]:
        """Keep bytes and return how to get them back. Raises CourseError if there is no room."""
        try:
            start = self._file.seek(0, os.SEEK_END)
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            with suppress(OSError):  # it would try again to write what is left, at the very end
                self._file.close()
            raise CourseError(
                f"{tempfile.gettempdir()} has no room for the submissions ({error.strerror}): make some, or set "
                "TMPDIR to a larger place."
            ) from error
        return _Kept(self._file, start, len(content))


@dataclass(frozen=True, slots=True)
class _Kept:
    """Some bytes in a spool."""

    file: IO[bytes]
    start: int
    length: int

    def __call__(self) -> bytes:
        self.file.seek(self.start)
        return self.file.read(self.length)
