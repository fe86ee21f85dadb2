"""What the build puts around a lesson: a bar to the neighbours and a look for the course, and nothing into its text."""

from __future__ import annotations

import shutil

import pytest

from helper.authoring.absorb import to_text
from helper.authoring.build import LONG, compose
from helper.authoring.frame import is_made, title
from helper.course import Course
from helper.lessons.lesson import read, written_hash


@pytest.fixture
def three(mini: Course) -> Course:
    """Return a course with a start page and two lessons, not built."""
    for stem in ("00_start_here", "02_other"):
        for kind in ("", "_answers"):
            shutil.copyfile(mini.solutions / f"01_mean{kind}.py", mini.solutions / f"{stem}{kind}.py")
    return mini


def sources(course: Course, stem: str) -> list[str]:
    return [cell.source for cell in compose(read(course.solutions, stem)).cells]


def test_first_and_last_cell_lead_to_the_neighbours_and_to_the_start(three: Course) -> None:
    cells = sources(three, "01_mean")
    assert cells[0] == cells[-1]
    assert "[All lessons](../00_start_here/00_start_here.ipynb)" in cells[0]
    assert "[2 · other →](../02_other/02_other.ipynb)" in cells[0]
    assert "←" not in cells[0]
    assert "[← 1 · mean](../01_mean/01_mean.ipynb)" in sources(three, "02_other")[0]


def test_a_lesson_alone_has_no_bar(mini: Course) -> None:
    assert sources(mini, "01_mean")[0].startswith("# Means")


def test_the_first_code_looks_for_the_course_and_is_folded(mini: Course) -> None:
    first = next(cell for cell in compose(read(mini.solutions, "01_mean")).cells if cell.cell_type == "code")
    assert "is not installed where this notebook runs" in first.source
    assert first.metadata["jupyter"]["source_hidden"]
    assert is_made(first)


@pytest.mark.parametrize(("lines", "folded"), [(LONG, False), (LONG + 1, True)])
def test_a_long_check_is_folded_and_nothing_else(mini: Course, lines: int, folded: bool) -> None:
    path = mini.solutions / "01_mean.py"
    first = "def _(given, expect):\n"
    before, after = path.read_text().split(first, 1)  # of the first check
    length = len(read(mini.solutions, "01_mean").checks["mean_square"].source.splitlines())
    path.write_text(before + first + "    pass\n" * (lines - length) + after)
    lesson = read(mini.solutions, "01_mean")
    assert len(lesson.checks["mean_square"].source.splitlines()) == lines
    hidden = [cell for cell in compose(lesson).cells if cell.metadata.get("jupyter") and not is_made(cell)]
    assert [cell.id for cell in hidden] == (["check_mean_square"] if folded else [])
    for cell in hidden:
        assert cell.metadata["jupyter"] == {
            "source_hidden": True
        }  # and not outputs_hidden: the verdict is seen
        assert cell.metadata["nbgrader"]["locked"]
        assert cell.source.startswith('@check("mean_square")')
    assert to_text(compose(lesson)) == lesson.text


def test_nothing_of_the_frame_comes_back_into_the_text(three: Course) -> None:
    lesson = read(three.solutions, "01_mean")
    assert to_text(compose(lesson)) == lesson.text


def test_a_new_neighbour_makes_a_lesson_stale_and_no_other(three: Course) -> None:
    before = {stem: written_hash(three.solutions, stem) for stem in ("00_start_here", "01_mean", "02_other")}
    for kind in ("", "_answers"):
        shutil.copyfile(three.solutions / f"01_mean{kind}.py", three.solutions / f"03_new{kind}.py")
    changed = [stem for stem, old in before.items() if written_hash(three.solutions, stem) != old]
    assert changed == ["02_other"]


def test_a_title_is_made_from_the_stem() -> None:
    assert title("02_cross_entropy") == "2 · cross entropy"
