"""Mark a class: plan, mark, write down. One straight line, resumable at every step."""

from __future__ import annotations

import errno
import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.files import write_whole
from helper.grading.classroom import Classroom
from helper.grading.fitness import Rehearsal
from helper.grading.handed_in.canonical import Canonical, canonical
from helper.grading.handed_in.intake import Submission, intake
from helper.grading.handed_in.notebook import read_notebook
from helper.grading.handed_in.people import People
from helper.grading.handed_in.roster import read_roster
from helper.grading.keys import lesson_text, own_seed
from helper.grading.ledger import Ledger, content_key
from helper.grading.made_by import PAGE
from helper.grading.marking import Marked, unmarkable
from helper.grading.pages import feedback, report
from helper.grading.pages.as_json import Marks
from helper.grading.pages.filled import dumps, with_outputs, without_outputs
from helper.grading.pages.similar import MOST_COMPARED, Pair, own_text, similar
from helper.grading.table import Table
from helper.grading.workers import Task, Workers
from helper.grading.written import Written, stamp
from helper.judging.key import Key
from helper.made_of import running
from helper.nbgrading import gradebook
from helper.nbgrading.metadata import marks as noted

BATCH, LARGEST_BATCH = 10, 500  # written down at once: of a large class, a hundredth
MANY = 100  # written down at once, after which memory is looked after
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)


@dataclass(frozen=True)
class Graded:
    """What a run did. marked: how many were marked now; reused: how many the ledger knew already.

    left: what was left aside, harmless; lost: what may be somebody's work and has no record; absent: who of the
    roster handed in nothing; failed: for each submission at which the grader itself broke, why: it is tried again
    next time.
    """

    marks: Marks = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    marked: int = 0
    reused: int = 0
    interrupted: bool = False
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Lesson:
    """What marking one lesson needs, read once.

    key: what it asks, for work in which nothing can be run; text: see keys.lesson_text; code: what of release and
    text a mark depends on.
    """

    release: dict[str, Any]
    release_text: str
    key: Key
    text: str
    code: str


@dataclass
class _Plan:
    """What came in, what is known of it, and where it will be written. names: each record's place in the ledger."""

    room: Classroom
    url: str
    records: list[Submission]
    lessons: Mapping[str, _Lesson]
    ledger: Ledger
    written: Written
    names: Table
    registered: dict[str, Future[None]] = field(default_factory=dict)
    rebuilt: dict[str, Canonical] = field(default_factory=dict)
    pages: dict[str, Any] = field(
        default_factory=dict
    )  # by lesson: the hash of what every page of it is made from
    left: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def new(self) -> list[Submission]:
        return [record for record in self.records if self.names[_id(record)] not in self.ledger]

    def stamp(self, record: Submission) -> str:
        """Say what is to be written down of a record: its mark, when it came, the page that shows it."""
        page = self.pages.get(record.lesson)
        if page is None:
            page = _hash(running(PAGE), self.lessons[record.lesson].release_text)
            self.pages[record.lesson] = page
        page = page.copy()
        for note in record.notes:
            page.update(b"\0" + note.encode("utf-8", "replace"))
        return stamp(self.names[_id(record)], record.received, page.hexdigest()[:16])

    def notebook(self, record: Submission) -> Canonical:
        """Return the submission rebuilt on the release, rebuilt only once."""
        made = self.rebuilt.get(_id(record))
        if made is None:
            made = self.rebuilt[_id(record)] = canonical(
                self.lessons[record.lesson].release, record.submitted
            )
        return made


Progress = Callable[[str, int, int], None]  # what is going on, done, of how many


def grade(
    room: Classroom,
    submissions: Path,
    workers: Workers,
    *,
    database: str = "",
    roster: Path | None = None,
    progress: Progress | None = None,
) -> Graded:
    """Mark every submission that the ledger does not know, then bring gradebook, pages and report up to date.

    submissions: a folder or archive; database: a SQLAlchemy URL, the classroom's own SQLite file if empty; roster:
    a list of participants. Ctrl-C stops the marking; what is marked by then is written down as usual.
    """
    tell = progress or (lambda text, done, total: None)
    # nbgrader changes the working folder while it works: from here on no path is relative.
    room, submissions = replace(room, root=room.root.resolve()), submissions.resolve()
    with _told(room), room.alone(), ThreadPoolExecutor(1) as beside:
        people = People(room.trusted / "people.json", read_roster(roster) if roster else ())
        plan = _plan(room, submissions, people, workers, database or room.database, beside)
        new = len(plan.new)
        with _at_rest():
            interrupted = _mark(plan, workers, people, tell)
            marks = _write_down(plan, people, tell)
        absent = people.absent(marks)
        people.save()
        everybody = plan.written.marks(plan.ledger)
        pairs = _similar(plan, everybody)
        page = report.class_page(everybody, plan.left, plan.lost, absent, people, pairs)
        write_whole(room.root / "report.html", page)
        room.configure_nbgrader()
    done = new - len(plan.new)
    return Graded(
        marks, plan.left, plan.lost, absent, done, len(plan.records) - new, interrupted, plan.failed
    )


def rehearsal(room: Classroom, stem: str) -> Rehearsal:
    """Return a lesson's own answers, as a submission, and what its build found for them."""
    path = room.course.solutions / stem / f"{stem}.ipynb"
    try:
        submitted = read_notebook(path.read_bytes())
    except OSError as error:
        raise CourseError(f'{path} is missing: run "course build {stem}".') from error
    return Rehearsal(stem, canonical(room.release(stem), submitted).dumps(), room.outline(stem))


def _plan(
    room: Classroom, submissions: Path, people: People, workers: Workers, url: str, beside: ThreadPoolExecutor
) -> _Plan:
    """Take in what came, and find out what of it is new. What takes long begins meanwhile."""
    releases = {lesson: room.release(lesson) for lesson in room.lessons}
    came = intake(submissions, room.exercises(), people, releases)
    if not came.records:
        reasons = " ".join([*came.lost, *came.left][:3])
        raise CourseError(f"{submissions} holds no notebook of this course. {reasons}".strip())
    people.save()
    lessons = {stem: _lesson(room, stem) for stem in sorted({record.lesson for record in came.records})}
    names = Table(
        (
            _id(record),
            content_key(
                record.digest,
                record.problem,
                lessons[record.lesson].code,
                own_seed(room.seed, record.student, record.lesson, record.digest),
            ),
        )
        for record in came.records
    )
    ledger = Ledger(room.trusted / "ledger.jsonl")
    written = Written(room, url)
    plan = _Plan(room, url, came.records, lessons, ledger, written, names, left=came.left, lost=came.lost)
    if plan.new:
        workers.launch()
    waiting = {record.lesson for record in plan.records if not written.has(_id(record), plan.stamp(record))}
    plan.registered |= {stem: beside.submit(gradebook.register, room, stem, url) for stem in waiting}
    return plan


def _mark(plan: _Plan, workers: Workers, people: People, tell: Progress) -> bool:
    """Mark what is new; each mark goes into the ledger at once. Returns whether Ctrl-C stopped it."""
    new = plan.new
    batch = _batch(len(new))
    waiting: list[Submission] = []
    done = 0
    tell("marking", 0, len(new))
    try:
        for record, outcome in _outcomes(plan, new, workers):
            done += 1
            if isinstance(outcome, Marked):
                plan.ledger.add(plan.names[_id(record)], outcome)
                waiting.append(record)
            else:
                plan.failed[_id(record)] = outcome
            tell("marking", done, len(new))
            if len(waiting) >= batch and all(future.done() for future in plan.registered.values()):
                _write_batch(plan, people, waiting)  # while the workers go on
                waiting = []
    except KeyboardInterrupt:
        return True
    finally:
        plan.ledger.sync()
    return False


def _outcomes(
    plan: _Plan, records: Sequence[Submission], workers: Workers
) -> Iterator[tuple[Submission, Marked | str]]:
    """Yield each record with its marks, or with why the grader itself broke at it."""
    runnable = []
    for record in records:
        if record.problem:
            yield record, unmarkable(record.lesson, plan.lessons[record.lesson].key, record.problem)
        else:
            runnable.append(record)
    shared = {name: lesson.text for name, lesson in plan.lessons.items()}
    under_way: dict[str, Submission] = {}
    broken: dict[str, str] = {}

    def tasks() -> Iterator[Task]:
        for record in runnable:
            under_way[_id(record)] = record
            try:
                notebook = plan.notebook(record).dumps()
                yield Task(_id(record), record.lesson, notebook, record.student, record.digest)
            except Exception as error:  # one submission, not the class
                broken[_id(record)] = f"{type(error).__name__}: {error}"

    shortest = min(plan.lessons, key=lambda stem: len(plan.lessons[stem].text))
    asked = rehearsal(plan.room, shortest) if workers.elsewhere else None
    for task_id, outcome in workers.run(tasks(), shared, plan.room.seed, asked):
        yield under_way.pop(task_id), outcome
    for task_id, reason in broken.items():
        yield under_way.pop(task_id), reason


def _write_down(plan: _Plan, people: People, tell: Progress) -> Marks:
    """Bring submitted files, gradebook and pages up to date, and return this run's marks."""
    marked = [record for record in plan.records if plan.names[_id(record)] in plan.ledger]
    plan.left += _keep_received(plan.room, marked)
    for future in plan.registered.values():
        future.result()
    waiting = [record for record in marked if not plan.written.has(_id(record), plan.stamp(record))]
    batch = _batch(len(waiting))
    for start in range(0, len(waiting), batch):
        _write_batch(plan, people, waiting[start : start + batch])
        tell("writing down", min(start + batch, len(waiting)), len(waiting))
    _restore(plan, people)
    gradebook.penalise(plan.url, sorted(plan.lessons), plan.room.root)
    return plan.ledger.marks(Table((_id(record), plan.names[_id(record)]) for record in marked))


def _similar(plan: _Plan, everybody: Marks) -> list[Pair]:
    """Compare what the class wrote for the lessons of this run, from the notebooks that were marked."""
    pairs = []
    for stem, lesson in plan.lessons.items():
        students = [student for student, of_student in everybody.items() if stem in of_student]
        if len(students) > MOST_COMPARED:
            plan.left.append(
                f"{stem}: {len(students)} are too many to be compared with each other (at most {MOST_COMPARED}), so "
                "nothing is said of who resembles whom: mark it in parts for that."
            )
            continue
        texts = {}
        for student in students:
            path = plan.room.autograded / student / stem / f"{stem}.ipynb"
            with suppress(OSError, ValueError, KeyError, TypeError):  # none, or not ours any more
                texts[student] = own_text(json.loads(path.read_text(encoding="utf-8")), lesson.release)
        pairs += similar(stem, texts)
    return pairs


def _restore(plan: _Plan, people: People) -> None:
    """Write what earlier runs marked into a gradebook that was lost or is another one."""
    here = {_id(record) for record in plan.records}
    missing = [
        entry
        for entry in plan.written.again()
        if f"{entry[0]}/{entry[1]}" not in here and entry[2] in plan.ledger
    ]
    for lesson in {lesson for _, lesson, _, _ in missing} - plan.registered.keys():
        if lesson in plan.room.lessons:
            gradebook.register(plan.room, lesson, plan.url)
    if not missing:
        return
    with gradebook.open_gradebook(plan.url) as book:
        for lesson in {lesson for _, lesson, _, _ in missing} & set(plan.room.lessons):
            of_lesson = [
                (student, name, received) for student, other, name, received in missing if other == lesson
            ]
            for start in range(0, len(of_lesson), LARGEST_BATCH):
                some = of_lesson[start : start + LARGEST_BATCH]
                entries = [(student, plan.ledger.get(name), received) for student, name, received in some]
                gradebook.write(book, lesson, entries, people)
    plan.written.restored([f"{student}/{lesson}" for student, lesson, _, _ in missing])


def _write_batch(plan: _Plan, people: People, batch: Sequence[Submission]) -> None:
    """Write some records into the gradebook and onto their pages. What cannot be written is one record's matter."""
    plan.ledger.sync()
    whole = []
    entries: dict[str, list[gradebook.Entry]] = {}
    for record in batch:
        marked = plan.ledger.get(plan.names[_id(record)])
        entries.setdefault(record.lesson, []).append((record.student, marked, record.received))
        try:
            _pages(plan, record, marked)
            whole.append(record)
        except CourseError as error:
            if getattr(error.__cause__, "errno", None) in NO_ROOM or not isinstance(error.__cause__, OSError):
                raise
            plan.failed[_id(record)] = str(error)
        finally:
            plan.rebuilt.pop(_id(record), None)
    with gradebook.open_gradebook(plan.url) as book:
        for lesson, of_lesson in entries.items():
            gradebook.write(book, lesson, of_lesson, people)
    plan.written.note({_id(record): plan.stamp(record) for record in whole})
    if len(batch) >= MANY:
        gc.collect()  # SQLAlchemy's objects hold each other; by itself this would come after some ten thousand


def _pages(plan: _Plan, record: Submission, marked: Marked) -> None:
    notebook: Canonical | None = None
    room, lesson = plan.room, plan.lessons[record.lesson]
    if not record.problem:
        notebook = plan.notebook(record)
        filled = with_outputs(without_outputs(lesson.release, notebook), marked)
        path = room.autograded / record.student / record.lesson / f"{record.lesson}.ipynb"
        write_whole(path, dumps(filled))
    place = room.feedback / record.student / record.lesson
    write_whole(
        place / f"{record.lesson}.html", feedback.page(record.student, notebook, marked, record.notes)
    )
    for name, text in record.exchange:
        write_whole(place / name, text)


def _lesson(room: Classroom, lesson: str) -> _Lesson:
    release = dict(room.release(lesson))
    text = lesson_text(room.course.solutions, lesson)
    # Prose and figures change what is written for a lesson, but no mark.
    written = json.loads(text)
    code = [
        [
            [cell.get("id"), noted(cell), cell["source"]]
            for cell in release["cells"]
            if cell["cell_type"] == "code"
        ],
        [cell for cell in written["cells"] if cell["type"] == "code"],
        written["answers"],
    ]
    whole = json.dumps(release, sort_keys=True)
    return _Lesson(release, whole, room.outline(lesson), text, json.dumps(code, sort_keys=True))


def _batch(waiting: int) -> int:
    """Return how many to write down at once: each time all that is written is noted anew."""
    return max(BATCH, min(LARGEST_BATCH, waiting // 100))


def _hash(*parts: str) -> Any:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace"))


def _id(record: Submission) -> str:
    return f"{record.student}/{record.lesson}"


def _keep_received(room: Classroom, records: Sequence[Submission]) -> list[str]:
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
            for name, text in record.exchange:
                write_whole(folder / name, text)
        except (OSError, CourseError):
            left.append(
                f"{folder}: something else is in its place, so nbgrader's own commands will not find it."
            )
    return left


@contextmanager
def _at_rest() -> Iterator[None]:
    """Keep what was taken in away from the collector of garbage, so that it can look through the rest in no time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _told(room: Classroom) -> Iterator[None]:
    """Turn what the disk refuses into one sentence: every file of a classroom may be in any state."""
    try:
        yield
    except OSError as error:
        place = error.filename or room.root
        raise CourseError(
            f"{place} could not be used ({error.strerror or error}). Mend or remove it and run this again; what is "
            "marked stays marked."
        ) from error
