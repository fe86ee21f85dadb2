"""Notebooks as plain data: which cells are as they were released, and which hold a student's work."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.files import write_whole
from helper.judging.names import cell_id

Cell = dict[str, Any]
Notebook = dict[str, Any]


def read(path: Path) -> Notebook:
    """Read a notebook. Raises CourseError if it is not one: nothing is done to the file."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(cell, dict) for cell in notebook["cells"]):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CourseError(
            f"{path} cannot be read as a notebook, and is left as it is: open an earlier version of it from "
            f"{path.parent.name}/earlier/, or move it away and run course lab for a fresh one."
        ) from error
    notebook.setdefault("metadata", {})
    return dict(notebook)


def write(path: Path, notebook: Notebook) -> None:
    write_whole(path, json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")


def source(cell: Mapping[str, Any]) -> str:
    raw = cell.get("source", "")
    return "".join(map(str, raw)) if isinstance(raw, list) else str(raw)


def grade_id(cell: Mapping[str, Any]) -> str:
    return str(_part(cell, "nbgrader").get("grade_id", ""))


def is_exercise(cell: Mapping[str, Any]) -> bool:
    return bool(_part(cell, "nbgrader").get("solution"))


def is_check(cell: Mapping[str, Any]) -> bool:
    return bool(_part(cell, "nbgrader").get("grade"))


def is_locked(cell: Mapping[str, Any]) -> bool:
    return bool(_part(cell, "nbgrader").get("locked"))


def mark_as_released(notebook: Any) -> None:
    """Note in each cell of a release what its text is, so that every copy can tell what was touched."""
    for cell in notebook["cells"]:
        cell["metadata"].setdefault("course", {})["released"] = _hash(source(cell))


def is_released(cell: Mapping[str, Any]) -> bool:
    """Say whether a cell's text is the one it was released with."""
    text = source(cell)
    mark = _part(cell, "course").get("released")
    if mark:
        return bool(mark == _hash(text))
    # Released before there were marks: a stub shows itself, checks are locked, and an id was made from the text.
    if is_check(cell):
        return True
    if is_exercise(cell):
        return "YOUR CODE HERE" in text or bool(re.fullmatch(r"\w+ = \.\.\.[^\n]*", text.strip()))
    written = text.replace("](attachment:", "](../img/")
    return str(cell.get("id", "")).partition("-")[0] == cell_id(str(cell.get("cell_type")), written)


def holds_work(notebook: Notebook) -> bool:
    """Say whether somebody changed or added a cell of a release."""
    return not all(is_released(cell) for cell in notebook["cells"] if source(cell).strip())


def version(notebook: Mapping[str, Any]) -> str:
    """Return the hash of the written lesson that a notebook was built from."""
    return str(notebook.get("metadata", {}).get("course", {}).get("written", ""))


def lesson(notebook: Mapping[str, Any]) -> str:
    return str(notebook.get("metadata", {}).get("course", {}).get("lesson", ""))


def _part(cell: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = (cell.get("metadata") or {}).get(name)
    return part if isinstance(part, dict) else {}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
