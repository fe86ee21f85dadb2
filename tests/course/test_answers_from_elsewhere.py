"""Answers that no check was tuned for: right ones pass, mistakes fail, and what is said does not hang on the seed."""

from pathlib import Path

import pytest
from conftest import ROOT
from typer.testing import CliRunner

from helper.authoring.proof import try_elsewhere
from helper.cli import app
from helper.course import CourseError
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read, read_answers
from helper.lessons.stage import Stage

FILES = sorted((Path(__file__).parent / "answers").glob("*.py"))
SEEDS = ("practice", "seed 1", "seed 2")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_answer_from_elsewhere_is_decided_rightly_under_every_seed(path):
    lesson = read(ROOT / "solutions", path.stem)
    stage, answers = Stage(lesson), read_answers(path, lesson)
    for kind in ("right", "mistake"):
        some = [answer for answer in answers if answer.kind == kind]
        asked = list(dict.fromkeys(answer.exercise for answer in some))
        # What is right needs no known mistakes beside it, and running those takes most of the time.
        keys = [make_key(stage, seed, asked, reference_only=kind == "right") for seed in SEEDS]
        rows = try_elsewhere(stage, keys, some)
        assert [(tried.answer.title, tried.problem) for row in rows for tried in row if tried.problem] == []


def tried(course, monkeypatch, text):
    monkeypatch.chdir(course.root)
    path = course.root / "own.py"
    path.write_text(text)
    return CliRunner().invoke(app, ["try", "01_mean", "--answers", str(path), "--seeds", "3"])


RIGHT = '# %% right="mean_square"\n"""a power"""\n{}def mean_square(x):\n    return x.pow(2).mean()\n'


@pytest.mark.parametrize("first", ["", "%%time\n", "x = !ls\n", "str?\n", "% 1\n"])
def test_a_right_answer_passes_whatever_ipython_makes_of_its_cell(mini, monkeypatch, first):
    result = tried(mini, monkeypatch, RIGHT.format(first))
    assert (result.exit_code, "3/3" in result.output) == (0, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RIGHT.format("").replace("mean()", "sum()"), "a right answer does not pass"),
        (RIGHT.format("").replace("right=", "mistake="), "a mistake passes"),
    ],
)
def test_what_is_decided_wrongly_ends_with_code_1_and_says_so(mini, monkeypatch, text, words):
    result = tried(mini, monkeypatch, text)
    assert words in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RIGHT.format("").replace('"mean_square"', '"median"'), "its exercises are mean_square, exit_mean"),
        (RIGHT.format("1 1\n"), "is not Python"),
        (RIGHT.format("").replace('"""a power"""', "x = 1"), "must begin with its title"),
    ],
)
def test_what_is_no_bank_is_refused_with_the_place(mini, monkeypatch, text, words):
    result = tried(mini, monkeypatch, text)
    assert isinstance(result.exception, CourseError)
    assert words in str(result.exception)
    assert "own.py" in str(result.exception)


def test_advice_that_hangs_on_the_seed_is_a_problem(mini, monkeypatch):
    lucky = "def mean_square(x):\n    m = (x * x).mean()\n    return -m if float(x.flatten()[0]) > 0 else 3 * m + 1\n"
    result = tried(mini, monkeypatch, f'# %% mistake="mean_square"\n"""sign or not"""\n{lucky}')
    assert "the advice differs from that under seed practice" in result.output
    assert result.exit_code == 1
