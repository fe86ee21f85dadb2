"""nbgrader's exchange in real use: release, fetch, submit, collect, mark, and feedback back; late, and extended."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helper.grading.classroom import Classroom
from helper.grading.grade import grade
from helper.grading.workers import Workers
from helper.nbgrading.gradebook import open_gradebook
from helper.nbgrading.times import read_time

LESSON = "01_mean"
RIGHT = "def mean_square(x):\n    return x.pow(2).mean()"
STUDENTS = ("ada", "alan")


class Exchange:
    """A course with an exchange, and a home for each student."""

    def __init__(self, course, root):
        self.room = Classroom(course.root, course)
        self.root = root
        (root / "exchange").mkdir(parents=True)
        (root / "exchange").chmod(0o777)
        with (course.root / "nbgrader_config.py").open("a") as config:
            config.write(f"c.Exchange.root = {str(root / 'exchange')!r}\n")
            config.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")

    def teacher(self, *words):
        return nbgrader(words, self.room.root, os.environ)

    def student(self, name, *words):
        home = self.root / name
        home.mkdir(exist_ok=True)
        lines = [
            "c = get_config()",
            f"c.Exchange.root = {str(self.root / 'exchange')!r}",
            "c.CourseDirectory.course_id = 'default_course'",
            f"c.CourseDirectory.student_id = {name!r}",
            f"c.Exchange.cache = {str(home / 'cache')!r}",
        ]
        (home / "nbgrader_config.py").write_text("\n".join(lines))
        return nbgrader(words, home, os.environ | {"USER": name, "LOGNAME": name, "HOME": str(home)})

    def answer(self, name, source):
        path = self.root / name / LESSON / f"{LESSON}.ipynb"
        data = json.loads(path.read_text())
        for cell in data["cells"]:
            if cell["id"] == "mean_square":
                cell["source"] = source
        path.write_text(json.dumps(data))


def nbgrader(words, folder, environment):
    command = [str(Path(sys.executable).with_name("nbgrader")), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def exchange(course, tmp_path):
    made = Exchange(course, tmp_path / "world")
    made.teacher("generate_assignment", LESSON, "--force")
    made.teacher("release_assignment", LESSON)
    for name in STUDENTS:
        made.student(name, "fetch_assignment", LESSON)
    return made


def scores(room):
    with open_gradebook(room.database) as book:
        return {
            item.student.id: item.score - item.late_submission_penalty
            for item in book.assignment_submissions(LESSON)
        }


def test_from_release_to_feedback_and_back(exchange):
    for name, source in (("ada", RIGHT), ("alan", "def mean_square(x):\n    return (x * x).sum()")):
        assert not (exchange.root / name / LESSON / "solutions").exists()
        exchange.answer(name, source)
        exchange.student(name, "submit", LESSON)
    exchange.teacher("collect", LESSON)
    room = exchange.room
    assert {path.name for path in room.submitted.iterdir()} == set(STUDENTS)
    with Workers(1) as hands:
        graded = grade(room, room.submitted, hands)
        assert {name: of[LESSON].points for name, of in graded.marks.items()} == {"ada": 3.0, "alan": 0.5}
        assert graded.lost == []
        inbound = exchange.root / "exchange" / "default_course" / "inbound"
        assert grade(room, inbound, hands).marked == 0, "the exchange's own folder gives other marks"
    exchange.teacher("release_feedback", LESSON)
    for name, points in (("ada", "3 of 4 points"), ("alan", "0.5 of 4 points")):
        exchange.student(name, "fetch_feedback", LESSON)
        (page,) = (exchange.root / name / LESSON / "feedback").rglob("*.html")
        assert points in page.read_text()


def test_lateness_is_as_the_exchange_says_and_an_extension_takes_it_back(exchange):
    exchange.answer("ada", RIGHT)
    exchange.student("ada", "submit", LESSON)
    exchange.teacher("collect", LESSON)
    room = exchange.room
    stamp = next(room.submitted.rglob("timestamp.txt")).read_text()
    assert abs(read_time(stamp) - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=10)
    with Workers(1) as hands:
        (student,) = grade(room, room.submitted, hands).marks
        assert scores(room) == {student: 3.0}
        with open_gradebook(room.database) as book:
            book.update_or_create_assignment(
                LESSON, duedate=datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
            )
        grade(room, room.submitted, hands)
        assert scores(room) == {student: 0.0}
        with open_gradebook(room.database) as book:
            book.grant_extension(LESSON, student, hours=5)
        assert grade(room, room.submitted, hands).marked == 0
        assert scores(room) == {student: 3.0}
