"""What nbgrader's metadata says of a cell: the one place that knows its words, and how a check is called there.

Plain data: nothing here imports nbgrader, so every room may ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CHECK, _SETUP = "check_", "setup_"


def check_id(exercise: str) -> str:
    """Return what nbgrader calls the check of an exercise."""
    return f"{_CHECK}{exercise}"


def exercise_of(check: str) -> str:
    """Return the exercise whose check nbgrader calls so."""
    return check.removeprefix(_CHECK)


def marks(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what nbgrader notes of a cell, nothing if it notes nothing that can be read."""
    metadata = cell.get("metadata")
    noted = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    return noted if isinstance(noted, Mapping) else {}


def grade_id(cell: Mapping[str, Any]) -> str:
    name = marks(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def is_check(cell: Mapping[str, Any]) -> bool:
    return bool(marks(cell).get("grade"))


def is_exercise(cell: Mapping[str, Any]) -> bool:
    return bool(marks(cell).get("solution"))


def is_setup(cell: Mapping[str, Any]) -> bool:
    return grade_id(cell).startswith("setup")


def exercise_ids(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the exercises of a released notebook, in order."""
    return tuple(grade_id(cell) for cell in notebook["cells"] if is_exercise(cell))


def noted(role: str, exercise: str, number: int, points: float) -> dict[str, Any]:
    """Write nbgrader's note for a cell: role "setup", "exercise" or "check"; number: of the setup cell."""
    names = {"setup": f"{_SETUP}{number}", "check": check_id(exercise)}
    note = {
        "grade_id": names.get(role, exercise),
        "grade": role == "check",
        "solution": role == "exercise",
        "locked": role != "exercise",
        "task": False,
        "schema_version": 3,
    }
    return note | ({"points": points} if role == "check" else {})
