"""`course new`: a skeleton builds, passes every rule but the number of points, and overwrites nothing."""

import subprocess
import sys

import pytest

from helper.authoring import rules
from helper.authoring.build import build
from helper.authoring.new import new_exercise, new_lesson
from helper.lessons.key_of import PRACTICE, make_key
from helper.lessons.lesson import LessonError, read
from helper.lessons.stage import Stage

STEM = "12_attention"


def test_a_new_lesson_builds_and_keeps_the_rules_of_its_banks(mini):
    new_lesson(mini, STEM)
    assert build(mini, STEM) == []
    lesson = read(mini.solutions, STEM)
    assert [sentence for name in lesson.exercises for sentence in rules.broken_by_bank(lesson, name)] == []


def test_a_new_exercise_joins_a_lesson(mini):
    new_exercise(mini, "01_mean", "middle")
    stage = Stage(read(mini.solutions, "01_mean"))
    assert "middle" in make_key(stage, PRACTICE).checks
    assert rules.broken_by_bank(stage.lesson, "middle") == []


def test_a_new_figure_is_drawn(mini):
    new_lesson(mini, STEM)
    subprocess.run([sys.executable, mini.root / "img" / f"{STEM}.py"], check=True)
    assert (mini.root / "img" / f"{STEM}_first.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("stem", "says"), [("attention", "no stem"), ("01_mean", "exists"), ("12 a", "no stem")]
)
def test_a_stem_that_cannot_be_is_told(mini, stem, says):
    with pytest.raises(LessonError, match=says):
        new_lesson(mini, stem)


def test_an_exercise_that_is_there_is_not_written_again(mini):
    before = (mini.solutions / "01_mean.py").read_bytes()
    with pytest.raises(LessonError, match="already"):
        new_exercise(mini, "01_mean", "mean_square")
    assert (mini.solutions / "01_mean.py").read_bytes() == before
