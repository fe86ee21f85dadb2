"""The one notebook that is handed in, and the stamp in it: lesson, version, and a hash of what it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helper.desk import cells
from helper.desk.cells import Notebook
from helper.desk.places import Desk

HAND_IN = "hand_in"
STAMP = "handed_in"


def place(desk: Desk) -> Path:
    """Return the folder of what is handed in: beside work/, or among the lessons where there is no such folder."""
    return (desk.work.parent if desk.work.name == "work" else desk.work) / HAND_IN


def stamped(notebook: Notebook) -> Notebook:
    """Return a notebook with the hash of its cells in it. Lesson and version have stood there since it was built."""
    course = {**notebook["metadata"].get("course", {}), STAMP: {"hash": content_hash(notebook)}}
    return {**notebook, "metadata": {**notebook["metadata"], "course": course}}


def content_hash(notebook: Mapping[str, Any]) -> str:
    """Hash the cells' kinds and texts: outputs and metadata do not count, and every reader gets the same."""
    kept = [
        [cell.get("cell_type"), cells.source(cell)] for cell in notebook["cells"] if isinstance(cell, dict)
    ]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:16]


def is_changed(notebook: Mapping[str, Any]) -> bool:
    """Say whether a notebook carries a stamp of another content. It may hold anything at all: never raises."""
    metadata = notebook.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    stamp = course.get(STAMP) if isinstance(course, dict) else None
    if not isinstance(stamp, dict) or not isinstance(notebook.get("cells"), list):
        return False
    return bool(stamp.get("hash") != content_hash(notebook))


def remarks(version: str, current: str, changed: bool) -> tuple[str, ...]:
    """Say what an instructor may want to know of a handed-in notebook. None of it is a reason to refuse it.

    version: of the lesson it was written in, "" if it does not say; current: of the release that marks it.
    """
    said = []
    if version and version != current:
        said.append("It was written in another version of the lesson; the checks of the present one ran.")
    if changed:
        said.append("It was changed after course submit wrote it.")
    return tuple(said)
