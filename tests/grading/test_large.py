"""A large class: what grows with it stays on the disk."""

import gc

import pytest

from helper.bench.simulation import KINDS, simulate
from helper.grading import grade as grade_module
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class
from helper.grading.grade import grade
from helper.grading.marking import Marked
from helper.grading.pages import similar
from helper.grading.workers import Workers

SIMULATED = 300


def test_a_class_whose_workers_answer_at_once_comes_through(course, tmp_path):
    done = simulate(course, "01_mean", SIMULATED, tmp_path, lambda text: None)
    assert done.code == 0, (tmp_path / "log").read_text()
    lines = (tmp_path / "class" / ".grading" / "ledger.jsonl").read_text().splitlines()
    assert len(lines) == KINDS + SIMULATED
    assert f"{SIMULATED} marked now" in (tmp_path / "log").read_text()
    assert len(list((tmp_path / "class" / "feedback").glob("student-*"))) == SIMULATED
    assert (tmp_path / "class" / "report.html").read_text().count("student-") > SIMULATED


@pytest.fixture
def room(course, tmp_path):
    room = Classroom(tmp_path / "class", course)
    write_class(room, 8)
    return room


def test_marks_are_read_from_the_ledger_when_they_are_looked_at(room, monkeypatch):
    held = []
    written = grade_module.report.class_page

    def page(*words):
        gc.collect()
        held.append(sum(isinstance(item, Marked) for item in gc.get_objects()))
        return written(*words)

    monkeypatch.setattr(grade_module.report, "class_page", page)
    with Workers(1) as hands:
        graded = grade(room, room.submitted, hands)
    assert len(graded.marks) == 8
    assert held[0] < 3, "of the one that was looked at last"


def test_a_class_that_is_too_large_is_not_compared_and_that_is_told(room, monkeypatch):
    monkeypatch.setattr(grade_module, "MOST_COMPARED", 7)
    with Workers(1) as hands:
        graded = grade(room, room.submitted, hands)
    assert any("8 are too many to be compared" in line for line in graded.left)


def test_what_many_wrote_is_no_likeness_however_large_the_class():
    text = " ".join(f"word{number}" for number in range(60))
    twins = {f"student{number}": text for number in range(similar.MOST_SHARED + 1)}
    others = {f"other{number}": f"other{number}" for number in range(20 * similar.MOST_SHARED)}
    assert similar.similar("lesson", {**twins, **others}) == []
    few = dict(list(twins.items())[:2])
    assert len(similar.similar("lesson", {**few, **others})) == 1
