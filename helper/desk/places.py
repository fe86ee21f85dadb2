"""Where a student's work lies.

`notebooks/` is what git and the build write; `work/` is the student's, and neither of them touches it. A lesson
that nbgrader fetched, or that somebody copied elsewhere, is a desk of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from helper.course import Course, CourseError, find_course

STEM = re.compile(r"\d\d_\w+")
PACKAGED = Path(__file__).resolve().parent.parent / "released"  # where `pip install` puts the release
START = "00_start_here"


@dataclass(frozen=True)
class Desk:
    """A student's desk. work: a folder for each lesson; released: where their new versions come from, if known."""

    work: Path
    released: Path | None

    @property
    def lessons(self) -> list[str]:
        """The stems of all lessons that are released or lie on the desk, in order."""
        places = [self.work, *([self.released] if self.released else [])]
        found = {path.parent.name for place in places for path in place.glob("*/key.json")}
        return sorted(stem for stem in found if self.key(stem))

    def notebook(self, stem: str) -> Path:
        return self.work / stem / f"{stem}.ipynb"

    def key(self, stem: str) -> Path | None:
        """Return the key of a lesson: beside the working copy, or else that of the release."""
        places = [self.work, *([self.released] if self.released else [])]
        found = [place / stem / "key.json" for place in places if (place / stem / "key.json").exists()]
        return found[0] if found else None

    def known(self, stem: str) -> str:
        """Return a lesson's stem, which may be given by its number alone. Raises CourseError if there is none."""
        fits = [name for name in self.lessons if name == stem or name.split("_")[0] == stem.zfill(2)]
        if not fits:
            raise CourseError(
                f'There is no lesson "{stem}": the lessons are {", ".join(self.lessons) or "none yet"}.'
            )
        return fits[0]


def find_desk(start: Path | None = None) -> Desk:
    """Return the desk that `start` (by default the working folder) belongs to.

    In a lesson's own folder, or in one that holds lessons, it is there; in a course it is the course's `work/`;
    anywhere else `work/` in this folder, with the release that came with the installation.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if _is_course(folder):
            return Desk(folder / "work", folder / "notebooks")
    if (start / "key.json").exists():
        return Desk(start.parent, _packaged())
    if any(start.glob("*/key.json")):
        return Desk(start, _packaged())
    for folder in (start, *start.parents):
        if any((folder / "work").glob("*/key.json")):
            return Desk(folder / "work", _packaged())
    if _packaged():
        return Desk(start / "work", _packaged())
    course = find_course(start)
    return Desk(course.work, course.notebooks)


def _is_course(folder: Path) -> bool:
    return (folder / "nbgrader_config.py").exists() and (folder / "solutions").is_dir()


def _packaged() -> Path | None:
    return PACKAGED if PACKAGED.is_dir() else None


def course_of(desk: Desk) -> Course | None:
    """Return the course folder around a desk, or None where only the package is installed."""
    root = desk.work.parent
    return Course(root) if _is_course(root) else None
