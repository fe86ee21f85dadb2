"""Mark a class: take in, run what is new, write down, report. One straight line, resumable at every step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.files import write_whole
from helper.grading.classroom import Classroom
from helper.grading.handed_in.intake import Submission, intake
from helper.grading.handed_in.notebook import Canonical, canonical, read_notebook
from helper.grading.keys import lesson_text, own_seed
from helper.grading.ledger import Ledger, content_key
from helper.grading.marking import Marked, unmarkable
from helper.grading.pages import report
from helper.grading.pages.filled import with_outputs, without_outputs
from helper.grading.workers import Task, Workers
from helper.judging.key import Key
from helper.nbgrading import gradebook

BATCH = 10  # written down at once


@dataclass(frozen=True)
class Graded:
    """What a run did. marked: how many were marked now; reused: how many the ledger knew already.

    failed: for each submission at which the grader itself broke, why; it has no marks, and is tried again next time.
    """

    marks: dict[str, dict[str, Marked]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    marked: int = 0
    reused: int = 0
    interrupted: bool = False
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Lesson:
    """What marking one lesson needs, read once. key: what it asks, for work in which nothing can be run."""

    release: dict[str, Any]
    release_text: str
    key: Key
    text: str


Progress = Callable[[str, int, int], None]  # what is going on, done, of how many


def grade(
    room: Classroom,
    submissions: Path,
    workers: Workers,
    *,
    database: str = "",
    progress: Progress | None = None,
) -> Graded:
    """Mark every submission that the ledger does not know, then bring gradebook, pages and report up to date.

    submissions: a folder or zip; database: a SQLAlchemy URL, the classroom's own SQLite file if empty. Ctrl-C
    stops the marking; what is marked by then is written down as usual.
    """
    tell = progress or (lambda text, done, total: None)
    # nbgrader changes the working folder while it works: from here on no path is relative.
    room, submissions = replace(room, root=room.root.resolve()), submissions.resolve()
    url = database or room.database
    with room.alone(), ThreadPoolExecutor(1) as beside:
        records, left = intake(submissions, room.exercises())
        if not records:
            reasons = " ".join(left[:3])
            raise CourseError(f"{submissions} holds no notebook of this course. {reasons}".strip())
        stems = sorted({record.lesson for record in records})
        lessons = {stem: _lesson(room, stem) for stem in stems}
        ledger = Ledger(room.trusted / "ledger.jsonl")
        names = {_id(record): _content_key(room, record, lessons[record.lesson]) for record in records}
        new = [record for record in records if names[_id(record)] not in ledger]
        if new:
            workers.launch()
        written = _Written(room, url)
        stamps = {_id(record): f"{names[_id(record)]} {record.received or ''}" for record in records}
        registered = {
            stem: beside.submit(gradebook.register, room, stem, url)
            for stem in {record.lesson for record in records if not written.has(record, stamps)}
        }
        done, interrupted = 0, False
        failed: dict[str, str] = {}
        unwritten: list[Submission] = []

        def write_down(batch: list[Submission]) -> None:
            with gradebook.open_gradebook(url) as book:
                for record in batch:
                    marked = ledger.get(names[_id(record)])
                    gradebook.write(book, record.lesson, [(record.student, marked, record.received)])
                    _pages(room, record, lessons[record.lesson], marked)
            written.note(batch, stamps)

        tell("marking", 0, len(new))
        try:
            for record, outcome in _mark(new, lessons, workers, room.seed):
                if isinstance(outcome, Marked):
                    ledger.add(names[_id(record)], outcome)
                    done += 1
                    unwritten.append(record)
                else:
                    failed[_id(record)] = outcome
                tell("marking", done + len(failed), len(new))
                if len(unwritten) >= BATCH and all(
                    future.done() for future in registered.values()
                ):  # while the workers go on
                    write_down(unwritten)
                    unwritten = []
        except KeyboardInterrupt:
            interrupted = True
        marked_records = [record for record in records if names[_id(record)] in ledger]
        left += _keep_received(room, marked_records)
        for future in registered.values():
            future.result()
        waiting = [record for record in marked_records if not written.has(record, stamps)]
        for start in range(0, len(waiting), BATCH):
            write_down(waiting[start : start + BATCH])
            tell("writing down", min(start + BATCH, len(waiting)), len(waiting))
        marks: dict[str, dict[str, Marked]] = {}
        for record in marked_records:
            marked = replace(
                ledger.get(names[_id(record)]), outputs={}
            )  # memory does not grow with what is printed
            marks.setdefault(record.student, {})[record.lesson] = marked
        write_whole(room.root / "report.html", report.class_page(marks, left))
        room.configure_nbgrader()
    return Graded(marks, left, done, len(records) - len(new), interrupted, failed)


def _mark(
    records: list[Submission], lessons: dict[str, _Lesson], workers: Workers, secret: str
) -> Iterator[tuple[Submission, Marked | str]]:
    runnable = []
    for record in records:
        if record.problem:
            yield record, unmarkable(record.lesson, lessons[record.lesson].key, record.problem)
        else:
            runnable.append(record)
    shared = {name: (lesson.release_text, lesson.text) for name, lesson in lessons.items()}
    by_id = {_id(record): record for record in runnable}
    tasks = (
        Task(_id(record), record.lesson, record.source, record.student, record.digest) for record in runnable
    )
    for task_id, outcome in workers.run(tasks, shared, secret):
        yield by_id[task_id], outcome


def _lesson(room: Classroom, lesson: str) -> _Lesson:
    release = dict(room.release(lesson))
    text = lesson_text(room.course.solutions, lesson)
    return _Lesson(release, json.dumps(release, sort_keys=True), room.outline(lesson), text)


def _id(record: Submission) -> str:
    return f"{record.student}/{record.lesson}"


def _content_key(room: Classroom, record: Submission, lesson: _Lesson) -> str:
    questions = own_seed(room.seed, record.student, record.lesson, record.digest)
    return content_key(
        f"{record.digest} {record.problem}".encode(),
        lesson.release_text.encode(),
        f"{lesson.text} {questions}",
    )


def _keep_received(room: Classroom, records: list[Submission]) -> list[str]:
    """Keep what was received in nbgrader's layout, so that its own commands find it. Return what could not be."""
    left = []
    for record in records:
        folder = room.submitted / record.student / record.lesson
        path = folder / f"{record.lesson}.ipynb"
        source = record.source
        try:
            for place in (folder.parent, folder, path):
                if place.is_symlink():  # handed in by somebody who wants this writing to go elsewhere
                    place.unlink()
            if not path.exists() or path.read_bytes() != source:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(source)
            if record.received:
                write_whole(folder / "timestamp.txt", record.received.isoformat(" "))
        except (OSError, CourseError):
            left.append(
                f"{folder}: something else is in its place, so nbgrader's own commands will not find it."
            )
    return left


class _Written:
    """What the gradebook and the pages hold already, so that only what is new is written down.

    A crash between a batch and the note of it repeats the batch, which changes nothing.
    """

    def __init__(self, room: Classroom, url: str) -> None:
        self._place = room.trusted / "written.json"
        try:
            self._stamps: dict[str, str] = json.loads(self._place.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            self._stamps = {}
        lost = url == room.database and not (room.root / "gradebook.db").exists()
        if self._stamps.get("gradebook") != url or lost:
            self._stamps = {"gradebook": url}

    def has(self, record: Submission, stamps: dict[str, str]) -> bool:
        return self._stamps.get(_id(record)) == stamps[_id(record)]

    def note(self, records: list[Submission], stamps: dict[str, str]) -> None:
        self._stamps |= {_id(record): stamps[_id(record)] for record in records}
        write_whole(self._place, json.dumps(self._stamps), mode=0o600)


def _pages(room: Classroom, record: Submission, lesson: _Lesson, marked: Marked) -> None:
    notebook: Canonical | None = None
    if not record.problem:
        notebook = canonical(lesson.release, read_notebook(record.source))
        filled = with_outputs(without_outputs(lesson.release, notebook), marked)
        path = room.autograded / record.student / record.lesson / f"{record.lesson}.ipynb"
        write_whole(path, json.dumps(filled, ensure_ascii=False, indent=1) + "\n")
    page = report.feedback_page(record.student, notebook, marked, record.notes)
    write_whole(room.feedback / record.student / record.lesson / f"{record.lesson}.html", page)
