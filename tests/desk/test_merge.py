"""A new version of a lesson meets a notebook that somebody works in: nothing they wrote is missing afterwards."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helper.desk.cells import Notebook, grade_id, holds_work, mark_as_released, source
from helper.desk.merge import merge
from helper.judging.names import cell_id


def cell(name: str, text: str, role: str = "", kind: str = "code") -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if role:
        metadata["nbgrader"] = {
            "grade_id": name,
            "solution": role == "exercise",
            "grade": role == "check",
            "locked": role != "exercise",
        }
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": metadata, "source": text}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def release(
    *extra: dict[str, Any], stub: str = "raise NotImplementedError()", demo: str = "print(1)"
) -> Notebook:
    notebook = {
        "cells": [
            cell("title", "# Title", kind="markdown"),
            cell("setup_1", "import torch", "setup"),
            cell("demo", demo),
            cell("one", f"def one():\n    {stub}", "exercise"),
            cell("check_one", "check one", "check"),
            *extra,
        ],
        "metadata": {},
    }
    mark_as_released(notebook)
    return notebook


def with_answer(notebook: Notebook, text: str = "def one():\n    return 1") -> Notebook:
    mine = copy.deepcopy(notebook)
    mine["cells"][3]["source"] = text
    return mine


def texts(notebook: Notebook) -> list[str]:
    return [source(item) for item in notebook["cells"]]


def test_an_answer_takes_its_place_in_the_new_version() -> None:
    merged = merge(release(stub="pass  # another stub", demo="print(2)"), with_answer(release()))
    assert texts(merged)[2:4] == ["print(2)", "def one():\n    return 1"]


def test_an_untouched_exercise_gets_the_new_stub() -> None:
    merged = merge(release(stub="pass  # another stub"), release())
    assert "another stub" in texts(merged)[3]


def test_a_cell_of_ones_own_stays_below_the_cell_it_stood_below() -> None:
    mine = with_answer(release())
    mine["cells"].insert(3, cell("mine", "def helper(): ..."))
    merged = merge(release(cell("new", "print(3)")), mine)
    assert texts(merged).index("def helper(): ...") == 3


def test_a_changed_demonstration_stays_if_the_release_did_not_change_it() -> None:
    mine = release()
    mine["cells"][2]["source"] = "print('my own try')"
    assert texts(merge(release(), mine)) == texts(mine)


def test_a_demonstration_changed_on_both_sides_is_there_twice() -> None:
    mine = release()
    mine["cells"][2]["source"] = "print('my own try')"
    assert texts(merge(release(demo="print(2)"), mine))[2:4] == ["print(2)", "print('my own try')"]


def test_an_answer_to_an_exercise_that_is_gone_stays_as_a_cell_of_ones_own() -> None:
    new = release()
    del new["cells"][3:5]
    merged = merge(new, with_answer(release()))
    assert "def one():\n    return 1" in texts(merged)
    assert "nbgrader" not in merged["cells"][-1]["metadata"]


def test_a_dropped_cell_that_nobody_touched_goes() -> None:
    merged = merge(release(), release(cell("old", "print('old')")))
    assert "print('old')" not in texts(merged)


def test_an_edited_check_never_runs_but_its_text_is_kept() -> None:
    mine = release()
    mine["cells"][4]["source"] = "check one, easier"
    merged = merge(release(), mine)
    kept = next(item for item in merged["cells"] if source(item) == "check one, easier")
    assert kept["cell_type"] == "raw"
    assert "check one" in texts(merged)


def test_an_exercise_that_was_copied_keeps_both_texts() -> None:
    mine = with_answer(release())
    mine["cells"].append(cell("one", "def one():\n    return 'a second try'", "exercise"))
    assert {"def one():\n    return 1", "def one():\n    return 'a second try'"} <= set(
        texts(merge(release(), mine))
    )


def test_a_notebook_without_ids_is_matched_by_role_and_text() -> None:
    mine = with_answer(release())
    for item in mine["cells"]:
        del item["id"]
    assert texts(merge(release(), mine)) == texts(with_answer(release()))


def test_outputs_stay_where_nothing_changed_and_go_where_something_did() -> None:
    mine = release()
    for item in mine["cells"]:
        if item["cell_type"] == "code":
            item["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1\n"}]
    merged = merge(release(demo="print(2)"), mine)
    assert [bool(item.get("outputs")) for item in merged["cells"]] == [False, True, False, True, True]


def test_work_in_a_release_can_be_told_from_an_untouched_one() -> None:
    assert not holds_work(release())
    assert holds_work(with_answer(release()))
    added = release()
    added["cells"].append(cell("mine", "1 + 1"))
    assert holds_work(added)


edits = st.lists(
    st.tuples(
        st.integers(0, 6), st.sampled_from(["edit", "add", "drop", "copy"]), st.text("abc\n", min_size=1)
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(edits, st.booleans(), st.booleans())
def test_no_line_that_somebody_wrote_is_ever_missing(edits: Any, new_demo: bool, dropped: bool) -> None:
    mine = release()
    for place, what, text in edits:
        cells = mine["cells"]
        place = min(place, len(cells) - 1)
        if what == "edit":
            cells[place]["source"] = text
        elif what == "add":
            cells.insert(place, {"cell_type": "code", "metadata": {}, "source": text, "outputs": []})
        elif what == "copy":
            cells.append(copy.deepcopy(cells[place]))
        elif len(cells) > 1:
            del cells[place]
    new = release(demo="print(2)" if new_demo else "print(1)")
    if dropped:
        del new["cells"][3:]
    merged = merge(new, mine)
    untouched = set(texts(release()))
    missing = {text for text in texts(mine) if text.strip()} - untouched - set(texts(merged))
    assert missing == set()
    assert len({item["id"] for item in merged["cells"]}) == len(merged["cells"])
    again = merge(new, merged)
    assert set(texts(again)) == set(texts(merged))


def unmarked(notebook: Notebook) -> Notebook:
    """Return a release as it was before cells carried the hash of their text."""
    old = copy.deepcopy(notebook)
    for item in old["cells"]:
        del item["metadata"]["course"]
        if grade_id(item) in ("", "setup_1"):
            item["id"] = cell_id(item["cell_type"], source(item))
    old["cells"][3]["source"] = "def one():\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    return old


def test_a_release_of_before_the_marks_can_tell_its_answers_too() -> None:
    assert not holds_work(unmarked(release()))
    assert holds_work(with_answer(unmarked(release())))


def test_answers_in_such_a_release_come_into_the_new_one_and_nothing_is_there_twice() -> None:
    merged = merge(release(demo="print(2)"), with_answer(unmarked(release())))
    assert texts(merged) == texts(with_answer(release(demo="print(2)")))
