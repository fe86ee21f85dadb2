"""From the executed reference notebook to what a student opens, by nbgrader's own generate_assignment."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path

from nbformat.notebooknode import NotebookNode
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import Config

from helper.course import CourseError

STUB = "raise NotImplementedError()"


class ClearAnswers(ClearSolutions):
    """nbgrader's ClearSolutions, except that a value keeps its `name = ...` and needs no stub.

    A stub that raises at the top of a cell would stop a student who runs all cells.
    """

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        replaced: bool = super()._replace_solution_region(cell, language)
        if replaced:
            stub = self.code_stub[language].split("\n")
            cell.source = "\n".join(line for line in cell.source.split("\n") if line not in stub).rstrip()
        return replaced


def configure(config: Config) -> None:
    """Set what every nbgrader command in this course needs: folder names and the value-keeping stub."""
    from nbgrader.converters import GenerateAssignment

    # The name that nbgrader's own steps assume; PostgreSQL insists that all use the same.
    config.CourseDirectory.course_id = "default_course"
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "notebooks"
    put_tools_on_path()
    steps = GenerateAssignment.preprocessors.default_args[0]
    config.GenerateAssignment.preprocessors = [
        ClearAnswers if step is ClearSolutions else step for step in steps
    ]
    config.ClearAnswers.code_stub = {"python": f"# YOUR CODE HERE\n{STUB}"}


def put_tools_on_path() -> None:
    """Let nbgrader find `alembic`, which it starts by name: it lies beside python and need not be on the path."""
    beside_python = str(Path(sys.executable).parent)
    if beside_python not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside_python, os.environ.get("PATH", "")])


def release(root: Path, stem: str, database: str | None = None) -> None:
    """Run generate_assignment for one lesson in the course folder `root`.

    database: a SQLAlchemy URL, by default root/gradebook.db. Raises CourseError if nbgrader refuses.
    """
    config = Config()
    configure(config)
    config.CourseDirectory.root = str(root)
    if database:
        config.CourseDirectory.db_url = database
    config.Application.log_level = logging.ERROR
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    api.log_level = logging.ERROR
    result = api.generate_assignment(stem, force=True)
    if not result["success"]:
        reasons = re.findall(r"^\s*(\w+(?:Error|Exception): .*)$", result.get("log") or "", re.M)
        raise CourseError(
            f"nbgrader could not release {stem}: {reasons[-1] if reasons else 'it gave no reason'}"
        )
