"""A classroom: the folder with a class's submissions, marks, feedback and report, and its secrets.

What the marks depend on (the seed, the keys under it, the ledger) lies in .grading/, which only the trusted
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


@dataclass(frozen=True)
class Classroom:
    """Paths of one classroom, and the keys of its lessons under its secret seed."""

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
        """The secret seed, drawn once, so that everyone answers the same questions."""
        return self._secret("seed")

    @cached_property
    def hidden(self) -> str:
        """The secret of what no answer may see. Unlike the seed it never enters a process with a student's code."""
        return self._secret("hidden")

    def _secret(self, name: str) -> str:
        path = self.trusted / name
        if not path.exists():
            self.trusted.mkdir(parents=True, exist_ok=True)
            self.trusted.chmod(0o700)
            write_whole(path, secrets.token_hex(16), mode=0o600)
        return path.read_text(encoding="utf-8").strip()

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

    def known_key(self, lesson: str) -> Key | None:
        """Return the key under the secret seed if this version of the lesson has one already."""
        from helper.lessons.lesson import written_hash

        try:
            key = Key.load(self.trusted / f"{lesson}.key.json")
        except (OSError, ValueError):  # none yet, or half-written by somebody else's hand
            return None
        return (
            key
            if (key.written, key.seed) == (written_hash(self.course.solutions, lesson), self.seed)
            else None
        )

    def key(self, lesson: str) -> Key:
        """Return the key under the secret seed, computed once per version of the lesson."""
        known = self.known_key(lesson)
        if known:
            return known
        from helper.lessons.key_of import make_key
        from helper.lessons.lesson import read
        from helper.lessons.stage import Stage

        path = self.trusted / f"{lesson}.key.json"
        key = make_key(Stage(read(self.course.solutions, lesson), self.hidden), self.seed)
        write_whole(path, key.dumps(), mode=0o600)
        return key

    def configure_nbgrader(self) -> None:
        """Let nbgrader's own commands and formgrader work in the classroom too, unless somebody configured them."""
        path = self.root / "nbgrader_config.py"
        if self.root == self.course.root or path.exists():
            return
        write_whole(
            path,
            '"""nbgrader\'s commands and formgrader work in this classroom. Edit it as you like."""\n\n'
            "from helper.nbgrading.release import configure\n"
            "from helper.grading.autograde import configure_autograde\n\n"
            "c = get_config()  # noqa: F821\n"
            "configure(c)\n"
            "configure_autograde(c)\n"
            f"c.CourseDirectory.source_directory = {str(self.course.solutions.resolve())!r}\n"
            f"c.CourseDirectory.release_directory = {str(self.course.notebooks.resolve())!r}\n",
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second grading run out of this classroom. Raises CourseError if one is at work."""
        self.trusted.mkdir(parents=True, exist_ok=True)
        path = self.trusted / "lock"
        with path.open("w") as file:
            try:
                _lock(file.fileno())
            except OSError:
                raise CourseError(
                    f"Another grading run is at work in {self.root}: wait until it is done."
                ) from None
            yield


def exercise_ids(release: Mapping[str, Any]) -> tuple[str, ...]:
    marks = [cell["metadata"].get("nbgrader", {}) for cell in release["cells"]]
    return tuple(mark["grade_id"] for mark in marks if mark.get("solution"))


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: its own open files guard themselves
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
