"""The steps that take the place of nbgrader's own in `nbgrader autograde`: canonical notebook, then the judge."""

from __future__ import annotations

import atexit
import json
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from helper.course import Course, CourseError
from helper.grading.classroom import Classroom
from helper.grading.filled import with_outputs, without_outputs
from helper.grading.gradebook import register
from helper.grading.marking import mark
from helper.grading.notebook import Canonical, canonical, read_notebook
from helper.grading.runner import Runner

_canonical: dict[tuple[str, str], Canonical] = {}


class RebuildCanonical(NbGraderPreprocessor):
    """Replace the submitted notebook by the release with the student's answers in it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        lesson = resources["nbgrader"]["notebook"]
        room = _classroom()
        release = room.release(lesson)
        submitted = read_notebook(nbformat.writes(nb).encode())
        notebook = canonical(release, submitted)
        _canonical[resources["nbgrader"]["student"], lesson] = notebook
        return _notebook(without_outputs(release, notebook)), resources


class MarkInSandbox(NbGraderPreprocessor):
    """Run the canonical notebook in the sandbox and write each verdict, with its points, under its check."""

    unsandboxed = Bool(False, help="Run without a sandbox where the machine has none.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        lesson, student = resources["nbgrader"]["notebook"], resources["nbgrader"]["student"]
        room = _classroom()
        marked = mark(_canonical.pop((student, lesson)), room.key(lesson), _runner(self.unsandboxed))
        for flag in marked.flags:
            self.log.warning("%s, %s: %s", student, lesson, flag)
        return _notebook(with_outputs(json.loads(nbformat.writes(nb)), marked)), resources


def configure_autograde(config: Any) -> None:
    """Put the two steps in the place of nbgrader's own: what it would restore or run has no part in a mark."""
    from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades

    config.Autograde.pre_convert_hook = lambda assignment, **_: register_released(
        assignment, str(config.CourseDirectory.get("db_url", ""))
    )
    config.Autograde.sanitize_preprocessors = [RebuildCanonical, CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [
        MarkInSandbox,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]


def register_released(assignment: str, url: str = "") -> None:
    """Tell the gradebook of a lesson that came released with the course, as generate_assignment would have."""
    room = _classroom()
    if assignment in room.lessons:
        register(room, assignment, url or room.database)


@cache
def _classroom() -> Classroom:
    root = Path.cwd()  # nbgrader changes into the course's folder
    return Classroom(root, Course(root))


@cache
def _runner(unsandboxed: bool) -> Runner:
    try:
        runner = Runner(unsandboxed=unsandboxed)
    except CourseError as error:
        raise RuntimeError(
            f"{error} Or set c.MarkInSandbox.unsandboxed = True in nbgrader_config.py."
        ) from error
    atexit.register(runner.close)
    return runner


def _notebook(data: dict[str, Any]) -> Any:
    return nbformat.reads(json.dumps(data), as_version=4)
