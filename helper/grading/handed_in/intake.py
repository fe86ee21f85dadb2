"""From whatever an instructor has (a folder, an archive, the export of an LMS) to one record per student.

Nothing here runs or unpickles anything; file names and contents are taken for hostile. Whatever comes in ends in a
record or in a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from helper.course import CourseError
from helper.desk.update import BESIDE
from helper.grading.handed_in.canonical import written
from helper.grading.handed_in.files import (
    File,
    Refused,
    Spool,
    UnreadableError,
    is_archive,
    walk,
    without_suffix,
)
from helper.grading.handed_in.notebook import Submitted, printable, read_notebook
from helper.grading.handed_in.owners import GRADESCOPE, Item, Owner, find_owners
from helper.grading.handed_in.people import People
from helper.nbgrading.times import read_time

SUFFIXES = (".ipynb", ".ipynb.txt", ".ipynb.json")  # browsers add the last
EXCHANGE = ("timestamp.txt", "submission_secret.txt")
NOBODYS = (*EXCHANGE, *BESIDE, GRADESCOPE)
MOST_NOTED = 2000  # small files of an LMS that are read
LONGEST_NOTE = 20_000


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's notebook for one lesson.

    source: gets the notebook's bytes as received, submitted: what was read in them; neither is kept in memory.
    digest: the bytes' hash; received: when, from the receiver's own record (nbgrader's timestamp.txt), None if
    unknown; notes: what was seen and how it was treated; problem: why nothing in it can be marked, or "";
    exchange: the files that nbgrader's exchange put beside it, by which it gives feedback back.
    """

    student: str
    lesson: str
    load: Callable[[], bytes]
    parsed: Callable[[], bytes]
    digest: str
    received: datetime | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    exchange: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> bytes:
        return self.load()

    @property
    def submitted(self) -> Submitted:
        return Submitted.loads(self.parsed())


@dataclass
class Intake:
    """records: one per student and lesson, sorted. left: a line for each thing left aside; lost: a line for each
    that may be somebody's work and has no record."""

    records: list[Submission] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Work:
    """A file that may be somebody's notebook, as far as it can be read."""

    path: PurePosixPath
    changed: float
    archives: tuple[int, ...]
    load: Callable[[], bytes]
    parsed: Callable[[], bytes]
    digest: str
    lesson: str
    written: int
    problem: str


def intake(
    place: Path,
    exercises: Mapping[str, Sequence[str]],
    people: People | None = None,
    releases: Mapping[str, Mapping[str, Any]] | None = None,
) -> Intake:
    """Take in a folder or archive.

    exercises: those of each lesson, by which a notebook is recognised whatever its file is called; people: who is
    known already; releases: what was handed out, to tell an untouched copy from work. Raises CourseError if the
    place cannot be read.
    """
    if not place.exists():
        raise CourseError(f"There is nothing at {place}: give the folder or zip that holds the submissions.")
    people = people or People()
    taken = Intake()
    refused, spool = Refused(), Spool()
    works: list[_Work] = []
    others: list[PurePosixPath] = []
    texts: dict[PurePosixPath, str] = {}
    for file in walk(place, refused):
        try:
            if file.problem or file.path.name.lower().endswith(SUFFIXES):
                works.append(_read(file, exercises, releases or {}, spool))
            else:
                others.append(file.path)
                if _is_note(file.path) and len(texts) < MOST_NOTED:
                    texts[file.path] = file.load()[:LONGEST_NOTE].decode("utf-8-sig", "replace")
        except CourseError:
            raise
        except Exception as error:  # whatever is wrong with one file is that file's matter
            taken.lost.append(f"{file.path}: could not be read ({type(error).__name__}), left aside.")
    for line, may_be_work in refused.lines:
        (taken.lost if may_be_work else taken.left).append(line)
    works = _with_the_only_lesson(works, exercises)
    _records(taken, place, works, others, texts, exercises, people)
    taken.left, taken.lost = [_inert(line) for line in taken.left], [_inert(line) for line in taken.lost]
    return taken


def _read(
    file: File,
    exercises: Mapping[str, Sequence[str]],
    releases: Mapping[str, Mapping[str, Any]],
    spool: Spool,
) -> _Work:
    problem, content = file.problem, b""
    if not problem:
        try:
            content = file.load()
        except UnreadableError as error:
            problem = str(error)
    submitted = replace(Submitted(), problem=problem) if problem else read_notebook(content)
    problem = submitted.problem
    lesson = _lesson_of(submitted, file.path, exercises)
    count = written(releases[lesson], submitted) if lesson in releases else len(submitted.cells)
    kept = spool.put(content)
    digest = hashlib.sha256(content).hexdigest()
    return _Work(
        file.path,
        file.changed,
        file.archives,
        kept,
        spool.put(submitted.dumps()),
        digest,
        lesson,
        count,
        problem,
    )


def _records(
    taken: Intake,
    place: Path,
    works: Sequence[_Work],
    others: Sequence[PurePosixPath],
    texts: Mapping[PurePosixPath, str],
    exercises: Mapping[str, Sequence[str]],
    people: People,
) -> None:
    """Give each notebook to its owner, choose among several of one student, and say what became of the rest."""
    items = [Item(work.path, work.lesson, work.archives) for work in works]
    bystanders = [Item(path) for path in others if not _is_note(path)]
    whose = find_owners(without_suffix(place.resolve().name), items, others, [*exercises], texts)
    taken.lost += whose.lost
    found: dict[tuple[str, str], list[tuple[_Work, Owner]]] = {}
    without: dict[str, list[str]] = {}
    persons = people.resolve(
        (owner, works[index].lesson) for index, owners in whose.owners.items() for owner in owners
    )
    told = " ".join(whose.lost)
    for index, work in enumerate(works):
        owners = whose.owners.get(index, ())
        for owner in owners:
            person = persons[owner]
            if work.lesson:
                found.setdefault((person.id, work.lesson), []).append((work, owner))
            else:
                what = work.problem or "no notebook of this course"
                without.setdefault(person.id, []).append(
                    f"{work.path}: {what[0].lower()}{what[1:].rstrip('.')}, left aside."
                )
        if (
            not owners
            and str(work.path) not in told
            and not any(str(up) in told for up in work.path.parents[:-1])
        ):
            taken.left.append(f"{work.path}: lies beside what was handed in, left aside.")
    here = {student for student, _ in found}
    for student, lines in without.items():
        # Something unreadable may be the notebook; something else beside a marked notebook is no loss.
        (
            taken.left if student in here and not any("cannot be" in line for line in lines) else taken.lost
        ).extend(lines)
    taken.left += [f"{item.path}: not a notebook, left aside." for item in bystanders]
    for (student, lesson), several in sorted(found.items(), key=lambda entry: entry[0]):
        record, owner = _choose(student, lesson, several, texts, taken)
        who = people.get(student)
        if who:
            people.note(who, lesson, owner)
            if who.name != student and not owner.number:
                record = replace(
                    record, notes=(*record.notes, f'"{who.name[:80]}" is written {student} here.')
                )
        taken.records.append(replace(record, notes=tuple(_inert(note) for note in record.notes)))
    taken.left += people.doubts


def _choose(
    student: str,
    lesson: str,
    several: list[tuple[_Work, Owner]],
    texts: Mapping[PurePosixPath, str],
    taken: Intake,
) -> tuple[Submission, Owner]:
    """Choose the newest file that can be read and that somebody worked in; the others are named."""

    def rank(entry: tuple[_Work, Owner]) -> tuple[object, ...]:
        work, owner = entry
        return not work.problem, work.written > 0, owner.at, work.changed, len(str(work.path)), str(work.path)

    several.sort(key=rank)
    *older, (work, owner) = several
    notes: tuple[str, ...] = ("Canvas marked it as late.",) if owner.late else ()
    if f"{lesson}.ipynb" != work.path.name:
        notes = (*notes, f'The file was called "{work.path.name}" and was taken for {lesson}.')
    beside = _beside(work, owner, lesson, texts)
    received = read_time(beside.get("timestamp.txt", ""))
    if "timestamp.txt" in beside and not received:
        taken.left.append(
            f"{work.path.parent / 'timestamp.txt'}: holds no time, so nothing is known of lateness."
        )
    if older:
        others = ", ".join(str(item.path) for item, _ in older)
        notes = (*notes, f"Several files: {work.path} was marked, not {others}.")
        taken.left.append(f"{student}, {lesson}: several files: {work.path} was marked, not {others}.")
    for other, whose in older:
        apart = other.path.parent != work.path.parent and whose.at == owner.at
        if apart and other.digest != work.digest and other.written and not other.problem:
            taken.lost.append(
                f"{other.path}: another notebook of {lesson} than {work.path}, and both seem to be {student}'s. If two "
                "people handed them in, give each a folder of their own."
            )
    record = Submission(
        student,
        lesson,
        work.load,
        work.parsed,
        work.digest,
        received,
        notes,
        work.problem,
        (*beside.items(),),
    )
    return record, owner


def _beside(work: _Work, owner: Owner, lesson: str, texts: Mapping[PurePosixPath, str]) -> dict[str, str]:
    """Return the files that nbgrader's exchange wrote, and nobody else may have, by their names."""
    folder = work.path.parent
    believed = str(folder) == owner.exchange or (
        folder.name == lesson and f"{folder.parent}/*" == owner.exchange
    )
    if not owner.exchange or not believed:
        return {}
    return {name: text for name in EXCHANGE if (text := texts.get(folder / name, "")).strip()}


def _with_the_only_lesson(works: list[_Work], exercises: Mapping[str, Sequence[str]]) -> list[_Work]:
    """Give what cannot be read to the only lesson it can belong to."""
    lessons = {work.lesson for work in works if work.lesson} or {*exercises}
    if len(lessons) != 1:
        return works
    (only,) = lessons
    return [replace(work, lesson=only) if work.problem and not work.lesson else work for work in works]


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


def _is_note(path: PurePosixPath) -> bool:
    """Say whether a file is a receiver's own: a time, a receipt, an export's list."""
    name = path.name
    return name in NOBODYS or (name.endswith(".txt") and "_attempt_" in name and not is_archive(name))


def _inert(text: str) -> str:
    """Take out of a line what a student's file name may hold: terminal codes, line breaks, halves of characters."""
    return printable(text).replace("\n", " ").encode("utf-8", "replace").decode()[:1000]
