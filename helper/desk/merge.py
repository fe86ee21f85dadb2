"""Bring a new version of a lesson to a notebook that somebody works in. Pure: two notebooks in, one out."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Sequence

from helper.desk.cells import Cell, Notebook, grade_id, is_check, is_exercise, is_locked, is_released, source


def merge(release: Notebook, mine: Notebook) -> Notebook:
    """Return the release with the student's work in it. No line that the student wrote is missing from it.

    An answer takes its exercise's place, as it is. A cell of the student's own stays below the cell it stood
    below. A text or demonstration that the student changed stays as changed if the release did not change it;
    otherwise both are there, the student's below. What was not touched is the release's, with the outputs it had.
    """
    places = _places(release["cells"], mine["cells"])
    below: dict[int, list[Cell]] = {}
    cells: list[Cell] = []
    anchor = -1
    theirs: dict[int, Cell] = {}
    for cell, place in zip(mine["cells"], places, strict=True):
        if place is not None and place not in theirs:
            anchor, theirs[place] = place, cell
        elif place is None and is_released(cell):
            continue  # a cell of the old version that the new one dropped
        elif source(cell).strip() and not (place is not None and source(cell) == source(theirs[place])):
            below.setdefault(anchor, []).append(_own(cell))
    for index in range(-1, len(release["cells"])):
        if index >= 0:
            new, kept = _merged(release["cells"][index], theirs.get(index))
            cells += [new, *kept]
        cells += below.get(index, [])
    merged = copy.deepcopy(release)
    merged["cells"] = cells
    return merged


def _places(release: Sequence[Cell], mine: Sequence[Cell]) -> list[int | None]:
    """Find for each of the student's cells the release's cell that it is a copy of."""
    by_grade_id = {grade_id(cell): index for index, cell in enumerate(release) if grade_id(cell)}
    by_id = {cell["id"]: index for index, cell in enumerate(release) if cell.get("id")}
    by_text = {(cell["cell_type"], source(cell)): index for index, cell in enumerate(release)}
    return [
        by_grade_id.get(
            grade_id(cell),
            by_id.get(cell.get("id", ""), by_text.get((cell.get("cell_type", ""), source(cell)))),
        )
        for cell in mine
    ]


def _merged(new: Cell, mine: Cell | None) -> tuple[Cell, list[Cell]]:
    """Return the cell for a place of the release, and what must stand below it."""
    new = copy.deepcopy(new)
    if mine is None:
        return new, []
    if source(mine) == source(new):
        if mine.get("cell_type") == new["cell_type"] == "code":
            new["outputs"] = copy.deepcopy(mine.get("outputs", []))
            new["execution_count"] = mine.get("execution_count")
        return new, []
    if is_exercise(new):
        if not is_released(mine):
            new["source"] = source(mine)
        return new, []
    if is_released(mine) or not source(mine).strip():
        return new, []
    if not is_locked(new) and mine.get("metadata", {}).get("course") == new.get("metadata", {}).get("course"):
        return copy.deepcopy(mine), []  # the release did not change it
    return new, [_own(mine)]


def _own(cell: Cell) -> Cell:
    """Return a cell as one of the student's own: no id, no role of the release's."""
    own = copy.deepcopy(cell)
    if is_check(cell):  # a second check of the same name would run: keep its text only
        own["cell_type"] = "raw"
        own.pop("outputs", None)
        own.pop("execution_count", None)
    own["metadata"] = {
        name: value
        for name, value in (cell.get("metadata") or {}).items()
        if name not in ("nbgrader", "course")
    }
    own["id"] = uuid.uuid4().hex[:8]
    return own
