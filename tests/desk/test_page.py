"""The start page's own cells: the lessons with the points so far, and an examination."""

from __future__ import annotations

import pytest

from helper.checking.progress import note_progress
from helper.course import Course
from helper.desk import page
from helper.desk.places import Desk
from helper.desk.update import lay_out

STEM = "01_mean"


@pytest.fixture
def desk(course: Course, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(course.work, course.notebooks)
    lay_out(desk)
    monkeypatch.chdir(desk.work / STEM)
    return desk


def test_the_lessons_are_links_with_the_best_points_so_far(desk: Desk) -> None:
    note_progress(desk.work / STEM, "mean_square", 2.5, "mistake")
    note_progress(desk.work / STEM, "mean_square", 0.5, "mistake")
    shown = page.lessons()
    assert repr(shown) == "1 · mean: 2.5 of 4 points"
    assert f'<a href="../{STEM}/{STEM}.ipynb">1 · mean</a>' in shown._repr_html_()


def test_points_reached_in_the_release_itself_count_too(desk: Desk) -> None:
    note_progress(desk.released / STEM, "exit_mean", 1.0, "right")
    assert "1 of 4 points" in repr(page.lessons())


def test_an_examination_names_what_needs_a_cure_and_nothing_else(desk: Desk) -> None:
    assert repr(page.examine()) == "✓ Everything is in order."
    (desk.work / STEM / "key.json").write_text("{")
    said = repr(page.examine())
    assert said.count("✗") == said.count("→") == 1
    assert "key.json is damaged" in said
    assert "key.json is damaged" in page.examine()._repr_html_()
