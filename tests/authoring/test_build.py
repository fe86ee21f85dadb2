"""From text to executed notebook, key and release; and back."""

import json
import subprocess
import sys

import nbformat
import pytest

from helper.authoring import build as building
from helper.authoring.absorb import absorb, to_text
from helper.authoring.build import build, stale
from helper.lessons.lesson import LessonError

LESSON = "01_mean"


def files(course):
    folders = (course.solutions / LESSON, course.notebooks / LESSON)
    return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*"))}


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_two_builds_give_the_same_bytes(course):
    before = files(course)
    assert build(course, LESSON) == []
    assert files(course) == before


def test_the_release_holds_no_line_of_a_solution_and_no_output(course):
    release = (course.notebooks / LESSON / f"{LESSON}.ipynb").read_text()
    assert "return (x * x).mean()" not in release
    assert 'exit_mean = \\"b\\"' not in release
    assert "BEGIN SOLUTION" not in release
    assert all(not cell.get("outputs") for cell in json.loads(release)["cells"])


def test_only_the_notebook_and_its_keys_are_released(course):
    assert sorted(path.name for path in (course.notebooks / LESSON).iterdir()) == [
        f"{LESSON}.ipynb",
        "again.json",
        "key.json",
    ]


def test_a_value_keeps_its_line_and_a_function_gets_a_stub(course):
    cells = nbformat.read(course.notebooks / LESSON / f"{LESSON}.ipynb", as_version=4).cells
    sources = {cell.id: cell.source for cell in cells}
    assert sources["exit_mean"] == 'exit_mean = ...  # "a" or "b"'
    assert sources["mean_square"].endswith("# YOUR CODE HERE\n    raise NotImplementedError()")


def test_the_reference_notebook_has_outputs_and_every_check_is_right(course):
    cells = nbformat.read(course.solutions / LESSON / f"{LESSON}.ipynb", as_version=4).cells
    shown = json.dumps(cells, ensure_ascii=False)
    assert "tensor(1.5000)" in shown
    assert shown.count('"text/plain": "✓ Right') == 2


def test_figures_travel_with_the_notebook(course):
    cells = nbformat.read(course.notebooks / LESSON / f"{LESSON}.ipynb", as_version=4).cells
    assert "dot.png" in cells[0].attachments
    assert "(attachment:dot.png)" in cells[0].source


def test_the_key_holds_numbers_and_no_code(course):
    key = (course.notebooks / LESSON / "key.json").read_text()
    assert "def " not in key
    assert '"b"' not in key


@pytest.mark.parametrize("name", [f"{LESSON}.py", f"{LESSON}_answers.py"])
def test_changing_the_text_makes_a_lesson_stale(course, name):
    assert stale(course) == []
    edit(course.solutions / name, "mean", "mean ")
    assert stale(course) == [f'{LESSON} is stale: run "course build {LESSON}".']


def test_changing_a_figure_or_losing_a_built_file_makes_a_lesson_stale(course):
    (course.root / "img" / "dot.png").write_bytes(b"another")
    assert stale(course)
    build_again = course.notebooks / LESSON / "key.json"
    build_again.unlink()
    assert stale(course)


def test_staleness_is_told_by_the_command(course):
    run = subprocess.run(
        [sys.executable, "-m", "helper.cli", "build", "--check"], cwd=course.root, check=False
    )
    assert run.returncode == 0


def test_asking_what_is_stale_loads_neither_torch_nor_jupyter(course):
    code = (
        "import sys; from pathlib import Path; from helper.course import Course; from helper.commands import author\n"
        "author.build(Course(Path.cwd()), None, check=True, force=False)\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'nbformat', 'nbgrader', 'jupytext')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=course.root, check=False).returncode == 0


def test_a_mistake_that_passes_stops_the_build_and_nothing_is_written(course):
    before = files(course)
    edit(
        course.solutions / f"{LESSON}_answers.py", "return (x * x).sum()", "return (x * x).sum() / x.numel()"
    )
    problems = build(course, LESSON)
    assert len(problems) == 1
    assert "a mistake passes" in problems[0]
    assert f"{LESSON}_answers.py:" in problems[0]
    assert files(course) == before


def test_a_right_answer_that_fails_stops_the_build(course):
    edit(course.solutions / f"{LESSON}_answers.py", "x.pow(2).mean()", "x.pow(3).mean()")
    assert "a right answer does not pass" in build(course, LESSON)[0]


def test_a_mistake_with_anothers_advice_stops_the_build(course):
    # Two mistakes whose evidence is equal share their advice; here the evidence of one is not its own.
    edit(
        course.solutions / f"{LESSON}_answers.py",
        'raise ValueError("no mean today")',
        "raise NotImplementedError",
    )
    assert "not attempted" in build(course, LESSON)[0]


def test_a_reference_that_stops_is_told(course):
    edit(course.solutions / f"{LESSON}.py", "return (x * x).mean()", "return x.nothing()")
    with pytest.raises(LessonError, match="the reference itself stops with AttributeError"):
        build(course, LESSON)


def test_a_demonstration_that_stops_is_told_and_nothing_is_written(course):
    before = files(course)
    edit(
        course.solutions / f"{LESSON}.py",
        "print(torch.arange(4.0).mean())",
        "print(torch.arange(4.0).meen())",
    )
    with pytest.raises(LessonError, match="stops with AttributeError"):
        build(course, LESSON)
    assert files(course) == before
    assert list(course.root.glob(".build-*")) == []


def test_a_check_that_leans_on_a_demonstration_is_refused(course):
    edit(course.solutions / f"{LESSON}.py", "print(torch.arange(4.0).mean())", "demo = 1")
    edit(course.solutions / f"{LESSON}.py", 'expect("the choice", exit_mean)', 'expect("the choice", demo)')
    with pytest.raises(LessonError, match="NameError"):
        build(course, LESSON)


def test_a_missing_figure_is_told(course):
    (course.root / "img" / "dot.png").unlink()
    with pytest.raises(LessonError, match="draw it with its script"):
        build(course, LESSON)


def test_points_that_do_not_add_up_are_told(course):
    edit(course.solutions / f"{LESSON}.py", "points=2)", "points=3)")
    with pytest.raises(LessonError, match="do not add up to 3"):
        build(course, LESSON)


def in_jupyter(course, old, new):
    path = course.solutions / LESSON / f"{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)
    return path


def test_absorbing_a_notebook_brings_its_edit_into_the_text(course):
    path = in_jupyter(course, "The smallest lesson", "The shortest lesson")
    before = (course.solutions / f"{LESSON}.py").read_text()
    absorb(course, path)
    after = (course.solutions / f"{LESSON}.py").read_text()
    assert after == before.replace("The smallest lesson", "The shortest lesson")


def test_a_notebook_turned_back_into_text_is_the_text(course):
    notebook = nbformat.read(course.solutions / LESSON / f"{LESSON}.ipynb", as_version=4)
    assert to_text(notebook) == (course.solutions / f"{LESSON}.py").read_text()


def test_an_edit_in_jupyter_is_not_built_over(course):
    path = in_jupyter(course, "The smallest lesson", "The shortest lesson")
    with pytest.raises(LessonError, match="course absorb"):
        build(course, LESSON)
    assert "The shortest lesson" in path.read_text()
    assert build(course, LESSON, force=True) == []


def test_an_edit_is_not_absorbed_over_a_newer_text(course):
    path = in_jupyter(course, "The smallest lesson", "The shortest lesson")
    edit(course.solutions / f"{LESSON}.py", "shows something", "shows a number")
    before = (course.solutions / f"{LESSON}.py").read_text()
    with pytest.raises(LessonError, match="by hand"):
        absorb(course, path)
    assert (course.solutions / f"{LESSON}.py").read_text() == before


def test_an_unedited_notebook_changes_nothing(course):
    path = course.solutions / LESSON / f"{LESSON}.ipynb"
    assert "no edit" in absorb(course, path)


@pytest.mark.parametrize("content", ["", "<html>", "{}", '{"cells": 3}'])
def test_what_is_no_notebook_is_not_absorbed(course, content):
    path = course.root / "x.ipynb"
    path.write_text(content)
    with pytest.raises(LessonError):
        absorb(course, path)


def test_the_release_cannot_be_absorbed(course):
    with pytest.raises(LessonError, match="a copy or a release"):
        absorb(course, course.notebooks / LESSON / f"{LESSON}.ipynb")


def test_running_a_built_notebook_is_not_editing_it(course):
    path = course.solutions / LESSON / f"{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)
    assert not building.edited(path)


def course_command(course, *words):
    return subprocess.run(
        [sys.executable, "-m", "helper.cli", *words],
        cwd=course.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [("build", "09_none"), ("try", "09_none"), ("try", "01_mean/none"), ("absorb", "none.ipynb")],
)
def test_a_name_that_does_not_exist_is_one_line_and_a_code(course, words):
    run = course_command(course, *words)
    assert run.returncode == 1
    assert len(run.stderr.strip().split("\n")) == 1
    assert "Traceback" not in run.stderr


def test_outside_a_course_the_command_uses_the_course_it_belongs_to(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "helper.cli", "build", "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr


def test_trying_prints_every_answer_with_its_advice(course):
    run = course_command(course, "try", LESSON)
    assert "divide by how many there are" in run.stdout
    assert "PROBLEM" not in run.stdout


def test_trying_names_the_rules_that_a_bank_breaks(course):
    run = course_command(course, "try", f"{LESSON}/exit_mean")
    assert run.returncode == 1
    assert "RULE exit_mean has 1 mistakes with their advice: write at least 2." in run.stdout


def test_mutations_of_the_reference_are_caught(course):
    assert course_command(course, "try", LESSON, "--mutants").returncode == 0
    edit(
        course.solutions / f"{LESSON}.py",
        'expect("the mean of the squares", mean_square(x))',
        'expect("x", 1.0)',
    )
    edit(
        course.solutions / f"{LESSON}.py",
        'expect("a single number", mean_square(2 + x[:1, :1].abs()))',
        'expect("y", 1.0)',
    )
    edit(course.solutions / f"{LESSON}.py", "mean_square(1000 * x), points=2", "mean_square(x / x), points=2")
    run = course_command(course, "try", f"{LESSON}/mean_square", "--mutants")
    assert run.returncode == 1
    assert "Mult became Div" in run.stdout


def test_a_word_of_prose_rebuilds_its_own_lesson_and_no_other(course):
    for kind in ("", "_answers"):
        text = (course.solutions / f"{LESSON}{kind}.py").read_text()
        (course.solutions / f"02_other{kind}.py").write_text(text)
    assert course_command(course, "build", "02_other").returncode == 0
    edit(course.solutions / f"{LESSON}.py", "The smallest lesson", "The tiniest lesson")
    others = {path: path.stat().st_mtime_ns for path in course.root.glob("*/02_other/*")}
    assert len(others) == 6
    said = course_command(course, "build").stdout
    assert f"{LESSON}: built" in said
    assert "02_other" not in said
    assert {path: path.stat().st_mtime_ns for path in others} == others
    assert "up to date" in course_command(course, "build").stdout
