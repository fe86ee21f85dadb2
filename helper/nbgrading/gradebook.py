"""The one writer to nbgrader's gradebook, through nbgrader's own classes, so that its tools keep working."""

from __future__ import annotations

import logging
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any

from helper.course import CourseError
from helper.grading.classroom import Classroom
from helper.grading.handed_in.people import People, Person
from helper.grading.marking import Marked
from helper.judging.verdict import RIGHT
from helper.nbgrading.metadata import check_id, grade_id

AT_ONCE = 500  # rows read together
Entry = tuple[str, Marked, datetime | None]  # student, marks, when it was received


@dataclass(frozen=True)
class Score:
    """What somebody has for a lesson. points: after penalty, which was taken off because it was late."""

    points: float
    penalty: float
    max: float
    late: bool


@contextmanager
def open_gradebook(url: str) -> Iterator[Any]:
    """Open the gradebook at a SQLAlchemy URL. Raises CourseError if it cannot be opened or is half-written."""
    from helper.nbgrading.release import put_tools_on_path

    put_tools_on_path()
    for name in ("sqlalchemy.pool", "tornado.application"):  # they would print what is told in one sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    from nbgrader.api import Gradebook, InvalidEntry
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader adds objects in an order it dislikes
    # SQLAlchemy takes the bare name for an older driver.
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        _stamp(url)
        gradebook = Gradebook(url)
    except (SQLAlchemyError, ImportError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise CourseError(
            f"The gradebook at {_shown(url)} cannot be opened ({reason}). If its file is damaged, move it away and "
            "run this again: it is written anew from the ledger."
        ) from error
    gradebook.db().expire_on_commit = False  # open for moments: nothing is read twice
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", SAWarning
            )  # nbgrader adds objects in an order SQLAlchemy dislikes
            yield gradebook
    except (SQLAlchemyError, InvalidEntry) as error:  # nbgrader wraps what it meets itself
        reason = str(error).strip().split("\n")[0]
        raise CourseError(
            f"The gradebook at {_shown(url)} could not be written ({reason}). Run this again: what is marked stays "
            "marked."
        ) from error
    finally:
        gradebook.close()


def _stamp(url: str) -> None:
    """Note in an empty database which version of its tables nbgrader is about to make.

    nbgrader would start a process for it, which takes longer than all else at its first opening.
    """
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url)
    with engine.begin() as connection:
        if not inspect(connection).get_table_names():
            MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
    engine.dispose()


def register(room: Classroom, lesson: str, url: str) -> None:
    """Make sure the gradebook knows a lesson as it is released now, by nbgrader's generate_assignment."""
    from nbgrader.api import MissingEntry

    release = room.release(lesson)
    with open_gradebook(url) as gradebook:
        try:
            notebook = gradebook.find_notebook(lesson, lesson)
            known = {cell.name: cell.source for cell in notebook.source_cells}
            wanted = {grade_id(cell): "".join(cell["source"]) for cell in release["cells"] if grade_id(cell)}
            if known == wanted:
                return
        except MissingEntry:
            pass
    from helper.nbgrading.release import release as run_nbgrader

    with tempfile.TemporaryDirectory() as name:
        copytree(room.course.solutions / lesson, Path(name) / "solutions" / lesson)
        run_nbgrader(Path(name), lesson, url)


def write(gradebook: Any, lesson: str, entries: Iterable[Entry], people: People | None = None) -> None:
    """Write marks as nbgrader's own steps would: automatic scores and comments; a grader's own marks stay.

    All entries in one transaction and in few statements: nbgrader's functions for one submission would make three
    transactions and a dozen statements for each.
    """
    from nbgrader.api import Student, SubmittedAssignment
    from nbgrader.utils import parse_utc

    entries = list(entries)
    wanted = [student for student, _, _ in entries]
    assignment, db = gradebook.find_assignment(lesson), gradebook.db
    known = {item.id: item for item in db.query(Student).filter(Student.id.in_(wanted))}
    handed_in = db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id)
    submissions = {
        item.student_id: item for item in handed_in.filter(SubmittedAssignment.student_id.in_(wanted))
    }
    for student, marked, received in entries:
        called = _called(people.get(student) if people else None)
        if student not in known:
            known[student] = Student(id=student, **called)
            db.add(known[student])
        for name, value in called.items():
            setattr(known[student], name, value)
        submission = submissions.get(student)
        if submission is None:
            submissions[student] = submission = _add(db, assignment, student)
        if received is not None:
            submission.timestamp = parse_utc(received)
        notebook = next(item for item in submission.notebooks if item.notebook.name == lesson)
        verdicts = {check_id(verdict.check): verdict for verdict in marked.verdicts}
        for grade in notebook.grades:
            verdict = verdicts.get(grade.cell.name)
            grade.auto_score = verdict.points if verdict else 0.0
            grade.needs_manual_grade = grade.manual_score is not None
        for comment in notebook.comments:
            verdict = verdicts.get(check_id(comment.cell.name))
            if verdict:
                comment.auto_comment = None if verdict.verdict == RIGHT else inert(" ".join(verdict.advice))
    db.commit()


def _add(db: Any, assignment: Any, student: str) -> Any:
    """Add a submission as nbgrader's add_submission does, to be written with others."""
    from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy.orm.attributes import set_committed_value

    def fixed(made: Any, **related: Any) -> Any:
        for name, value in related.items():
            set_committed_value(made, name, value)  # without their lists of all that is related to them
        return made

    submission = SubmittedAssignment(assignment_id=assignment.id, student_id=student)
    for notebook in assignment.notebooks:
        copy = fixed(SubmittedNotebook(notebook_id=notebook.id, assignment=submission), notebook=notebook)
        for cell in (*notebook.grade_cells, *notebook.task_cells):
            fixed(Grade(cell_id=cell.id, notebook=copy), cell=cell)
        for cell in (*notebook.solution_cells, *notebook.task_cells):
            fixed(Comment(cell_id=cell.id, notebook=copy), cell=cell)
    db.add(submission)
    return submission


def penalise(url: str, lessons: Iterable[str], folder: Path) -> None:
    """Let nbgrader's own step, with the plugin that was configured, decide about what is late by now.

    folder: the classroom's, whose nbgrader_config.py counts before the one of the working folder.
    """
    config: Any = None
    with open_gradebook(url) as gradebook:
        late = [(lesson, student) for lesson in lessons for student in _late(gradebook, lesson)]
    for lesson, student in late:
        config = config or _config(folder)
        _penalise(url.replace("postgresql://", "postgresql+psycopg://", 1), lesson, student, config)


def _late(gradebook: Any, lesson: str) -> list[str]:
    """Return who was late, or was found so once. Only they are looked at: a class is not read into memory."""
    from nbgrader.api import SubmittedAssignment, SubmittedNotebook

    assignment = gradebook.find_assignment(lesson)
    of_lesson = gradebook.db.query(SubmittedAssignment).filter_by(assignment_id=assignment.id)
    penalised = (
        of_lesson.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(SubmittedNotebook.late_submission_penalty.isnot(None))
        .with_entities(SubmittedAssignment.student_id)
    )
    found = {student for (student,) in penalised}
    if assignment.duedate is not None:
        moved = SubmittedAssignment.extension.isnot(None)
        after = of_lesson.filter((SubmittedAssignment.timestamp > assignment.duedate) | moved)
        found |= {item.student_id for item in after.yield_per(AT_ONCE) if item.total_seconds_late > 0}
    return sorted(found)


def scores(url: str, lessons: Iterable[str]) -> dict[str, dict[str, Score]]:
    """Return what each student has in the end: with a grader's own marks, and what is taken off for lateness."""
    found: dict[str, dict[str, Score]] = {}
    with open_gradebook(url) as gradebook:
        for lesson in lessons:
            for submission in gradebook.assignment_submissions(lesson):
                penalty = submission.late_submission_penalty
                late = submission.total_seconds_late > 0
                score = Score(max(0.0, submission.score - penalty), penalty, submission.max_score, late)
                found.setdefault(submission.student.id, {})[lesson] = score
    return found


def inert(text: str) -> str:
    """Return advice as Markdown that shows as it is read: nbgrader's pages would run HTML in a comment."""
    parts = re.split(r"(`[^`\n]+`)", text)
    return "".join(
        part if number % 2 else re.sub(r"([\\`*_{}\[\]<>()#!|~$&:])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


def _called(person: Person | None) -> dict[str, str]:
    """Return a person's name for formgrader and for nbgrader's export, which writes it into a CSV as it stands."""
    if person is None:
        return {}
    first, _, last = person.name.rpartition(" ")
    number = next((account.rpartition(":")[2] for account in person.accounts), "")
    called = {"first_name": first, "last_name": last, "email": person.email, "lms_user_id": number}
    return {name: cell for name, text in called.items() if (cell := _cell(text))}


def _cell(text: str) -> str:
    return re.sub(r"[\s,;\"\x00-\x1f]+", " ", text).strip().lstrip("=+-@").strip()[:120]


def _penalise(url: str, lesson: str, student: str, config: Any) -> None:
    import nbformat
    from nbgrader.preprocessors import AssignLatePenalties

    step = AssignLatePenalties(config=config)
    step.log.setLevel(logging.ERROR)
    marks = {"notebook": lesson, "assignment": lesson, "student": student, "db_url": url}
    step.preprocess(nbformat.v4.new_notebook(), {"nbgrader": marks})


def _config(classroom: Path) -> Any:
    """Read what is configured in the working folder or above it, and over it what the classroom says."""
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = Config()
    above = next((f for f in (Path.cwd(), *Path.cwd().parents) if (f / "nbgrader_config.py").exists()), None)
    for folder in (above, classroom):
        if folder and (folder / "nbgrader_config.py").exists():
            config.merge(PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config())
    return config


def _shown(url: str) -> str:
    """Leave the password out of what a person sees."""
    head, at, tail = url.rpartition("@")
    return f"…@{tail}" if at and "//" in head else url
