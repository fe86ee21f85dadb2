"""What is called right in the notebook is right when marked, or the panel says why not."""

import json
import os

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from helper.checking import check as checking
from helper.checking import panel, practice
from helper.judging import names
from helper.judging.names import borrowed, cell_id

SETUP = "import torch\nfrom torch import Tensor\n\nfrom helper import check"
ANSWER = "def mean_square(x):\n    return (x * x).mean()"
CHECK = """@check("mean_square")
def _(given, expect):
    x = given.normal(3, 5)
    expect("the mean of the squares", mean_square(x))
    expect("a single number", mean_square(2 + x[:1, :1].abs()))
    expect("large numbers", mean_square(1000 * x), points=2)
"""


@pytest.fixture
def notebook(course, monkeypatch, tmp_path):
    """Run cells in a shell like a notebook's, in the lesson's folder; return what was shown last."""
    shown = []
    monkeypatch.setattr(panel, "_display", shown.append)
    monkeypatch.setattr(practice, "_runs", [])
    monkeypatch.setattr(practice, "_failed", set())
    before = os.getcwd()
    os.chdir(course.notebooks / "01_mean")
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    practice.note_runs()
    checking._collecting = None

    def run(*cells):
        for cell in cells:
            source, name = cell if isinstance(cell, tuple) else (cell, None)
            shell.run_cell(source, store_history=True, cell_id=name)
        return shown[-1].verdict if shown and hasattr(shown[-1], "verdict") else shown[-1]

    yield run
    os.chdir(before)
    InteractiveShell.clear_instance()


def kinds(verdict):
    return [note.kind for note in verdict.notes]


def test_an_answer_that_stands_in_its_cell_is_right_without_a_but(notebook):
    verdict = notebook(SETUP, ANSWER, CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("right", [])


def test_a_cell_whose_last_run_failed_is_told(notebook, capsys):
    verdict = notebook(SETUP, ANSWER, "def mean_square(x) return (x * x).mean()", CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("right", ["cell failed"])


def test_a_cell_that_failed_before_it_came_to_the_answer_is_told(notebook, capsys):
    verdict = notebook(SETUP, ANSWER, f"1 / 0\n{ANSWER}", CHECK)
    assert kinds(verdict) == ["cell failed"]


def test_a_cell_that_failed_after_the_answer_is_marked_as_it_is(notebook, capsys):
    verdict = notebook(SETUP, f"{ANSWER}\nmean_square('x')", CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("right", [])


def test_a_cell_that_was_mended_is_not_told_again(notebook, capsys):
    verdict = notebook(SETUP, "1 / 0\n" + ANSWER, ANSWER, CHECK)
    assert kinds(verdict) == []


def test_an_answer_that_leans_on_a_worked_example_is_told(notebook, course):
    key = json.loads((course.notebooks / "01_mean" / "key.json").read_text())
    example = "square = torch.square"
    key["examples"].append(cell_id("code", example))
    (course.notebooks / "01_mean" / "key.json").write_text(json.dumps(key))
    leaning = "def mean_square(x):\n    return square(x).mean()"
    verdict = notebook(SETUP, example, leaning, CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("right", ["not in notebook"])
    assert "`square`" in verdict.notes[0].text
    edited = ("square = torch.square  # mine", cell_id("code", example))
    assert kinds(notebook(edited, leaning, CHECK)) == ["not in notebook"]
    assert kinds(notebook("def square(x): return x * x", leaning, CHECK)) == []


def test_a_cell_is_read_once_however_many_checks_come_after_it(notebook, monkeypatch):
    read = []
    monkeypatch.setattr(names, "reading", lambda cell, real=names.reading: read.append(cell) or real(cell))
    practice._reading.cache_clear()
    assert notebook(SETUP, ANSWER, *["1 + 1", CHECK] * 3).verdict == "right"
    assert len(read) == len(set(read)) > 3


def test_an_example_is_known_by_its_source_or_its_id():
    example, answer = "weight = 3", "def f(x): return weight * x"
    ids = [cell_id("code", example)]
    assert borrowed([(example, ""), (answer, "")], "f", ids) == ("weight",)
    assert borrowed([("weight = 4", ids[0]), (answer, "")], "f", ids) == ("weight",)
    assert borrowed([(example, ""), (answer, ""), ("weight = 5", "")], "f", ids) == ()
    assert borrowed([(example, ""), ("def f(weight): return weight", "")], "f", ids) == ()
    assert (
        borrowed([("sum = 3", ""), ("def f(x): return sum(x)", "")], "f", [cell_id("code", "sum = 3")]) == ()
    )


def test_an_answer_too_slow_for_marking_is_told_with_the_limit(notebook, course):
    path = course.notebooks / "01_mean" / "key.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds": 0.05}))
    slow = "def mean_square(x):\n    for _ in range(300_000):\n        pass\n    return (x * x).mean()"
    slow = slow.replace("300_000", "3_000_000")
    verdict = notebook(SETUP, slow, CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("right", ["slow"])
    assert "0.05 s" in verdict.notes[0].text


def test_a_check_run_before_the_setup_cell_says_so(notebook):
    own = "from helper import check\ndef mean_square(x):\n    return torch.square(x).mean()"
    verdict = notebook(own, CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("error", ["from setup"])
    assert kinds(notebook(SETUP, CHECK)) == []
    misspelt = "def mean_square(x):\n    return troch.square(x).mean()"
    assert kinds(notebook(misspelt, CHECK)) == []


def test_a_setting_that_breaks_the_students_own_code_is_named(notebook):
    own = "torch.set_default_dtype(torch.float64)\nhalf = torch.ones(5)"
    answer = "def mean_square(x):\n    return (x @ half).mean()"
    try:
        verdict = notebook(SETUP, own, answer, CHECK)
    finally:
        torch.set_default_dtype(torch.float32)
    assert verdict.verdict == "error"
    assert kinds(verdict) == ["settings"]
    assert "`torch.set_default_dtype`" in verdict.notes[0].text


def test_a_setting_that_breaks_nothing_is_not_mentioned(notebook):
    try:
        verdict = notebook(SETUP, "torch.set_default_dtype(torch.float64)", ANSWER, CHECK)
    finally:
        torch.set_default_dtype(torch.float32)
    assert (verdict.verdict, kinds(verdict)) == ("right", [])


def test_the_notebooks_folder_is_found_where_the_kernel_runs_elsewhere(notebook, course):
    os.chdir(course.root)
    assert notebook(SETUP, ANSWER, CHECK).verdict == "right"
    assert (course.notebooks / "01_mean" / "progress.json").exists()


def test_the_folder_that_vs_code_names_is_found(notebook, course, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chdir(elsewhere)
    missing = notebook(SETUP, ANSWER, CHECK)
    assert str(elsewhere) in missing.text
    path = course.notebooks / "01_mean" / "01_mean.ipynb"
    assert notebook(f"__vsc_ipynb_file__ = {str(path)!r}", CHECK).verdict == "right"


def test_the_case_shows_line_inputs_and_both_sides(notebook):
    verdict = notebook(SETUP, "def mean_square(x):\n    return x.mean()", CHECK)
    assert verdict.case.expectation == "the mean of the squares"
    assert verdict.case.line == 'expect("the mean of the squares", mean_square(x))'
    ((name, text),) = verdict.case.inputs
    assert name == "x"
    assert text.startswith("[[")
    assert verdict.case.came != verdict.case.expected


def test_the_line_that_asked_the_answer_belongs_to_the_case(notebook):
    asked = CHECK.replace(
        'expect("the mean of the squares", mean_square(x))',
        'found = mean_square(x)\n    expect("the mean of the squares", found)',
    )
    verdict = notebook(SETUP, "def mean_square(x):\n    return x.mean()", asked)
    assert verdict.case.line.splitlines()[0] == "found = mean_square(x)"
    assert [name for name, _ in verdict.case.inputs] == ["x"]


def test_a_word_in_the_text_costs_nothing(notebook):
    verdict = notebook(SETUP, '"""mse_loss"""\n' + ANSWER + "  # mse_loss", CHECK)
    assert (verdict.verdict, kinds(verdict)) == ("right", [])
    mentions = "def mean_square(x):\n    if x is None:\n        return mse_loss(x)\n    return (x * x).mean()"
    assert kinds(notebook(mentions, CHECK)) == ["hint"]


def test_what_ran_costs_the_points(notebook):
    ran = "def mean_square(x):\n    return torch.nn.functional.mse_loss(x, 0 * x)"
    verdict = notebook(SETUP, ran, CHECK)
    assert (verdict.points, verdict.pieces[0].kind) == (0, "forbidden")
