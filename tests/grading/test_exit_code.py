"""What `course grade` says at its end, and the code it leaves with."""

import pytest

from helper.commands import instructor
from helper.course import Course
from helper.grading.grade import Graded


class Nobody:
    """Stands in for workers that have nothing to do."""

    def __init__(self, *args, **options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass


@pytest.mark.parametrize(
    ("graded", "code"),
    [
        (Graded(), 0),
        (Graded(left=["notes.txt: not a notebook, left aside."]), 0),
        (Graded(lost=["01_mean.ipynb: nobody's name is on it."]), 1),
        (Graded(failed={"ada/01_mean": "ZeroDivisionError: our own fault"}), 1),
        (Graded(interrupted=True), 130),
        (Graded(lost=["x.ipynb: nobody's name is on it."], interrupted=True), 130),
    ],
)
def test_work_without_a_record_is_said_and_the_code_is_one(tmp_path, monkeypatch, capsys, graded, code):
    monkeypatch.setattr(instructor, "grade", lambda *args, **options: graded)
    monkeypatch.setattr(instructor, "Workers", Nobody)
    done = instructor.grade_class(Course(tmp_path), tmp_path, tmp_path / "class", unsandboxed=True)
    assert done == code
    said = capsys.readouterr().out
    for line in (*graded.lost, *graded.left, *graded.failed):
        assert line in said


def test_whoever_of_the_roster_is_absent_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(instructor, "grade", lambda *args, **options: Graded(absent=["Zoe Example"]))
    monkeypatch.setattr(instructor, "Workers", Nobody)
    assert instructor.grade_class(Course(tmp_path), tmp_path, tmp_path / "class", unsandboxed=True) == 0
    assert "handed in nothing: Zoe Example" in capsys.readouterr().out
