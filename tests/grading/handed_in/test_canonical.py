"""The canonical notebook: whatever was done to a submission, the release's checks run on the student's code."""

import json

import pytest

from helper.grading.handed_in.canonical import Canonical, canonical, written
from helper.grading.handed_in.notebook import Submitted, read_notebook
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


def stubs(cells):
    for index in (2, 5):
        cells[index]["source"] = RELEASE["cells"][index]["source"]


BOTH = "import math\n\n\ndef one(): return 1\n\n\ntwo = 2"


@pytest.mark.parametrize("place", [2, 7], ids=["above", "at the end"])
@pytest.mark.parametrize("deleted", [False, True])
def test_several_answers_in_one_cell_count_each(place, deleted):
    def together(cells):
        stubs(cells)
        cells.insert(place, cell("code", BOTH))
        if deleted:
            cells[:] = [item for item in cells if item["id"] not in ("one", "two")]

    notebook = changed(together)
    assert runs(notebook)[1] == ("exercise", BOTH)
    assert notebook.source_of("two") == "two = 2"


def test_several_answers_in_a_cell_python_cannot_read_are_kept_whole():
    source = f"%matplotlib inline\n{BOTH}"

    def together(cells):
        stubs(cells)
        cells.append(cell("code", source))

    assert changed(together).source_of("two") == source


def test_of_several_versions_in_own_cells_the_last_runs_last():
    def twice(cells):
        stubs(cells)
        cells[3:3] = [cell("code", "def one(): return 10"), cell("code", "def one(): return 1")]

    assert runs(changed(twice))[1:3] == [
        ("extra", "def one(): return 10"),
        ("exercise", "def one(): return 1"),
    ]


@pytest.mark.parametrize(
    "check", ['@check("one")\ndef _(given, expect): ...', 'with check("one") as (g, e):\n    e()']
)
def test_an_answer_in_the_checks_own_cell_counts(check):
    def inside(cells):
        stubs(cells)
        cells[3]["source"] = f"def one(): return 1\n\n\n{check}"

    notebook = changed(inside)
    assert notebook.source_of("one") == "def one(): return 1"
    assert any("edited" in flag for flag in notebook.flags)


def test_what_stands_beside_the_check_runs_before_it():
    notebook = changed(_set(3, source='helper = 5\n\n@check("one")\ndef _(given, expect): ...'))
    assert runs(notebook)[1:4] == [
        ("exercise", "def one(): return 1"),
        ("extra", "helper = 5"),
        ("check", 'with check("one"): ...'),
    ]


def test_it_travels_as_text():
    notebook = changed(lambda cells: cells.insert(2, cell("code", "mine = '\u00e4'")))
    assert Canonical.loads(notebook.dumps()) == notebook


def test_what_was_read_is_the_same_after_it_was_put_aside():
    submitted = read_notebook(json.dumps(RELEASE).encode())
    assert Submitted.loads(submitted.dumps()) == submitted


@pytest.mark.parametrize(
    ("change", "count"), [(lambda cells: None, 2), (stubs, 0), (lambda cells: cells[2].update(source="x"), 2)]
)
def test_work_is_told_from_an_untouched_copy(change, count):
    data = json.loads(json.dumps(RELEASE))
    data["cells"][2]["source"] = "def one(): return 1"
    data["cells"][5]["source"] = "two = 2"
    change(data["cells"])
    assert written(RELEASE, read_notebook(json.dumps(data).encode())) == count


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


def test_an_old_release_and_a_change_after_handing_in_are_noted_and_never_refused(course):
    from helper.desk import hand_in

    release = json.loads((course.notebooks / "01_mean" / "01_mean.ipynb").read_text())
    handed = hand_in.stamped(json.loads(json.dumps(release)))

    def flags():
        notebook = canonical(release, read_notebook(json.dumps(handed).encode()))
        assert len(notebook.to_run) == len(
            canonical(release, read_notebook(json.dumps(release).encode())).to_run
        )
        return notebook.flags

    assert flags() == ()
    handed["cells"][0]["source"] = "changed since"
    assert flags() == ("It was changed after course submit wrote it.",)
    handed["metadata"]["course"]["written"] = "0123456789abcdef"
    another = "It was written in another version of the lesson; the checks of the present one ran."
    assert flags()[0] == another
    check_cell = next(item for item in handed["cells"] if item["metadata"].get("nbgrader", {}).get("grade"))
    check_cell["source"] = (
        "with check('mean_square') as (given, expect):\n    expect('the number', mean_square(given))"
    )
    assert flags()[0] == another  # nobody edited that check: it read so in the other version
    handed["metadata"]["course"]["written"] = release["metadata"]["course"]["written"]
    assert flags()[0] == 'The check "mean_square" was edited; the original ran.'
