"""The table of results: one place for its numbers, and nobody but the build writes there."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from helper import results
from helper.authoring import build as building
from helper.authoring.build import build
from helper.made_of import code_hash

FIVE = [0.9, 0.91, 0.92, 0.93, 0.94]


@pytest.fixture(autouse=True)
def stored(tmp_path, monkeypatch):
    """Give the table a place of its own, with a row of lesson 07 and one of lesson 09 in it."""
    path = tmp_path / "stored.json"
    monkeypatch.setattr(results, "STORED", path)
    monkeypatch.setattr(results, "_of_this_run", {})
    monkeypatch.delenv(results.NEW, raising=False)
    collected = tmp_path / "collected.json"
    monkeypatch.setenv(results.NEW, str(collected))
    results.add("07 a loop", [0.8, 0.9], images=1000)
    results.add("09 a step", [0.95, 0.97], images=1000)
    results.keep(collected, path)
    collected.unlink()
    monkeypatch.delenv(results.NEW)
    results._of_this_run.clear()
    return path


def test_a_row_shows_mean_spread_and_the_band_that_the_images_alone_give():
    results.add("08 a net", FIVE, images=400)
    band = 2 * math.sqrt(0.92 * 0.08 / 400)
    assert repr(results.show()).splitlines()[-1].split() == [
        *("08", "a", "net", "0.920", "0.900", "to", "0.940", f"{band:.3f}"),
    ]


def test_a_table_shows_this_and_earlier_lessons_only():
    assert "09 a step" in repr(results.show())
    results.add("08 a net", FIVE, images=1000)
    shown = repr(results.show())
    assert "07 a loop" in shown
    assert "09" not in shown


def test_a_students_run_stands_below_the_stored_row_and_is_kept_nowhere(stored):
    before = stored.read_bytes()
    results.add("07 a loop", [0.5, 0.7], images=1000)
    lines = repr(results.show()).splitlines()[1:]
    assert [line.split("   ")[0] for line in lines] == ["07 a loop", "07 → this run"]
    assert ["0.850" in lines[0], "0.600" in lines[1]] == [True, True]
    assert stored.read_bytes() == before


def test_a_cell_that_runs_again_replaces_its_row():
    results.add("08 a net", FIVE, images=1000)
    results.add("08 a net", [0.1, 0.3], images=1000)
    assert repr(results.show()).count("08 a net") == 1
    assert "0.200" in repr(results.show())


def test_the_built_notebook_shows_what_a_later_run_shows(stored, tmp_path, monkeypatch):
    collected = tmp_path / "new.json"
    monkeypatch.setenv(results.NEW, str(collected))
    results.add("07 another loop", FIVE, images=1000)
    during = repr(results.show())
    monkeypatch.delenv(results.NEW)
    results.keep(collected, stored)
    assert repr(results.show()) == during
    assert "07 a loop" not in during  # the lesson no longer has that row


def test_two_builds_store_the_same_bytes_in_the_order_of_the_names(stored, tmp_path):
    new = tmp_path / "new.json"
    results._write(
        new, {"08 b": results.Row("08 b", (0.1, 0.2), 9), "08 a": results.Row("08 a", (0.3, 0.4), 9)}
    )
    results.keep(new, stored)
    once = stored.read_bytes()
    results.keep(new, stored)
    assert stored.read_bytes() == once
    assert list(results._read(stored)) == ["07 a loop", "08 a", "08 b", "09 a step"]


def test_accuracies_are_kept_without_the_digits_that_differ_between_machines():
    results.add("08 a net", [0.9120000004768372, 0.5], images=1000)
    assert results._of_this_run["08 a net"].accuracies == (0.912, 0.5)


@pytest.mark.parametrize("content", [None, "", "[1]", "{", '{"07 x": 3}'])
def test_a_table_without_stored_numbers_still_shows_this_run(stored, content):
    stored.unlink()
    if content is not None:
        stored.write_text(content)
    results.add("08 a net", FIVE, images=1000)
    assert len(repr(results.show()).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "accuracies", "says"),
    [
        ("early stopping", FIVE, "two digits"),
        ("08 a net", [0.9], "two random seeds"),
        ("08 a net", [91.2, 90.3], "from 0 to 1"),
    ],
)
def test_a_row_that_is_none_is_refused_in_one_sentence(name, accuracies, says):
    with pytest.raises(ValueError, match=says):
        results.add(name, accuracies, images=1000)


def test_what_stands_in_a_name_cannot_become_html():
    results.add("08 <b>", FIVE, images=1000)
    page = results.show()._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_only_a_build_stores_the_rows_of_a_lesson(mini, stored, monkeypatch):
    text = mini.solutions / "01_mean.py"
    text.write_text(
        text.read_text()
        + '\n# %%\nfrom helper import results\nresults.add("01 mean", [0.5, 0.7], images=10)\n'
    )
    monkeypatch.setattr(building.results, "keep", lambda new: kept.append(results._read(new)))
    kept: list[dict] = []
    assert build(mini, "01_mean") == []
    assert [row.accuracies for rows in kept for row in rows.values()] == [(0.5, 0.7)]
    # Outside a build, the same code writes nothing.
    real = Path(results.__file__).with_name("results.json")
    before = real.read_bytes()
    code = 'from helper import results; results.add("01 mean", [0.5, 0.7], images=10)'
    subprocess.run([sys.executable, "-c", code], check=True, cwd=real.parent.parent)
    assert real.read_bytes() == before


def test_new_numbers_make_no_lesson_stale(tmp_path):
    folder = Path(results.__file__).parent
    hashes = []
    for name, numbers in (("one", "{}"), ("two", '{"08 a net": {}}')):
        package = tmp_path / name
        package.mkdir()
        (package / "results.py").write_text((folder / "results.py").read_text())
        (package / "results.json").write_text(numbers)
        hashes.append(code_hash(["helper.results"], package))
    assert hashes[0] == hashes[1]
