"""The whole course marked at once: an example class gets, through notebooks and sandbox, what its code is worth."""

import json

from conftest import ROOT

from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import differences, write_class
from helper.grading.grade import grade
from helper.grading.pages.as_json import to_json
from helper.grading.workers import Workers

STUDENTS = 10  # eight that show one thing each, and two mixtures


def test_a_class_gets_the_marks_of_its_sheet_in_every_lesson(tmp_path):
    room = Classroom(tmp_path, Course(ROOT))
    sheet = json.loads(write_class(room, STUDENTS).read_text())
    with Workers(1) as workers:
        graded = grade(room, room.submitted, workers)
    assert differences(sheet, to_json(graded.marks)) == []
    assert graded.marked == STUDENTS * len(room.lessons) > 0
