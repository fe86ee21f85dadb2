"""Keep the table that grows from lesson 7 on: what each lesson's tool gained on the same digits, and how surely.

Every row trains on the 3,000 digits of `data.digits("train")` and counts on the 1,000 of `data.digits("test")`.
The numbers stand in one place, results.json beside this file. Only `course build` writes there; in a notebook the
row of one's own run is shown below the stored one and kept nowhere.
"""

from __future__ import annotations

import html
import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STORED = Path(__file__).with_suffix(".json")  # not by its name: it is no code that a lesson is made by
NEW = "COURSE_RESULTS"  # names the file that collects the rows of the lesson being built
DIGITS = 4  # decimals that are kept: an accuracy on 1,000 images has three

_of_this_run: dict[str, Row] = {}


@dataclass(frozen=True)
class Row:
    """What was used, such as "07 the plain loop", one accuracy per seed, and the size of the test set."""

    name: str
    accuracies: tuple[float, ...]
    images: int

    @property
    def lesson(self) -> str:
        return self.name[:2]

    @property
    def mean(self) -> float:
        return sum(self.accuracies) / len(self.accuracies)

    @property
    def band(self) -> float:
        """Two standard errors of an accuracy counted on so many images: what their number alone makes unsure."""
        return 2 * math.sqrt(self.mean * (1 - self.mean) / self.images)


class Table:
    """Rows that a notebook shows as a table, and everything else as aligned text."""

    head = ("what was used", "mean", "lowest to highest", "± by chance of the images")

    def __init__(self, rows: Iterable[tuple[str, Row]]) -> None:
        self.rows = [(title, *_cells(row)) for title, row in rows]

    def __repr__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        return "\n".join(
            "   ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in self.head)
        body = "".join(
            f'<tr><th scope="row" style="text-align: left">{html.escape(title)}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in texts)
            + "</tr>"
            for title, *texts in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def add(name: str, accuracies: Iterable[float], images: int) -> None:
    """Note a row: `add("08 early stopping", [0.912, …], images=1000)`.

    name: the lesson's two digits and what was used; accuracies: one per random seed, at least two, each from 0
    to 1; images: how many test images each was counted on. The same name again replaces the row.
    Raises ValueError for anything else.
    """
    row = Row(name, tuple(round(float(accuracy), DIGITS) for accuracy in accuracies), images)
    if not re.match(r"\d\d \S", name):
        raise ValueError(
            f'The row "{name}" belongs to no lesson: begin its name with the two digits of one, as in "08 …".'
        )
    if len(row.accuracies) < 2:
        raise ValueError(f'The row "{name}" has no spread: train with at least two random seeds.')
    if not all(0 <= accuracy <= 1 for accuracy in row.accuracies) or images < 1:
        raise ValueError(
            f'The row "{name}" holds no accuracies: give shares from 0 to 1, counted on one image at least.'
        )
    _of_this_run[name] = row
    collected = os.environ.get(NEW)
    if collected:
        _write(Path(collected), _read(Path(collected)) | {name: row})


def show() -> Table:
    """Return the table up to the lesson that added rows here, all of it where none did: end a cell with it."""
    collected = os.environ.get(NEW)
    stored = _replaced(_read(STORED), _read(Path(collected))) if collected else _read(STORED)
    last = max((row.lesson for row in _of_this_run.values()), default="99")
    names = sorted(name for name in {**stored, **_of_this_run} if name[:2] <= last)
    rows = []
    for name in names:
        if name in stored:
            rows.append((name, stored[name]))
        if name in _of_this_run:
            rows.append((f"{name[:2]} → this run" if name in stored else name, _of_this_run[name]))
    return Table(rows)


def keep(collected: Path, stored: Path = STORED) -> None:
    """Store the rows that the execution of a lesson collected, instead of those the same lesson had before."""
    rows = _read(collected)
    if rows:
        _write(stored, _replaced(_read(stored), rows))


def _replaced(stored: Mapping[str, Row], rows: Mapping[str, Row]) -> dict[str, Row]:
    lessons = {row.lesson for row in rows.values()}
    return {name: row for name, row in stored.items() if row.lesson not in lessons} | dict(rows)


def _cells(row: Row) -> tuple[str, str, str]:
    low, high = min(row.accuracies), max(row.accuracies)
    return f"{row.mean:.3f}", f"{low:.3f} to {high:.3f}", f"{row.band:.3f}"


def _read(path: Path) -> dict[str, Row]:
    """Return the rows of a file, none if it does not exist or is no such file: a table is no reason to stop."""
    try:
        rows: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: Row(name, tuple(row["accuracies"]), row["images"]) for name, row in rows.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write(path: Path, rows: Mapping[str, Row]) -> None:
    plain = {
        name: {"accuracies": rows[name].accuracies, "images": rows[name].images} for name in sorted(rows)
    }
    half = path.with_name(f"{path.name}.half")
    half.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(half, path)
