"""Where the parts of the course lie: the one place that knows the folder names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SECONDS_PER_CELL = 10.0  # how long a cell may take when work is marked


class CourseError(Exception):
    """Something a person can mend, told in one sentence with the next step."""


@dataclass(frozen=True)
class Course:
    """A course folder. solutions: written and executed lessons; notebooks: released; work: a student's own."""

    root: Path

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def work(self) -> Path:
        return self.root / "work"


def find_course(start: Path | None = None) -> Course:
    """Return the course that holds `start` (by default the working folder), or the one this code belongs to."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, Path(__file__).resolve().parent.parent):
        if (folder / "nbgrader_config.py").exists() and (folder / "solutions").is_dir():
            return Course(folder)
    raise CourseError(
        f"{start} is not inside a course: change into the folder that holds solutions/ and notebooks/."
    )
