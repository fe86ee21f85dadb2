"""A classroom: the folder with a class's submissions, marks, feedback and report, and its secrets.

What the marks depend on (the seed, the ledger) lies in .grading/, which only the trusted
side reads.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from helper.course import Course, CourseError
from helper.files import write_whole
from helper.judging.key import Key
from helper.lessons.lesson import stems
from helper.nbgrading.metadata import exercise_ids

SHORTEST_SEED = 16  # characters


@dataclass(frozen=True)
class Classroom:
    """Paths of one classroom, and its secret seed."""

    root: Path
    course: Course

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def autograded(self) -> Path:
        return self.root / "autograded"

    @property
    def feedback(self) -> Path:
        return self.root / "feedback"

    @property
    def trusted(self) -> Path:
        return self.root / ".grading"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.root.resolve() / 'gradebook.db'}"

    @cached_property
    def seed(self) -> str:
        """The secret seed, drawn once, from which every submission's own questions follow.

        Raises CourseError if the file is there and holds none.
        """
        path = self.trusted / "seed"
        try:
            if not path.exists():
                self.trusted.mkdir(parents=True, exist_ok=True)
                self.trusted.chmod(0o700)
                write_whole(path, secrets.token_hex(16), mode=0o600)
            seed = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError):
            seed = ""
        if len(seed) < SHORTEST_SEED or not seed.isprintable():
            raise CourseError(
                f"{path} holds no seed: put it back from a copy, or delete it; then new questions are drawn and all is "
                "marked again."
            )
        return seed

    @cached_property
    def lessons(self) -> tuple[str, ...]:
        """The lessons that can be marked: those that are released."""
        return tuple(stem for stem in stems(self.course.solutions) if self.release_path(stem).exists())

    def release_path(self, lesson: str) -> Path:
        return self.course.notebooks / lesson / f"{lesson}.ipynb"

    def release(self, lesson: str) -> Mapping[str, Any]:
        """Return the release of a lesson, which every canonical notebook is rebuilt on."""
        path = self.release_path(lesson)
        try:
            data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CourseError(f'{lesson} is not released: run "course build {lesson}".') from None
        except ValueError:
            raise CourseError(f'{path} is damaged: run "course build {lesson}".') from None
        return data

    def exercises(self) -> dict[str, Sequence[str]]:
        """Return the exercises of every released lesson, by which submissions are recognised."""
        return {lesson: exercise_ids(self.release(lesson)) for lesson in self.lessons}

    def outline(self, lesson: str) -> Key:
        """Return the key that students have for practice: the checks, their expectations and points."""
        path = self.course.notebooks / lesson / "key.json"
        try:
            return Key.load(path)
        except (OSError, ValueError):
            raise CourseError(f'{path} is missing or damaged: run "course build {lesson}".') from None

    def configure_nbgrader(self) -> None:
        """Let nbgrader's own commands and formgrader work in the classroom too, unless somebody configured them."""
        path = self.root / "nbgrader_config.py"
        if self.root == self.course.root or path.exists():
            return
        write_whole(
            path,
            '"""nbgrader\'s commands and formgrader work in this classroom. Edit it as you like."""\n\n'
            "from helper.nbgrading.release import configure\n"
            "from helper.nbgrading.autograde import configure_autograde\n\n"
            "c = get_config()  # noqa: F821\n"
            "configure(c)\n"
            "configure_autograde(c)\n"
            f"c.CourseDirectory.source_directory = {str(self.course.solutions.resolve())!r}\n"
            f"c.CourseDirectory.release_directory = {str(self.course.notebooks.resolve())!r}\n",
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second grading run out of this classroom. Raises CourseError if one is at work."""
        from filelock import FileLock, Timeout

        try:
            self.trusted.mkdir(parents=True, exist_ok=True)
            with FileLock(self.trusted / "lock", timeout=0):
                yield
        except Timeout:
            raise CourseError(
                f"Another grading run is at work in {self.root}: wait until it is done."
            ) from None
