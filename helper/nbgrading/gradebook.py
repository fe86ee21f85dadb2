"""The one writer to nbgrader's gradebook, through nbgrader's own classes, so that its tools keep working."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any

from helper.course import CourseError
from helper.grading.classroom import Classroom
from helper.grading.marking import Marked
from helper.judging.verdict import RIGHT

Entry = tuple[str, Marked, datetime | None]  # student, marks, when it was received


@contextmanager
def open_gradebook(url: str) -> Iterator[Any]:
    """Open the gradebook at a SQLAlchemy URL. Raises CourseError if it cannot be opened or is half-written."""
    from helper.nbgrading.release import put_tools_on_path

    put_tools_on_path()
    from nbgrader.api import Gradebook
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
    except SQLAlchemyError as error:
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
            wanted = {
                cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
                for cell in release["cells"]
                if cell["metadata"].get("nbgrader")
            }
            if known == wanted:
                return
        except MissingEntry:
            pass
    from helper.nbgrading.release import release as run_nbgrader

    with tempfile.TemporaryDirectory() as name:
        copytree(room.course.solutions / lesson, Path(name) / "solutions" / lesson)
        run_nbgrader(Path(name), lesson, url)


def write(gradebook: Any, lesson: str, entries: Iterable[Entry]) -> None:
    """Write marks as nbgrader's own steps would: automatic scores and comments; a grader's own marks stay."""
    for student, marked, received in entries:
        gradebook.update_or_create_student(student)
        stamp = {} if received is None else {"timestamp": received}
        submission = gradebook.update_or_create_submission(lesson, student, **stamp)
        notebook = next(item for item in submission.notebooks if item.name == lesson)
        verdicts = {f"check_{verdict.check}": verdict for verdict in marked.verdicts}
        for grade in notebook.grades:
            verdict = verdicts.get(grade.cell.name)
            grade.auto_score = verdict.points if verdict else 0.0
            grade.needs_manual_grade = grade.manual_score is not None
        for comment in notebook.comments:
            verdict = verdicts.get(f"check_{comment.cell.name}")
            if verdict:
                comment.auto_comment = None if verdict.verdict == RIGHT else " ".join(verdict.advice)
        notebook.late_submission_penalty = None
        gradebook.db.commit()
        if submission.total_seconds_late > 0:
            _penalise(str(gradebook.engine.url.render_as_string(hide_password=False)), lesson, student)


def _penalise(url: str, lesson: str, student: str) -> None:
    """Let nbgrader's own step, with the plugin the course configured, decide about lateness."""
    import nbformat
    from nbgrader.preprocessors import AssignLatePenalties

    step = AssignLatePenalties(config=_config())
    step.log.setLevel(logging.ERROR)
    marks = {"notebook": lesson, "assignment": lesson, "student": student, "db_url": url}
    step.preprocess(nbformat.v4.new_notebook(), {"nbgrader": marks})


def _config() -> Any:
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "nbgrader_config.py").exists():
            return PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config()
    return Config()


def _shown(url: str) -> str:
    """Leave the password out of what a person sees."""
    head, at, tail = url.rpartition("@")
    return f"…@{tail}" if at and "//" in head else url
