"""From whatever an instructor has (a folder, a zip, an export of Moodle or Canvas) to one record per student.

Nothing here runs or unpickles anything; file names and contents are taken for hostile.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import takewhile
from pathlib import Path, PurePosixPath

from helper.course import CourseError
from helper.grading.handed_in.notebook import Submitted, printable, read_notebook

MOST_FILES = 20_000
MOST_BYTES = 2 * 2**30  # of an archive, unpacked
LARGEST_NOTEBOOK = 20 * 2**20

MOODLE = re.compile(r"^(?P<name>[^/]+)_(?P<number>\d+)_assignsubmission_[a-z]+_?/?(?P<rest>.*)$")
CANVAS = re.compile(r"^(?P<name>[^_/]+?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)$")


@dataclass(frozen=True)
class Submission:
    """One student's notebook for one lesson.

    load: gets the notebook's bytes as received, which are not kept in memory; digest: their hash; received: when,
    from the receiver's own record (nbgrader's timestamp.txt), None if unknown; notes: what was seen and how it
    was treated; problem: why nothing in it can be marked, or "".
    """

    student: str
    lesson: str
    load: Callable[[], bytes]
    digest: str
    received: datetime | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def source(self) -> bytes:
        return self.load()


@dataclass(frozen=True)
class _File:
    """A file as found: its path inside the folder or archive, when it changed, and how to get its bytes.

    load raises _UnreadableError, with the reason in one sentence.
    """

    path: PurePosixPath
    changed: float
    load: Callable[[], bytes]


class _UnreadableError(Exception):
    pass


@dataclass(frozen=True)
class _Owner:
    name: str
    number: str = ""
    late: bool = False


def intake(
    place: Path, exercises: Mapping[str, Sequence[str]], only: str = ""
) -> tuple[list[Submission], list[str]]:
    """Return one record per student and lesson, sorted, and a sentence for each file left aside.

    place: a folder or a zip; exercises: the exercises of each lesson, by which a notebook is recognised whatever
    its file is called; only: take every unrecognised notebook for this lesson. Raises CourseError if there is
    nothing to read.
    """
    if not place.exists():
        raise CourseError(f"There is nothing at {place}: give the folder or zip that holds the submissions.")
    left: list[str] = []
    found: dict[tuple[str, str], list[tuple[float, PurePosixPath, Submission]]] = {}
    stamps: dict[PurePosixPath, str] = {}
    files = list(_files(place, left))
    names = _student_names(files)
    for file in files:
        if file.path.name == "timestamp.txt":
            with suppress(_UnreadableError):
                stamps[file.path.parent] = file.load()[:100].decode("utf-8", "replace").strip()
    for file in files:
        if file.path.suffix.lower() != ".ipynb":
            if file.path.name not in ("timestamp.txt", "key.json", ".DS_Store"):
                left.append(f"{file.path}: not a notebook, left aside.")
            continue
        student, notes = names[file.path]
        submission = _submission(file, student, exercises, only, stamps.get(file.path.parent, ""), notes)
        if submission is None:
            left.append(f"{file.path}: no notebook of this course, left aside.")
            continue
        found.setdefault((student, submission.lesson), []).append((file.changed, file.path, submission))
    records = []
    for _, several in sorted(found.items()):
        several.sort(key=lambda item: (not item[2].problem, item[0], len(str(item[1])), str(item[1])))
        *older, (_, path, chosen) = several
        if older:
            others = ", ".join(str(item[1]) for item in older)
            chosen = replace(
                chosen, notes=(*chosen.notes, f"Several files: {path} was marked, not {others}.")
            )
        records.append(replace(chosen, notes=tuple(_inert(note) for note in chosen.notes)))
    return records, [_inert(line) for line in left]


def _submission(
    file: _File,
    student: str,
    exercises: Mapping[str, Sequence[str]],
    only: str,
    stamp: str,
    notes: tuple[str, ...],
) -> Submission | None:
    problem, content = "", b""
    try:
        content = file.load()
    except _UnreadableError as error:
        problem = str(error)
    submitted = read_notebook(content)
    problem = problem or submitted.problem
    lesson = _lesson_of(submitted, file.path, exercises) or only
    if not lesson:
        # What cannot be read is still somebody's submission if there is only one lesson it can belong to.
        if not problem or len(exercises) != 1:
            return None
        lesson = next(iter(exercises))
    if f"{lesson}.ipynb" != file.path.name:
        notes = (*notes, f'The file was called "{file.path.name}" and was taken for {lesson}.')
    received = None
    if stamp:
        with suppress(ValueError, ImportError):
            from nbgrader.utils import parse_utc

            received = parse_utc(stamp)
    load = (lambda: b"") if problem and not content else file.load
    digest = hashlib.sha256(content).hexdigest()
    return Submission(student, lesson, load, digest, received, notes, problem)


def _lesson_of(submitted: Submitted, path: PurePosixPath, exercises: Mapping[str, Sequence[str]]) -> str:
    """Recognise a notebook by the exercises in it, then by what it says of itself, then by its name."""
    ids = {cell.grade_id for cell in submitted.cells} | {cell.id for cell in submitted.cells}
    hits = {lesson: len(ids & set(names)) for lesson, names in exercises.items()}
    best = max(hits, key=lambda lesson: hits[lesson], default="")
    if best and hits[best]:
        return best
    if submitted.lesson in exercises:
        return submitted.lesson
    text = "/".join(path.parts[-2:])
    return next((lesson for lesson in exercises if lesson in text), "")


def _student_names(files: Sequence[_File]) -> dict[PurePosixPath, tuple[str, tuple[str, ...]]]:
    """Say whose each notebook is: a name that is safe as a folder, and notes."""
    paths = [file.path for file in files if file.path.suffix.lower() == ".ipynb"]
    levels = zip(*(path.parts[:-1] for path in paths), strict=False)
    shared = len(list(takewhile(lambda names: len(set(names)) == 1, levels)))
    owners = {path: _owner(path, shared) for path in paths}
    numbers: dict[str, set[str]] = {}
    for owner in owners.values():
        numbers.setdefault(_safe(owner.name), set()).add(owner.number)
    names: dict[PurePosixPath, tuple[str, tuple[str, ...]]] = {}
    for path, owner in owners.items():
        name = _safe(owner.name)
        if len(numbers[name] - {""}) > 1:  # two people of one name
            name = f"{name}_{owner.number}"
        notes: tuple[str, ...] = ("Canvas marked it as late.",) if owner.late else ()
        if name != owner.name and not owner.number:
            notes = (*notes, f'"{owner.name[:80]}" is written {name} here.')
        names[path] = (name, notes)
    return names


def _owner(path: PurePosixPath, shared: int) -> _Owner:
    """Say whose a notebook is by the part of its path that the receiver made.

    shared: how many folders all notebooks have in common. What lies deeper than the first folder below them was
    named by a student, who may have put a classmate's name there.
    """
    folders = path.parts[:-1]
    for part in path.parts[: shared + 1]:
        moodle = MOODLE.match(part)
        if moodle:
            return _Owner(moodle["name"], moodle["number"])
    canvas = CANVAS.match(path.name)
    if canvas and len(folders) <= shared:
        return _Owner(canvas["name"], canvas["number"], bool(canvas["late"]))
    if "submitted" in folders[: shared + 1]:
        folders = folders[folders.index("submitted") + 1 :]
    if folders:
        return _Owner(folders[0])
    return _Owner(re.sub(r"[ _-]*\(\d+\)$", "", path.stem))


def _safe(name: str) -> str:
    """Make a name that nbgrader and every file system take: letters, digits, dot, dash, underscore, at."""
    name = unicodedata.normalize("NFC", name)
    return re.sub(r"[^\w.@-]+", "-", name).strip(".-")[:80] or "unnamed"


def _inert(text: str) -> str:
    """Take out of a line what a student's file name may hold: terminal codes, line breaks, halves of characters."""
    return printable(text).replace("\n", " ").encode("utf-8", "replace").decode()


def _files(place: Path, left: list[str]) -> Iterator[_File]:
    if place.is_dir():
        yield from _files_in_folder(place, left)
    elif zipfile.is_zipfile(place):
        yield from _files_in_zip(place, left)
    else:
        raise CourseError(f"{place} is neither a folder nor a readable zip: unpack it and give the folder.")


def _files_in_folder(place: Path, left: list[str]) -> Iterator[_File]:
    count = 0
    for path in sorted(place.rglob("*")):
        relative = PurePosixPath(path.relative_to(place).as_posix())
        if ".ipynb_checkpoints" in relative.parts:
            continue
        if path.is_symlink() or any(
            parent.is_symlink() for parent in path.parents if place in parent.parents
        ):
            left.append(f"{relative}: a link to elsewhere, refused.")
            continue
        if not path.is_file():
            continue
        count += 1
        if count > MOST_FILES:
            raise CourseError(
                f"{place} holds more than {MOST_FILES} files: give the folder of the submissions alone."
            )
        if path.suffix.lower() == ".zip" and path.parent == place and zipfile.is_zipfile(path):
            yield from _files_of_student(path, left)
            continue
        yield _File(relative, path.stat().st_mtime, partial(_read_file, path))


def _files_of_student(place: Path, left: list[str]) -> Iterator[_File]:
    """Open a zip that one student handed in: what is wrong with it is that student's matter alone."""
    try:
        files = list(_files_in_zip(place, left))
    except CourseError:
        files = [_File(PurePosixPath(f"{place.stem}.ipynb"), place.stat().st_mtime, _refuse_zip)]
    for file in files:
        if file.path.name != "timestamp.txt":  # a student's own word for when it was handed in
            yield replace(file, path=PurePosixPath(place.stem) / file.path)


def _refuse_zip() -> bytes:
    raise _UnreadableError("The zip cannot be unpacked, or holds far too much. Hand in the notebook itself.")


def _files_in_zip(place: Path, left: list[str]) -> Iterator[_File]:
    try:
        with zipfile.ZipFile(place) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_BYTES:
                raise CourseError(
                    f"{place} would unpack to an absurd size and was refused: look at it by hand."
                )
            for info in infos:
                path = PurePosixPath(info.filename.replace("\\", "/"))
                if info.is_dir() or "__MACOSX" in path.parts or ".ipynb_checkpoints" in path.parts:
                    continue
                if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", info.filename):
                    left.append(f"{info.filename}: its path leads out of the archive, refused.")
                    continue
                if stat.S_ISLNK(info.external_attr >> 16):
                    left.append(f"{path}: a link to elsewhere, refused.")
                    continue
                changed = 0.0
                with suppress(ValueError, OverflowError, OSError):
                    changed = datetime(*info.date_time).timestamp()
                yield _File(path, changed, partial(_read_in_zip, place, info))
    except (zipfile.BadZipFile, struct.error, ValueError, RuntimeError, EOFError, OSError) as error:
        raise CourseError(f"{place} cannot be read as a zip ({error}): download it again.") from error


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return _no_more(stream.read(LARGEST_NOTEBOOK + 1), path.stat().st_size)
    except OSError as error:
        raise _UnreadableError(f"The file could not be read: {error.strerror}.") from error


def _read_in_zip(place: Path, info: zipfile.ZipInfo) -> bytes:
    try:
        with zipfile.ZipFile(place) as archive, archive.open(info) as stream:
            return _no_more(stream.read(LARGEST_NOTEBOOK + 1), info.file_size)  # sizes in an archive can lie
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise _UnreadableError(f"The file could not be unpacked: {error}.") from error


def _no_more(content: bytes, size: int) -> bytes:
    if len(content) <= LARGEST_NOTEBOOK:
        return content
    raise _UnreadableError(
        f"The file has {max(size, len(content)) / 2**20:.0f} MB; a notebook may have {LARGEST_NOTEBOOK // 2**20}. "
        "Clear its outputs."
    )
