"""The canonical notebook: whatever was done to a submission, the release's checks run on the student's code."""

import json

import pytest

from helper.grading.handed_in.notebook import canonical, read_notebook
from helper.grading.marking import Marked
from helper.grading.pages.filled import with_outputs, without_outputs
from helper.judging.verdict import Piece, Result, Verdict


def cell(kind, source, name="", **marks):
    metadata = {"nbgrader": {"grade_id": name, **marks}} if name else {}
    return {
        "cell_type": kind,
        "id": name or f"id-{abs(hash(source)) % 9999}",
        "metadata": metadata,
        "source": source,
    }


RELEASE = {
    "metadata": {"course": {"lesson": "01_mean"}},
    "nbformat": 4,
    "nbformat_minor": 5,
    "cells": [
        cell("markdown", "# Means"),
        cell("code", "import torch", "setup_1", locked=True),
        cell("code", "def one(): raise NotImplementedError()", "one", solution=True),
        cell("code", 'with check("one"): ...', "check_one", grade=True, points=2),
        cell("code", "print('demo')"),
        cell("code", "two = ...", "two", solution=True),
        cell("code", 'with check("two"): ...', "check_two", grade=True, points=1),
    ],
}


def changed(change):
    data = json.loads(json.dumps(RELEASE))
    data["cells"][2]["source"] = "def one(): return 1"
    data["cells"][5]["source"] = "two = 2"
    change(data["cells"])
    return canonical(RELEASE, read_notebook(json.dumps(data).encode()))


def runs(notebook):
    return [(item.role, item.source) for item in notebook.to_run]


HONEST = [
    ("setup", "import torch"),
    ("exercise", "def one(): return 1"),
    ("check", 'with check("one"): ...'),
    ("exercise", "two = 2"),
    ("check", 'with check("two"): ...'),
]


def _set(index, **values):
    return lambda cells: cells[index].update(values)


def _marks(index, **values):
    return lambda cells: cells[index]["metadata"].update(values)


def _move(a, b):
    return lambda cells: cells.insert(b, cells.pop(a))


@pytest.mark.parametrize(
    "change",
    [
        lambda cells: None,
        lambda cells: cells.pop(3),
        lambda cells: cells.insert(4, dict(cells[3])),
        lambda cells: cells.reverse(),
        _move(3, 0),
        _set(3, source="expect = lambda *a: None"),
        _set(3, cell_type="markdown"),
        _set(3, cell_type="raw"),
        _set(2, cell_type="markdown"),
        _marks(3, tags=["skip-execution"]),
        _marks(3, nbgrader={"grade_id": "check_one", "grade": True, "points": 1000}),
        _marks(3, nbgrader={"grade_id": "check_one", "grade": False, "solution": True}),
        _marks(3, nbgrader={"schema_version": 99}),
        _marks(3, nbgrader={"grade_id": {"a": 1}}),
        _marks(3, nbgrader=None),
        _marks(2, nbgrader={}),
        _set(2, metadata={}),
        _set(2, metadata=None, id="something-else"),
        lambda cells: [item.update(metadata={}, id="x") for item in cells],
        _set(0, source="# My own title"),
        _set(4, outputs=[{"output_type": "execute_result"}]),
        lambda cells: cells.append(None),
        lambda cells: cells.append({"cell_type": "code"}),
        lambda cells: cells.append({"cell_type": 3, "source": 4}),
    ],
)
def test_the_same_runs_whatever_was_done_to_everything_but_the_answers(change):
    def source_of(notebook):
        return [item for item in runs(notebook) if item[0] != "extra"]

    assert source_of(changed(change)) == HONEST


def test_an_edited_check_is_flagged():
    assert any("edited" in flag for flag in changed(_set(3, source="pass")).flags)


def test_missing_copied_and_reordered_checks_are_flagged():
    assert any("put back: one" in flag for flag in changed(lambda cells: cells.pop(3)).flags)
    assert any("twice" in flag for flag in changed(lambda cells: cells.insert(4, dict(cells[3]))).flags)
    assert any("another order" in flag for flag in changed(_move(6, 0)).flags)


def test_an_honest_notebook_has_no_flags():
    assert changed(lambda cells: None).flags == ()


def test_own_cells_keep_their_place():
    notebook = changed(lambda cells: cells.insert(2, cell("code", "mine = 3")))
    assert runs(notebook)[:3] == [
        ("setup", "import torch"),
        ("extra", "mine = 3"),
        ("exercise", "def one(): return 1"),
    ]


def test_an_import_added_to_the_setup_runs_after_the_setup():
    notebook = changed(_set(1, source="import torch\nimport math"))
    assert runs(notebook)[:2] == [("setup", "import torch"), ("extra", "import torch\nimport math")]


def test_a_helper_written_into_a_demonstration_runs():
    assert ("extra", "def mine(): pass") in runs(changed(_set(4, source="def mine(): pass")))


def test_an_answer_in_a_cell_of_its_own_counts_if_its_place_is_untouched():
    def moved(cells):
        cells[2]["source"] = RELEASE["cells"][2]["source"]
        cells.append(cell("code", "def one(): return 1"))

    assert runs(changed(moved))[1] == ("exercise", "def one(): return 1")


def test_a_second_version_in_a_copied_cell_runs_after_the_first():
    def copied(cells):
        cells.insert(3, {**cells[2], "source": "def one(): return 11"})

    assert runs(changed(copied))[1:3] == [
        ("exercise", "def one(): return 1"),
        ("extra", "def one(): return 11"),
    ]


def test_half_characters_in_a_source_are_survived():
    notebook = changed(_set(2, source="def one(): return '\ud800'"))
    notebook.source_of("one").encode()


def test_marks_in_the_marked_notebook_come_from_the_judge_and_student_text_is_inert():
    notebook = changed(
        lambda cells: cells.insert(1, cell("markdown", "<script>x</script> ``` [a](javascript:x)"))
    )
    verdict = Verdict(
        "one", "not yet", 0.5, 2.0, (Result("a", 1.0, True),), (Piece("mistake", {"text": "<b>think</b>"}),)
    )
    marked = Marked("01_mean", (verdict,), {"check_one": "\x1b[31m<script>y</script>\x07"})
    data = with_outputs(without_outputs(RELEASE, notebook), marked)
    check = next(item for item in data["cells"] if item["id"] == "check_one")
    assert check["outputs"][0]["data"]["text/plain"] == "0.5"
    assert "<b>think" not in check["outputs"][0]["data"]["text/html"]
    assert check["outputs"][1] == {"output_type": "stream", "name": "stdout", "text": "<script>y</script>"}
    own = next(item for item in data["cells"] if "<script>x" in item["source"])
    assert own["source"].startswith("````text\n")
