"""A submitted notebook read as plain text: strings only, whatever somebody put into the file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helper.desk import hand_in
from helper.nbgrading import metadata

MOST_CELLS = 2000
LONGEST_CELL = 200_000  # characters
MOST_CODE = 500_000  # characters in all code cells: reading it takes a thousand times its size in memory


@dataclass(frozen=True)
class SubmittedCell:
    """A cell as somebody sent it."""

    type: str
    source: str
    id: str = ""
    grade_id: str = ""


@dataclass(frozen=True)
class Submitted:
    """A submitted notebook. lesson: what it says it is; problem: one sentence if it cannot be read, or "".

    version: of the lesson it was written in; changed: whether it differs from what `course submit` wrote.
    """

    cells: tuple[SubmittedCell, ...] = ()
    lesson: str = ""
    problem: str = ""
    version: str = ""
    changed: bool = False

    def dumps(self) -> bytes:
        rest = [self.lesson, self.problem, self.version, self.changed]
        return json.dumps([[[*cell.__dict__.values()] for cell in self.cells], *rest]).encode()

    @classmethod
    def loads(cls, content: bytes) -> Submitted:
        cells, *rest = json.loads(content)
        return cls(tuple(SubmittedCell(*cell) for cell in cells), *rest)


def read_notebook(content: bytes) -> Submitted:
    """Read a notebook of any format version as plain strings; never raises."""
    text = content.decode(_encoding(content), "replace").strip()
    if not text:
        return Submitted(problem="The file is empty. Save the notebook and hand it in again.")
    if text.startswith("<<<<<<<") or "\n<<<<<<< " in text:
        return Submitted(
            problem="The file holds the marks of an unfinished merge. Mend it and hand it in again."
        )
    if text.startswith("<"):
        return Submitted(problem="The file is a web page, not a notebook. Download the notebook itself.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Submitted(
            problem="The file cannot be read as a notebook. Save it in Jupyter and hand it in again."
        )
    raw = _cells(data)
    if raw is None:
        return Submitted(problem="The file has no cells. Hand in the notebook you worked in.")
    if len(raw) > MOST_CELLS:
        return Submitted(problem=f"The notebook has {len(raw)} cells; more than {MOST_CELLS} are not marked.")
    cells = tuple(_cell(item) for item in raw if isinstance(item, dict))
    code = [len(cell.source) for cell in cells if cell.type == "code"]
    if max(code, default=0) > LONGEST_CELL or sum(code) > MOST_CODE:
        return Submitted(
            problem=f"A code cell has more than {LONGEST_CELL:,} characters, or all together more than "
            f"{MOST_CODE:,}. Remove what was pasted into them."
        )
    course = as_dict(as_dict(data.get("metadata")).get("course"))
    return Submitted(
        cells,
        as_text(course.get("lesson")),
        version=as_text(course.get("written")),
        changed=hand_in.is_changed(data),
    )


def printable(text: str) -> str:
    """Drop control characters that a terminal or a browser might act on."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]", "", text)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def as_dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source, in whichever of the format's ways it was written down."""
    raw = cell.get("source", cell.get("input", ""))
    text = "".join(part for part in raw if isinstance(part, str)) if isinstance(raw, list) else as_text(raw)
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


def _encoding(content: bytes) -> str:
    """Windows' own editor saves two bytes a character if somebody lets it."""
    return "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _cells(data: Any) -> list[Any] | None:
    if not isinstance(data, dict):
        return None
    raw = data.get("cells")
    if raw is None and isinstance(data.get("worksheets"), list):  # the format before 2015
        sheets = [as_dict(sheet).get("cells") for sheet in data["worksheets"]]
        raw = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    return raw if isinstance(raw, list) else None


def _cell(data: Mapping[str, Any]) -> SubmittedCell:
    kind = as_text(data.get("cell_type")) or "raw"
    source = source_of(data)
    if kind != "code":
        source = source[:LONGEST_CELL]  # a pasted picture costs no marks
    return SubmittedCell(kind, source, as_text(data.get("id")), metadata.grade_id(data))
