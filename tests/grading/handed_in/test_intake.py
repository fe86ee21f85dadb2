"""Whatever an instructor has becomes one record per student; what is odd is treated as MARKING.md says."""

import json
import os
import zipfile

import pytest

from helper.course import CourseError
from helper.desk.update import BESIDE
from helper.grading.handed_in import files as files_module
from helper.grading.handed_in.intake import intake

EXERCISES = {"01_mean": ("mean_square", "exit_mean"), "02_other": ("other_one", "other_two")}


def notebook(*exercises, lesson="", version=4):
    cells = [
        {
            "cell_type": "code",
            "id": name,
            "metadata": {"nbgrader": {"grade_id": name, "solution": True}},
            "source": f"{name} = 1",
            "outputs": [],
            "execution_count": None,
        }
        for name in exercises
    ]
    data = {
        "nbformat": version,
        "nbformat_minor": 5,
        "metadata": {"course": {"lesson": lesson}},
        "cells": cells,
    }
    return json.dumps(data)


MEAN = notebook("mean_square", "exit_mean")
OTHER = notebook("other_one")


@pytest.fixture
def place(tmp_path):
    def write(files, archive=False):
        root = tmp_path / "in"
        if archive:
            path = tmp_path / "in.zip"
            with zipfile.ZipFile(path, "w") as file:
                for name, content in files.items():
                    file.writestr(name, content)
            return path
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        return root

    return write


def take(place, exercises):
    """Return the records, and all that was left aside or lost."""
    taken = intake(place, exercises)
    return taken.records, [*taken.lost, *taken.left]


def who(records):
    return [(record.student, record.lesson) for record in records]


LAYOUTS = {
    "nbgrader's layout": {"ada/01_mean/01_mean.ipynb": MEAN, "alan/01_mean/01_mean.ipynb": MEAN},
    "a course folder": {
        "submitted/ada/01_mean/01_mean.ipynb": MEAN,
        "submitted/alan/01_mean/01_mean.ipynb": MEAN,
    },
    "one notebook each": {"ada.ipynb": MEAN, "alan.ipynb": MEAN},
    "Moodle, with folders": {
        "ada_101_assignsubmission_file_/01_mean.ipynb": MEAN,
        "alan_102_assignsubmission_file_/01_mean.ipynb": MEAN,
    },
    "Moodle, without folders": {
        "ada_101_assignsubmission_file_01_mean.ipynb": MEAN,
        "alan_102_assignsubmission_file_01_mean.ipynb": MEAN,
    },
    "Canvas": {"ada_501_9001_01_mean.ipynb": MEAN, "alan_LATE_502_9002_01_mean-1.ipynb": MEAN},
}


@pytest.mark.parametrize("archive", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_recognised(place, layout, archive):
    records, left = take(place(LAYOUTS[layout], archive), EXERCISES)
    assert who(records) == [("ada", "01_mean"), ("alan", "01_mean")]
    assert left == []


def test_canvas_lateness_is_noted(place):
    records, _ = take(place(LAYOUTS["Canvas"]), EXERCISES)
    assert any("late" in note for note in records[1].notes)


def test_a_zip_per_student_in_a_folder_is_opened(place, tmp_path):
    root = place({"readme.txt": "x"})
    with zipfile.ZipFile(root / "ada.zip", "w") as file:
        file.writestr("01_mean.ipynb", MEAN)
    records, _ = take(root, EXERCISES)
    assert who(records) == [("ada", "01_mean")]


def test_a_notebook_is_known_by_its_exercises_whatever_its_name(place):
    records, _ = take(place({"ada/homework final (1).ipynb": OTHER}), EXERCISES)
    assert who(records) == [("ada", "02_other")]
    assert "homework final (1).ipynb" in records[0].notes[0]


def test_a_notebook_without_marks_is_known_by_what_it_says_or_by_its_name(place):
    files = {"ada/x.ipynb": notebook(lesson="01_mean"), "alan/02_other (2).ipynb": notebook()}
    records, _ = take(place(files), EXERCISES)
    assert who(records) == [("ada", "01_mean"), ("alan", "02_other")]


def test_two_lessons_of_one_student_are_two_records(place):
    records, _ = take(place({"ada/a.ipynb": MEAN, "ada/b.ipynb": OTHER}), EXERCISES)
    assert who(records) == [("ada", "01_mean"), ("ada", "02_other")]


def test_of_two_files_for_one_lesson_the_newer_is_marked_and_both_are_named(place):
    root = place({"ada/01_mean.ipynb": MEAN, "ada/01_mean (1).ipynb": MEAN.replace("= 1", "= 2")})
    os.utime(root / "ada/01_mean.ipynb", (1, 1))
    records, _ = take(root, EXERCISES)
    assert len(records) == 1
    assert b"= 2" in records[0].source
    assert "01_mean.ipynb" in records[0].notes[-1]


def test_a_readable_file_is_preferred_to_a_newer_unreadable_one(place):
    root = place({"ada/01_mean.ipynb": MEAN, "ada/01_mean (1).ipynb": "{"})
    os.utime(root / "ada/01_mean.ipynb", (1, 1))
    records, _ = take(root, EXERCISES)
    assert records[0].problem == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("{", "cannot be read"),
        ("not json", "cannot be read"),
        ("<!DOCTYPE html><title>Log in</title>", "web page"),
        ("<<<<<<< HEAD\n{}", "merge"),
        ("[]", "no cells"),
        ("3", "no cells"),
        ('{"cells": 3}', "no cells"),
        ("[" * 100_000, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (json.dumps({"cells": [{"cell_type": "code", "source": "x" * 300_000}]}), "characters"),
        (json.dumps({"cells": [{}] * 3000}), "3000 cells"),
    ],
)
def test_what_cannot_be_read_is_a_record_that_says_why(place, content, says):
    records, _ = take(place({"ada/01_mean.ipynb": content}), EXERCISES)
    assert who(records) == [("ada", "01_mean")]
    assert says in records[0].problem


def test_the_format_before_2015_is_read(place):
    cell = {
        "cell_type": "code",
        "input": ["mean_square = 1"],
        "metadata": {"nbgrader": {"grade_id": "mean_square"}},
    }
    records, _ = take(
        place({"ada.ipynb": json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]})}), EXERCISES
    )
    assert who(records) == [("ada", "01_mean")]
    assert records[0].problem == ""


def test_links_are_refused(place, tmp_path):
    root = place({"ada/01_mean.ipynb": MEAN})
    secret = tmp_path / "secret.ipynb"
    secret.write_text(MEAN)
    (root / "alan").mkdir()
    (root / "alan" / "01_mean.ipynb").symlink_to(secret)
    (root / "anna").symlink_to(root / "ada")
    records, left = take(root, EXERCISES)
    assert who(records) == [("ada", "01_mean")]
    assert sum("a link to elsewhere" in line for line in left) >= 1


def test_a_link_inside_a_zip_is_refused(tmp_path):
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("ada/01_mean.ipynb")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
        file.writestr("alan/01_mean.ipynb", MEAN)
    records, left = take(path, EXERCISES)
    assert who(records) == [("alan", "01_mean")]
    assert "a link to elsewhere" in left[0]


@pytest.mark.parametrize("name", ["../../evil/01_mean.ipynb", "/etc/01_mean.ipynb", "C:\\x\\01_mean.ipynb"])
def test_a_path_out_of_the_archive_is_refused(place, name):
    records, left = take(place({name: MEAN, "ada/01_mean.ipynb": MEAN}, archive=True), EXERCISES)
    assert [student for student, _ in who(records)] == ["ada"]
    assert "leads out" in left[0]


def test_an_archive_of_absurd_size_is_refused_before_it_is_unpacked(place, monkeypatch):
    monkeypatch.setattr(files_module, "MOST_BYTES", 1000)
    with pytest.raises(CourseError, match="absurd size"):
        take(place({"ada/01_mean.ipynb": MEAN + " " * 5000}, archive=True), EXERCISES)


def test_a_notebook_of_absurd_size_is_a_record_that_says_so(place, monkeypatch):
    monkeypatch.setattr(files_module, "LARGEST_NOTEBOOK", 1000)
    for archive in (False, True):
        records, _ = take(place({"ada/01_mean.ipynb": MEAN + " " * 5000}, archive), EXERCISES)
        assert "MB" in records[0].problem


def test_foreign_files_are_left_aside_and_named(place):
    files = {
        "ada/01_mean.ipynb": MEAN,
        "ada/torch.py": "x",
        "ada/helper/__init__.py": "x",
        "ada/page.html": "x",
    }
    records, left = take(place(files), EXERCISES)
    assert len(records) == 1
    assert len(left) == 3


def test_what_the_course_itself_lays_beside_a_notebook_is_not_mentioned(place):
    files = {f"ada/{name}": "{}" for name in BESIDE}
    records, left = take(place({"ada/01_mean.ipynb": MEAN, **files}), EXERCISES)
    assert (len(records), left) == (1, [])


def test_a_notebook_of_another_course_is_left_aside(place):
    records, left = take(
        place({"ada/thesis.ipynb": notebook("theorem"), "ada/01_mean.ipynb": MEAN}), EXERCISES
    )
    assert len(records) == 1
    assert "no notebook of this course" in left[0]


@pytest.mark.parametrize("name", ["..", "a+b", "ада", "Zoë O'Neil", "*[?]", "x" * 200])
def test_any_name_becomes_one_that_is_safe_as_a_folder(place, name):
    records, _ = take(
        place({f"{name}_7_assignsubmission_file_/01_mean.ipynb": MEAN}, archive=True), EXERCISES
    )
    (record,) = records
    assert "/" not in record.student
    assert record.student.strip(".") == record.student
    assert not set(record.student) & set("*?[]+' ")
    assert 0 < len(record.student) <= 90


def test_two_people_of_one_name_stay_two(place):
    files = {
        "Kim Lee_1_assignsubmission_file_/a.ipynb": MEAN,
        "Kim Lee_2_assignsubmission_file_/a.ipynb": MEAN,
    }
    records, _ = take(place(files), EXERCISES)
    assert [record.student for record in records] == ["Kim-Lee_1", "Kim-Lee_2"]


def test_the_receivers_timestamp_is_read_and_a_broken_one_ignored(place):
    files = {
        "ada/01_mean/01_mean.ipynb": MEAN,
        "ada/01_mean/timestamp.txt": "2026-11-01 10:00:00 UTC",
        "alan/01_mean/01_mean.ipynb": MEAN,
        "alan/01_mean/timestamp.txt": "yesterday",
    }
    records, _ = take(place(files), EXERCISES)
    assert str(records[0].received) == "2026-11-01 10:00:00"
    assert records[1].received is None


@pytest.mark.parametrize("make", ["nothing", "text"])
def test_what_is_no_place_of_submissions_is_told(tmp_path, make):
    path = tmp_path / "place"
    if make == "text":
        path.write_text("hello")
    with pytest.raises(CourseError):
        take(path, EXERCISES)


def test_a_damaged_zip_is_told(place):
    path = place({"ada/01_mean.ipynb": MEAN * 50}, archive=True)
    data = bytearray(path.read_bytes())
    data[60:90] = b"\0" * 30
    path.write_bytes(data)
    records, _ = take(path, EXERCISES)
    assert records[0].problem
