"""Nothing eats an answer: laying out, new versions, builds and pulls, each with answers in place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from helper.authoring.build import build
from helper.commands import student
from helper.course import Course, CourseError
from helper.desk import cells
from helper.desk.places import Desk, find_desk
from helper.desk.update import lay_out

ANSWER = "def mean_square(x):\n    return x.pow(2).mean()  # mine"
STEM = "01_mean"


def desk_of(course: Course) -> Desk:
    return Desk(course.work, course.notebooks)


def answer(path: Path, text: str = ANSWER) -> None:
    """Write an answer into a notebook, as a student would."""
    notebook = cells.read(path)
    exercise = next(cell for cell in notebook["cells"] if cells.grade_id(cell) == "mean_square")
    exercise["source"] = text
    cells.write(path, notebook)


def answers(path: Path) -> list[str]:
    return [cells.source(cell) for cell in cells.read(path)["cells"]]


def everything(folder: Path) -> str:
    return "\n".join(text for path in folder.rglob("*.ipynb") for text in answers(path))


def reworded(course: Course) -> None:
    """Give the lesson a new version."""
    text = course.solutions / f"{STEM}.py"
    text.write_text(text.read_text().replace("The smallest lesson there is", "The least lesson there is"))


def test_a_lesson_is_laid_out_once_and_then_left_alone(course: Course) -> None:
    desk = desk_of(course)
    assert lay_out(desk) == []
    answer(desk.notebook(STEM))
    before = desk.notebook(STEM).read_bytes()
    assert lay_out(desk) == []
    assert desk.notebook(STEM).read_bytes() == before
    assert (desk.work / STEM / "key.json").exists()


def test_a_new_version_comes_with_the_answers_in_it_and_the_old_one_is_kept(course: Course) -> None:
    desk = desk_of(course)
    lay_out(desk)
    answer(desk.notebook(STEM))
    before = desk.notebook(STEM).read_bytes()
    reworded(course)
    assert build(course, STEM) == []
    said = lay_out(desk)
    assert len(said) == 1
    assert "new version" in said[0]
    assert ANSWER in answers(desk.notebook(STEM))
    assert any("The least lesson" in text for text in answers(desk.notebook(STEM)))
    assert [path.read_bytes() for path in (desk.work / STEM / "earlier").iterdir()] == [before]
    assert (desk.work / STEM / "key.json").read_bytes() == (course.notebooks / STEM / "key.json").read_bytes()
    assert lay_out(desk) == []


def test_a_build_takes_along_answers_that_were_written_into_notebooks(course: Course) -> None:
    released = course.notebooks / STEM / f"{STEM}.ipynb"
    answer(released)
    reworded(course)
    assert build(course, STEM, force=True) == []
    assert ANSWER not in answers(released)
    assert ANSWER in answers(desk_of(course).notebook(STEM))


def test_a_build_keeps_both_where_the_desk_has_other_answers(course: Course) -> None:
    desk = desk_of(course)
    lay_out(desk)
    answer(desk.notebook(STEM))
    answer(course.notebooks / STEM / f"{STEM}.ipynb", ANSWER + " too")
    reworded(course)
    assert build(course, STEM) == []
    assert ANSWER in answers(desk.notebook(STEM))
    assert ANSWER + " too" in everything(course.work)


def test_answers_in_notebooks_are_taken_along_by_the_lab(course: Course) -> None:
    answer(course.notebooks / STEM / f"{STEM}.ipynb")
    desk = desk_of(course)
    said = lay_out(desk)
    assert "go on there" in said[0]
    assert ANSWER in answers(desk.notebook(STEM))
    assert lay_out(desk) == []


def test_a_notebook_that_cannot_be_read_stays_as_it_is_and_is_named(course: Course) -> None:
    desk = desk_of(course)
    lay_out(desk)
    desk.notebook(STEM).write_text('{"cells": [')
    said = lay_out(desk)
    assert "cannot be read" in said[0]
    assert "move it away" in said[0]
    assert desk.notebook(STEM).read_text() == '{"cells": ['


def test_a_lost_or_damaged_key_comes_back(course: Course) -> None:
    desk = desk_of(course)
    lay_out(desk)
    (desk.work / STEM / "key.json").write_text("{")
    lay_out(desk)
    assert json.loads((desk.work / STEM / "key.json").read_text())["lesson"] == STEM


def test_without_room_to_keep_the_old_version_nothing_is_changed(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(course)
    lay_out(desk)
    answer(desk.notebook(STEM))
    reworded(course)
    build(course, STEM)
    before = desk.notebook(STEM).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    assert "nothing was changed" in lay_out(desk)[0]
    assert desk.notebook(STEM).read_bytes() == before


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull},
    )


@pytest.mark.parametrize("place", ["work", "notebooks"])
def test_course_update_pulls_a_changed_lesson_around_the_answers(
    course: Course,
    tmp_path: Path,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (course.root / ".gitignore").write_text("/work/\n")
    git(course.root, "init", "--quiet")
    git(course.root, "add", "-A")
    git(course.root, "commit", "--quiet", "-m", "one")
    mine = Course(tmp_path / "mine")
    git(tmp_path, "clone", "--quiet", str(course.root), str(mine.root))
    lay_out(desk_of(mine))
    answer(mine.root / place / STEM / f"{STEM}.ipynb")
    reworded(course)
    assert build(course, STEM) == []
    git(course.root, "commit", "--quiet", "-am", "two")
    monkeypatch.chdir(mine.root)
    assert student.update() == 0
    assert "brought up to date" in capsys.readouterr().out
    assert "The least lesson" in everything(mine.notebooks)
    assert "The least lesson" in "\n".join(answers(desk_of(mine).notebook(STEM)))
    assert ANSWER in everything(mine.work)


def test_update_without_a_network_changes_nothing_and_says_so(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(course.root, "init", "--quiet")
    git(course.root, "remote", "add", "origin", str(course.root / "gone"))
    monkeypatch.chdir(course.root)
    assert student.update() == 0
    assert "Nothing of yours was changed" in capsys.readouterr().out


def test_a_desk_is_found_from_everywhere_a_student_may_stand(course: Course, tmp_path: Path) -> None:
    desk = desk_of(course)
    lay_out(desk)
    for place in (course.root, course.work, course.work / STEM, course.notebooks / STEM):
        assert find_desk(place) == desk
    fetched = tmp_path / "fetched by nbgrader" / STEM
    shutil.copytree(course.notebooks / STEM, fetched)
    assert find_desk(fetched).work == find_desk(fetched.parent).work == fetched.parent
    assert find_desk(fetched).lessons == [STEM]


def test_a_lesson_is_known_by_its_number_and_an_unknown_one_by_a_sentence(course: Course) -> None:
    assert desk_of(course).known("1") == STEM
    with pytest.raises(CourseError, match="the lessons are 01_mean"):
        desk_of(course).known("9")
