"""The notebook that is marked: the release with the student's own text in it.

Only the source of exercise cells and of the student's own cells is taken. Everything else, metadata, tags,
outputs, checks, order, comes from the release.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from helper.desk import hand_in
from helper.grading.handed_in.notebook import Submitted, SubmittedCell, as_dict, as_text, source_of
from helper.nbgrading import metadata

Role = Literal["setup", "exercise", "extra", "check", "other"]
Own = dict[int, list[SubmittedCell]]  # the student's own cells, by the release's cell above them


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

    def dumps(self) -> str:
        """Write it down to travel to whoever marks."""
        cells = [cell.__dict__ for cell in self.cells]
        return json.dumps({"lesson": self.lesson, "cells": cells, "flags": self.flags})

    @classmethod
    def loads(cls, text: str) -> Canonical:
        data = json.loads(text)
        cells = tuple(CanonicalCell(**cell) for cell in data["cells"])
        return cls(data["lesson"], cells, tuple(data["flags"]))


def canonical(release: Mapping[str, Any], submitted: Submitted) -> Canonical:
    """Rebuild a submission on the release: the release's cells in its order, with the student's own text.

    An exercise is found by its nbgrader id, then by its cell id, then as the last own cell that defines its
    name. A second cell with an exercise's id is an own cell. Own cells keep their place after the last release
    cell above them. Edited setup cells run after the setup; edited or copied checks do not run, but what a
    student wrote beside the check in its cell runs before it, as a cell of their own.
    """
    known = [_known(cell) for cell in release["cells"]]
    course = as_dict(as_dict(release.get("metadata")).get("course"))
    current = as_text(course.get("written"))
    exercises = {cell.name: index for index, cell in enumerate(known) if cell.role == "exercise"}
    flags: list[str] = []
    texts: dict[str, str] = {}
    own: Own = {}
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
                if submitted.version in ("", current):  # in another version, each check may read otherwise
                    flags.append(f'The check "{match.name}" was edited; the original ran.')
                beside = _beside_the_check(cell.source)
                if beside:
                    own.setdefault(index - 1, []).append(replace(cell, source=beside))
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
    flags += hand_in.remarks(submitted.version, current, submitted.changed)
    return Canonical(as_text(course.get("lesson")), tuple(cells), tuple(flags))


def written(release: Mapping[str, Any], submitted: Submitted) -> int:
    """Count the exercises in which something was written: none means that nobody worked in this file."""
    known = {
        cell.name: cell.source.strip()
        for cell in map(_known, filter(metadata.is_exercise, release["cells"]))
        if cell.role == "exercise"
    }
    stubs = set(known.values())
    return sum(
        1
        for name in known
        if any(
            cell.source.strip() not in stubs
            for cell in submitted.cells
            if name in (cell.grade_id, cell.id) or defines(cell.source, name)
        )
    )


def defines(source: str, name: str) -> bool:
    """Say whether a cell defines a name at its left margin, without reading it as Python: it may not be."""
    return name in source and bool(
        re.search(rf"^(?:(?:async +)?def|class) +{name}\b|^{name} *(?::[^=\n]+)?=[^=]", source, re.M)
    )


def _known(cell: Mapping[str, Any]) -> CanonicalCell:
    name = metadata.grade_id(cell)
    source = source_of(cell)
    identity = as_text(cell.get("id")) or name
    if metadata.is_check(cell):
        return CanonicalCell(identity, "check", "code", source, metadata.exercise_of(name))
    if metadata.is_exercise(cell):
        return CanonicalCell(identity, "exercise", "code", source, name)
    role: Role = "setup" if metadata.is_setup(cell) else "other"
    return CanonicalCell(identity, role, as_text(cell.get("cell_type")), source)


def _match(cell: SubmittedCell, known: Sequence[CanonicalCell]) -> int | None:
    for index, candidate in enumerate(known):
        called = metadata.check_id(candidate.name) if candidate.role == "check" else candidate.name
        if candidate.name and cell.grade_id == called:
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
    texts: dict[str, str], own: Own, exercises: Mapping[str, int], known: Sequence[CanonicalCell]
) -> None:
    """Take the last own cell that defines an exercise, whose own place is missing or untouched, for its answer.

    A cell that answers several goes whole to the first of them; the others get their own statements of it again.
    Earlier versions in other own cells run before the last one, as they did.
    """
    taken: list[SubmittedCell] = []
    for name, index in exercises.items():
        if texts.get(name, known[index].source).strip() != known[index].source.strip():
            continue
        again = next((cell for cell in reversed(taken) if defines(cell.source, name)), None)
        places = [
            (place, cell)
            for place in sorted(own)
            for cell in own[place]
            if cell.type == "code" and defines(cell.source, name)
        ]
        if places:
            for place, cell in places:
                if place >= index or cell is places[-1][1]:
                    own[place] = [item for item in own[place] if item is not cell]
            before = [cell for place, cell in places[:-1] if place >= index]
            own.setdefault(index - 1, []).extend(before)
            texts[name] = places[-1][1].source
            taken.append(places[-1][1])
        elif again:
            texts[name] = _part(again.source, name)
        else:
            texts[name] = known[index].source


def _part(source: str, name: str) -> str:
    """Return the statements of a cell that define a name; the whole cell if it cannot be read."""
    parts = [_text(node, source) for node in _statements(source) or () if _binds(node, name)]
    return "\n".join(parts) or source


def _beside_the_check(source: str) -> str:
    """Return what stands in a check's cell beside the check."""
    statements = _statements(source)
    if statements is None:
        lines = source.split("\n")
        starts = (number for number, line in enumerate(lines) if re.match(r"@check\(|with check\(", line))
        return "\n".join(lines[: next(starts, 0)]).strip()
    return "\n".join(_text(node, source) for node in statements if not _is_check(node))


def _statements(source: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _text(node: ast.stmt, source: str) -> str:
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
    return "\n".join(source.split("\n")[first - 1 : node.end_lineno])


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _is_check(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return any(_calls_check(item) for item in node.decorator_list)
    return isinstance(node, ast.With) and any(_calls_check(item.context_expr) for item in node.items)


def _calls_check(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"


def _oddities(known: Sequence[CanonicalCell], seen: list[int]) -> Iterable[str]:
    checks = [index for index, cell in enumerate(known) if cell.role == "check"]
    missing = [known[index].name for index in checks if index not in seen]
    if missing:
        yield f"Checks were missing and put back: {', '.join(missing)}."
    if any(seen.count(index) > 1 for index in checks):
        yield "A check was there twice; it ran once."
    if seen != sorted(seen):
        yield "The cells were in another order; the release's order ran."
