"""The steps that take the place of nbgrader's own in `nbgrader autograde`: canonical notebook, then the judge."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool
from traitlets.log import get_logger

from helper.course import CourseError, find_course
from helper.grading.classroom import Classroom
from helper.grading.handed_in.canonical import Canonical, canonical
from helper.grading.handed_in.notebook import read_notebook
from helper.grading.keys import Keys, Questions, attempt_of, lesson_text, own_hidden, own_seed
from helper.grading.marking import mark
from helper.grading.pages.filled import with_outputs, without_outputs
from helper.nbgrading.gradebook import register
from helper.running.forkserver import ForkServer
from helper.running.runner import Runner

_EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
_canonical: dict[tuple[str, str], tuple[Canonical, str]] = {}  # and which attempt it is


class RebuildCanonical(NbGraderPreprocessor):
    """Replace the submitted notebook by the release with the student's answers in it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        lesson = resources["nbgrader"]["notebook"]
        room = _classroom()
        release = room.release(lesson)
        source = nbformat.writes(nb).encode("utf-8", "replace")
        submitted = read_notebook(source)
        notebook = canonical(release, submitted)
        if submitted.problem:
            notebook = replace(notebook, flags=(*notebook.flags, submitted.problem))
        _canonical[resources["nbgrader"]["student"], lesson] = notebook, attempt_of(source)
        return _notebook(without_outputs(release, notebook)), resources


class MarkInSandbox(NbGraderPreprocessor):
    """Run the canonical notebook in the sandbox and write each verdict, with its points, under its check."""

    unsandboxed = Bool(False, help="Run without a sandbox where the machine has none.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        lesson, student = resources["nbgrader"]["notebook"], resources["nbgrader"]["student"]
        room = _classroom()
        notebook, attempt = _canonical.pop((student, lesson))
        runner, keys = _hands(self.unsandboxed)
        whose = room.seed, student, lesson, attempt
        text = lesson_text(room.course.solutions, lesson)
        marked = mark(notebook, Questions(text, own_seed(*whose), keys, own_hidden(*whose)), runner)
        for flag in (*marked.oddities, *marked.flags):
            self.log.warning("%s, %s: %s", student, lesson, flag)
        return _notebook(with_outputs(json.loads(nbformat.writes(nb)), marked)), resources


def configure_autograde(config: Any) -> None:
    """Put the two steps in the place of nbgrader's own: what it would restore or run has no part in a mark."""
    from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades

    def prepare(assignment: str, notebooks: list[str], **_: Any) -> None:
        refuse_links(notebooks)
        log = get_logger()
        level = log.getEffectiveLevel()
        try:
            register_released(assignment, str(config.CourseDirectory.get("db_url", "")))
        finally:
            log.setLevel(level)  # generate_assignment silenced it, and with it what is told of submissions

    config.Autograde.pre_convert_hook = prepare
    config.Autograde.sanitize_preprocessors = [RebuildCanonical, CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [
        MarkInSandbox,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]


def refuse_links(notebooks: Iterable[str]) -> None:
    """Put nothing in the place of every link in a submission, before nbgrader copies what it leads to.

    notebooks: paths of one submission's notebooks. A link could fetch the reference, the gradebook or another's
    work. Raises SystemExit, which nbgrader does not pass over, if a link cannot be removed.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        names = {Path(notebook).name for notebook in notebooks if Path(notebook).parent == folder}
        places = [folder.parent, folder]  # the student's and the assignment's
        if not any(place.is_symlink() for place in places):
            places += [
                Path(above, name) for above, below, files in os.walk(folder) for name in (*below, *files)
            ]
        for place in places:
            if not place.is_symlink():
                continue
            get_logger().warning("%s is a link to elsewhere: refused.", place)
            try:
                place.unlink()
                for name in names if place in (folder, folder.parent) else {place.name} & names:
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_text(_EMPTY, encoding="utf-8")
            except OSError as error:
                raise SystemExit(
                    f"{place} is a link to elsewhere and cannot be removed: remove it."
                ) from error


def register_released(assignment: str, url: str = "") -> None:
    """Tell the gradebook of a lesson that came released with the course, as generate_assignment would have."""
    room = _classroom()
    if assignment in room.lessons:
        register(room, assignment, url or room.database)


@cache
def _classroom() -> Classroom:
    root = Path.cwd()  # nbgrader changes into the folder of the course or the classroom
    return Classroom(root, find_course(root))


@cache
def _hands(unsandboxed: bool) -> tuple[Runner, Keys]:
    parent = ForkServer()
    try:
        runner = Runner(unsandboxed=unsandboxed, parent=parent)
    except CourseError as error:
        raise RuntimeError(
            f"{error} Or set c.MarkInSandbox.unsandboxed = True in nbgrader_config.py."
        ) from error
    keys = Keys(parent)
    for part in (parent, keys, runner):  # the last is closed first
        atexit.register(part.close)
    return runner, keys


def _notebook(data: dict[str, Any]) -> Any:
    return nbformat.reads(json.dumps(data), as_version=4)
