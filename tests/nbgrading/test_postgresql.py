"""The gradebook in a real PostgreSQL, which the test starts itself."""

import json

import pytest

from helper.bench import database
from helper.course import CourseError
from helper.grading.classroom import Classroom
from helper.grading.example_class import differences, write_class
from helper.grading.grade import grade
from helper.grading.pages.as_json import to_json
from helper.grading.workers import Workers
from helper.nbgrading.gradebook import open_gradebook

LESSON = "01_mean"


@pytest.fixture(scope="module")
def postgresql():
    with database.postgresql() as url:
        yield url


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
