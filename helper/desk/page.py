"""What the start page shows of a student's own desk: the lessons with the points so far, and an examination."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass

from helper.checking.progress import Reached, read_progress, so_far
from helper.desk import examination
from helper.desk.places import START, Desk, find_desk


@dataclass(frozen=True)
class Row:
    """A lesson as the map has it. best: the points so far; most: all there are."""

    stem: str
    best: float
    most: float

    @property
    def title(self) -> str:
        number, _, words = self.stem.partition("_")
        return f"{int(number)} · {words.replace('_', ' ')}"


class Shown:
    """Something that Jupyter shows as HTML and everything else as text."""

    def __init__(self, text: str, page: str) -> None:
        self.text, self.page = text, page

    def _repr_html_(self) -> str:
        return self.page

    def __repr__(self) -> str:
        return self.text


def lessons() -> Shown:
    """Show all lessons as links, each with the best points so far."""
    rows = [row for row in lesson_rows(find_desk()) if row.stem != START]
    text = "\n".join(f"{row.title}: {row.best:g} of {row.most:g} points" for row in rows)
    items = "".join(
        f'<tr><td style="text-align:left"><a href="../{row.stem}/{row.stem}.ipynb">{html.escape(row.title)}</a></td>'
        f"<td>{row.best:g} of {row.most:g}</td></tr>"
        for row in rows
    )
    head = '<thead><tr><th style="text-align:left">lesson</th><th>points so far</th></tr></thead>'
    return Shown(
        text or "There is no lesson beside this page.", f"<table>{head}<tbody>{items}</tbody></table>"
    )


def examine() -> Shown:
    """Examine the installation and show what needs a cure, as `course doctor` does in a terminal."""
    faults = [finding for finding in examination.findings(find_desk()) if finding.fault]
    if not faults:
        return Shown("✓ Everything is in order.", "<div>✓ Everything is in order.</div>")
    text = "\n".join(f"✗ {finding.fault}\n  → {finding.cure}" for finding in faults)
    page = "".join(
        f"<li>✗ {html.escape(finding.fault)}<br>→ {html.escape(finding.cure)}</li>" for finding in faults
    )
    return Shown(text, f'<ul style="list-style:none;padding-left:0">{page}</ul>')


def lesson_rows(desk: Desk) -> list[Row]:
    rows = []
    for stem in desk.lessons:
        most = check_points(desk, stem)
        rows.append(Row(stem, *so_far(reached(desk, stem), most)))
    return rows


def check_points(desk: Desk, stem: str) -> dict[str, float]:
    """Return what each check of a lesson is worth; nothing if its key cannot be read (course doctor says so)."""
    try:
        path = desk.key(stem)
        data = json.loads(path.read_text(encoding="utf-8")) if path else {"checks": {}}
        return {str(name): float(check["points"]) for name, check in data["checks"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def reached(desk: Desk, stem: str) -> dict[str, Reached]:
    """Return what was reached in a lesson: on the desk, or in the release if somebody worked in that."""
    done = read_progress(desk.work / stem)
    for name, entry in (read_progress(desk.released / stem) if desk.released else {}).items():
        if name not in done or entry.best > done[name].best:
            done[name] = entry
    return done
