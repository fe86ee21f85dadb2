"""A submitted notebook read as plain text, and the canonical notebook made from it.

Only the source of exercise cells and of the student's own cells is taken. Everything else, metadata, tags,
outputs, checks, order, comes from the release.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

MOST_CELLS = 2000
LONGEST_CELL = 200_000  # characters
MOST_CODE = 500_000  # characters in all code cells: reading it takes a thousand times its size in memory

Role = Literal["setup", "exercise", "extra", "check", "other"]


@dataclass(frozen=True)
class SubmittedCell:
    """A cell as somebody sent it: strings only, whatever stood there."""

    type: str
    source: str
    id: str = ""
    grade_id: str = ""


@dataclass(frozen=True)
class Submitted:
    """A submitted notebook. lesson: what it says it is; problem: one sentence if it cannot be read, or ""."""

    cells: tuple[SubmittedCell, ...] = ()
    lesson: str = ""
    problem: str = ""


@dataclass(frozen=True)
class CanonicalCell:
    """A cell of the notebook that is marked. name: the exercise of an exercise or check cell."""

    id: str
    role: Role
    type: str
    source: str
    name: str = ""


@dataclass(frozen=True)
class Canonical:
    """The notebook that is marked, in the release's order, with what was odd about the submission."""

    lesson: str
    cells: tuple[CanonicalCell, ...]
    flags: tuple[str, ...] = ()

    @property
    def to_run(self) -> tuple[CanonicalCell, ...]:
        """The cells that marks depend on."""
        return tuple(cell for cell in self.cells if cell.role != "other")

    def sources(self) -> list[str]:
        """The student's code and what it stands on, in order: everything a forbidden name could hide in."""
        return [cell.source for cell in self.to_run if cell.role != "check"]

    def source_of(self, exercise: str) -> str:
        return next(
            (cell.source for cell in self.cells if cell.role == "exercise" and cell.name == exercise), ""
        )


def read_notebook(content: bytes) -> Submitted:
    """Read a notebook of any format version as plain strings; never raises."""
    text = content.decode("utf-8-sig", "replace").strip()
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
    raw = data.get("cells") if isinstance(data, dict) else None
    if raw is None and isinstance(data, dict) and isinstance(data.get("worksheets"), list):
        sheets = [sheet for sheet in data["worksheets"] if isinstance(sheet, dict)]
        raw = [cell for sheet in sheets for cell in sheet.get("cells") or []]  # the format before 2015
    if not isinstance(raw, list):
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
    course = _dict(_dict(data.get("metadata")).get("course"))
    return Submitted(cells, _text(course.get("lesson")))


def canonical(release: Mapping[str, Any], submitted: Submitted) -> Canonical:
    """Rebuild a submission on the release: the release's cells in its order, with the student's own text.

    An exercise is found by its nbgrader id, then by its cell id, then as the last own cell that defines its
    name. A second cell with an exercise's id is an own cell. Own cells keep their place after the last release
    cell above them. Edited setup cells run after the setup, edited or copied checks do not run at all.
    """
    known = [_known(cell) for cell in release["cells"]]
    exercises = {cell.name: index for index, cell in enumerate(known) if cell.role == "exercise"}
    flags: list[str] = []
    texts: dict[str, str] = {}
    own: dict[int, list[SubmittedCell]] = {}
    anchor = -1
    seen: list[int] = []
    for cell in submitted.cells:
        index = _match(cell, known)
        if index is None:
            own.setdefault(anchor, []).append(cell)
            continue
        anchor = index
        seen.append(index)
        match = known[index]
        if match.role == "exercise":
            if match.name not in texts:
                texts[match.name] = cell.source
            elif cell.source != match.source:
                own.setdefault(anchor, []).append(cell)
        elif cell.type == "code" and cell.source.strip() != match.source.strip():
            if match.role == "check":
                flags.append(f'The check "{match.name}" was edited; the original ran.')
            elif match.role in ("setup", "other"):
                own.setdefault(anchor, []).append(cell)
    _find_moved(texts, own, exercises, known)
    flags += _oddities(known, seen)
    cells: list[CanonicalCell] = []
    number = 0
    for index in range(-1, len(known)):
        if index >= 0:
            here = known[index]
            if here.role == "exercise":
                here = CanonicalCell(here.id, here.role, "code", texts[here.name], here.name)
            cells.append(here)
        for extra in own.get(index, ()):
            number += 1
            role: Role = "extra" if extra.type == "code" else "other"
            cells.append(CanonicalCell(f"own_{number}", role, extra.type, extra.source))
    return Canonical(
        _text(_dict(_dict(release.get("metadata")).get("course")).get("lesson")), tuple(cells), tuple(flags)
    )


def printable(text: str) -> str:
    """Drop control characters that a terminal or a browser might act on."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]", "", text)


def _known(cell: Mapping[str, Any]) -> CanonicalCell:
    marks = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    grade_id = _text(marks.get("grade_id"))
    source = _source(cell)
    identity = _text(cell.get("id")) or grade_id
    if marks.get("grade"):
        return CanonicalCell(identity, "check", "code", source, grade_id.removeprefix("check_"))
    if marks.get("solution"):
        return CanonicalCell(identity, "exercise", "code", source, grade_id)
    role: Role = "setup" if grade_id.startswith("setup") else "other"
    return CanonicalCell(identity, role, _text(cell.get("cell_type")), source)


def _match(cell: SubmittedCell, known: list[CanonicalCell]) -> int | None:
    for index, candidate in enumerate(known):
        grade_id = f"check_{candidate.name}" if candidate.role == "check" else candidate.name
        if candidate.name and cell.grade_id == grade_id:
            return index
    for index, candidate in enumerate(known):
        if cell.id and cell.id == candidate.id:
            return index
    for index, candidate in enumerate(known):
        if (
            candidate.type == cell.type
            and candidate.source.strip() == cell.source.strip()
            and cell.source.strip()
        ):
            return index
    return None


def _find_moved(
    texts: dict[str, str],
    own: dict[int, list[SubmittedCell]],
    exercises: Mapping[str, int],
    known: list[CanonicalCell],
) -> None:
    """Take an own cell that defines an exercise whose own place is missing or untouched for its answer."""
    for name, index in exercises.items():
        if texts.get(name, known[index].source).strip() != known[index].source.strip():
            continue
        places = [(place, cell) for place in sorted(own) for cell in own[place] if _defines(cell, name)]
        if places:
            place, cell = places[-1]
            own[place] = [item for item in own[place] if item is not cell]
            texts[name] = cell.source
        else:
            texts[name] = known[index].source


def _defines(cell: SubmittedCell, name: str) -> bool:
    if cell.type != "code" or name not in cell.source:
        return False
    return bool(
        re.search(rf"^(?:(?:async +)?def|class) +{name}\b|^{name} *(?::[^=\n]+)?=[^=]", cell.source, re.M)
    )


def _oddities(known: list[CanonicalCell], seen: list[int]) -> Iterable[str]:
    checks = [index for index, cell in enumerate(known) if cell.role == "check"]
    missing = [known[index].name for index in checks if index not in seen]
    if missing:
        yield f"Checks were missing and put back: {', '.join(missing)}."
    if any(seen.count(index) > 1 for index in checks):
        yield "A check was there twice; it ran once."
    if seen != sorted(seen):
        yield "The cells were in another order; the release's order ran."


def _cell(data: Mapping[str, Any]) -> SubmittedCell:
    marks = _dict(_dict(data.get("metadata")).get("nbgrader"))
    kind = _text(data.get("cell_type")) or "raw"
    source = _source(data)
    if kind != "code":
        source = source[:LONGEST_CELL]  # a pasted picture costs no marks
    return SubmittedCell(kind, source, _text(data.get("id")), _text(marks.get("grade_id")))


def _source(data: Mapping[str, Any]) -> str:
    raw = data.get("source", data.get("input", ""))
    text = "".join(part for part in raw if isinstance(part, str)) if isinstance(raw, list) else _text(raw)
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
