"""Handing in: a run from the top, other inputs, what would be marked, one stamped notebook, the exchange."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helper.commands import submit as command
from helper.course import Course, CourseError
from helper.desk import cells, hand_in
from helper.desk.places import Desk
from helper.desk.update import lay_out

STEM = "01_mean"
GOOD = {"mean_square": "def mean_square(x):\n    return x.pow(2).mean()", "exit_mean": 'exit_mean = "b"'}
Handed = Callable[..., str]


@pytest.fixture
def desk(course: Course, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(course.work, course.notebooks)
    lay_out(desk)
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("helper.nbgrading.exchange.DEFAULT", course.root / "no exchange")
    return desk


def write(desk: Desk, answers: dict[str, str], own: str = "", example: str = "") -> None:
    """Write answers, a cell of one's own above them, and a released example that defines something."""
    notebook = cells.read(desk.notebook(STEM))
    for cell in notebook["cells"]:
        if cells.is_exercise(cell):
            cell["source"] = answers.get(cells.grade_id(cell), cell["source"])
    place = next(number for number, cell in enumerate(notebook["cells"]) if cells.is_exercise(cell))
    added = [
        {
            "cell_type": "code",
            "id": "own",
            "metadata": {},
            "source": own,
            "outputs": [],
            "execution_count": None,
        }
    ]
    if example:
        shown = {**added[0], "id": "example", "metadata": {}, "source": example}
        cells.mark_as_released({"cells": [shown]})
        added.append(shown)
    notebook["cells"][place:place] = added
    cells.write(desk.notebook(STEM), notebook)


def submitted(capsys: pytest.CaptureFixture[str], *wanted: str) -> str:
    assert command.submit(wanted) == 0
    return capsys.readouterr().out


def test_what_is_right_is_told_and_written_as_one_stamped_notebook(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    write(desk, GOOD)
    said = submitted(capsys)
    assert "✓ mean_square: 3 of 3" in said
    assert "Would be marked: 4 of 4 points" in said
    handed = cells.read(desk.work.parent / "hand_in" / f"{STEM}.ipynb")
    release = cells.read(desk.released / STEM / f"{STEM}.ipynb")
    assert cells.lesson(handed) == STEM
    assert cells.version(handed) == cells.version(release)
    assert not hand_in.is_changed(handed)
    assert GOOD["mean_square"] in [cells.source(cell) for cell in handed["cells"]]
    assert len(handed["cells"]) == len(cells.read(desk.notebook(STEM))["cells"])


def test_a_mistake_is_told_in_the_panels_words(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    write(desk, {"mean_square": "def mean_square(x):\n    return (x * x).sum()"})
    said = submitted(capsys)
    assert "You added the squares; divide by how many there are." in said
    assert "○ exit_mean: not attempted" in said
    assert "Would be marked: 0.5 of 4 points" in said


def test_an_answer_for_one_set_of_inputs_is_found_out(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    key = json.loads((desk.work / STEM / "key.json").read_text())
    values = [item["value"]["values"][0] for item in key["checks"]["mean_square"]["expectations"]]
    write(
        desk,
        {"mean_square": f"known = iter({values})\ndef mean_square(x):\n    return torch.tensor(next(known))"},
    )
    said = submitted(capsys)
    assert "In your notebook it is right. It was run again with other inputs" in said
    assert "Would be marked: 0 of 4 points" in said


def test_an_answer_that_leans_on_an_example_is_found_out(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = "def mean_square(x):\n    return squares(x).mean()"
    write(desk, {"mean_square": answer}, example="def squares(x):\n    return x * x")
    said = submitted(capsys)
    assert "without the worked examples" in said
    assert "NameError" in said


def test_an_answer_that_builds_on_a_cell_of_ones_own_is_right(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = "def mean_square(x):\n    return squares(x).mean()"
    write(desk, {"mean_square": answer}, own="def squares(x):\n    return x * x")
    assert "✓ mean_square: 3 of 3" in submitted(capsys)


def test_a_cell_that_stops_is_named_with_its_error(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    write(desk, GOOD, own="1 / 0")
    said = submitted(capsys)
    assert "A cell stops with ZeroDivisionError: division by zero" in said
    assert "4 of 4" in said


def test_rehearsing_is_no_progress_and_leaves_the_notebook_as_it_was(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    write(desk, GOOD)
    before = desk.notebook(STEM).read_bytes()
    submitted(capsys, "1")
    assert desk.notebook(STEM).read_bytes() == before
    assert not (desk.work / STEM / "progress.json").exists()


def test_without_any_answer_the_next_step_is_named(desk: Desk) -> None:
    with pytest.raises(CourseError, match="save your notebook"):
        command.submit(())


def test_a_change_after_the_stamp_is_seen_and_outputs_are_no_change(desk: Desk) -> None:
    notebook = hand_in.stamped(cells.read(desk.notebook(STEM)))
    notebook["cells"][0]["outputs"] = ["whatever"]
    assert not hand_in.is_changed(notebook)
    notebook["cells"][-1]["source"] = "changed"
    assert hand_in.is_changed(notebook)


@pytest.mark.parametrize(
    "bad",
    [{}, {"metadata": 3}, {"metadata": {"course": {"handed_in": {"hash": 1}}}, "cells": [3, {"source": 5}]}],
)
def test_whatever_stands_in_a_handed_in_notebook_it_is_no_error(bad: dict[str, object]) -> None:
    assert isinstance(hand_in.is_changed(bad), bool)


def test_with_an_exchange_set_up_the_lesson_is_handed_in_there(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "exchange"
    for place in ("inbound", f"outbound/{STEM}"):
        (root / "course101" / place).mkdir(parents=True)
    (root / "course101" / "inbound").chmod(0o733)
    source = desk.released / STEM / f"{STEM}.ipynb"
    (root / "course101" / "outbound" / STEM / source.name).write_bytes(source.read_bytes())
    config = tmp_path / "config"
    config.mkdir()
    (config / "nbgrader_config.py").write_text(
        f'c = get_config()\nc.Exchange.root = "{root}"\nc.CourseDirectory.course_id = "course101"\n'
        f'c.Exchange.cache = "{tmp_path / "cache"}"\n'
    )
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(config))
    write(desk, GOOD)
    assert "Handed in through nbgrader's exchange." in submitted(capsys)
    taken = list((root / "course101" / "inbound").glob(f"*/{STEM}.ipynb"))
    assert [cells.version(cells.read(path)) for path in taken] == [cells.version(cells.read(source))]
    taken_beside = {path.name for path in taken[0].parent.iterdir()}
    assert "progress.json" not in taken_beside


def test_an_exchange_that_refuses_costs_a_sentence(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nbgrader_config.py").write_text(f'c = get_config()\nc.Exchange.root = "{tmp_path}"\n')
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    write(desk, GOOD)
    assert "did not take it" in submitted(capsys)
