"""A lesson's page: the released notebook, with what its demonstrations put out in the executed reference."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from helper.course import Course, CourseError
from helper.judging.key import Key

ABILITIES = re.compile(r"^\*\*[^*\n]*you will[^*\n]*\*\*\n+((?:(?:- |  ).*\n?)+)", re.M | re.I)
CHECK = '<details class="check">'
OF_ONES_OWN = "nbval-ignore-output"  # what such a cell puts out is true of one machine only


@dataclass(frozen=True)
class Released:
    """A released lesson. cells: of its notebook, without the bars around it."""

    stem: str
    cells: tuple[Any, ...]
    key: Key

    @property
    def number(self) -> int:
        return int(self.stem.split("_")[0])

    @property
    def page(self) -> str:
        return f"{self.stem}/{self.stem}"

    @property
    def head(self) -> str:
        """The first cell: title, question, abilities, minutes."""
        return text_of(self.cells[0])

    @property
    def title(self) -> str:
        return self.head.split("\n")[0].removeprefix("# ").strip()

    @property
    def question(self) -> str:
        """The first paragraph: what the lesson asks."""
        paragraphs = [part for part in self.head.split("\n\n")[1:] if part.strip()]
        return " ".join(paragraphs[0].split()) if paragraphs else ""

    @property
    def abilities(self) -> list[str]:
        found = ABILITIES.search(self.head)
        items = re.split(r"^- ", found[1], flags=re.M) if found else []
        return [" ".join(item.split()).rstrip(";.") for item in items if item.strip()]

    @property
    def minutes(self) -> int:
        found = re.search(r"(\d+) minutes", self.head)
        return int(found[1]) if found else 0

    @property
    def points(self) -> float:
        return sum(check.points for check in self.key.checks.values())

    @property
    def prose(self) -> str:
        return "\n\n".join(text_of(cell) for cell in self.cells if cell["cell_type"] == "markdown")


def read_released(course: Course, stem: str) -> Released:
    """Read what students get of a lesson. Raises CourseError if it is not built."""
    folder = course.notebooks / stem
    try:
        cells = json.loads((folder / f"{stem}.ipynb").read_text(encoding="utf-8"))["cells"]
        key = Key.load(folder / "key.json")
    except (OSError, ValueError, KeyError) as error:
        raise CourseError(f'{stem} has no page, for it is not built: run "course build {stem}".') from error
    return Released(stem, tuple(cell for cell in cells if "made" not in _course(cell)), key)


def write_lesson(course: Course, lesson: Released, folder: Path, buttons: str) -> list[Any]:
    """Write a lesson's page into `folder` as a notebook for MyST-NB, and its figures beside it. Returns its cells."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = _outputs(course, lesson.stem)
    cells = []
    for place, cell in enumerate(lesson.cells):
        for name, kinds in cell.get("attachments", {}).items():
            (folder / name).write_bytes(base64.b64decode(next(iter(kinds.values()))))
        cells.append(_shown(lesson, cell, outputs))
        if place == 0 and buttons:
            cells.append(markdown(buttons))
    page = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    (folder / f"{lesson.stem}.ipynb").write_text(json.dumps(page), encoding="utf-8")
    return cells


def is_check(source: str) -> bool:
    """Say whether a page's cell is a check, folded."""
    return source.startswith(CHECK)


def alt_of(output: Any) -> str:
    """Return the words that stand for a drawn figure."""
    return str(
        output["metadata"].get("image/png", {}).get("alt") or "".join(output["data"].get("text/plain", ""))
    )


def text_of(cell: Any) -> str:
    return "".join(cell["source"])


KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def _course(cell: Any) -> dict[str, Any]:
    found: dict[str, Any] = cell["metadata"].get("course", {})
    return found


def _outputs(course: Course, stem: str) -> dict[str, list[Any]]:
    """Return what demonstrations put out in the executed reference; nothing of setup, exercises and checks."""
    path = course.solutions / stem / f"{stem}.ipynb"
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise CourseError(f'{stem} was not executed here: run "course build {stem}".') from error
    return {
        cell["id"]: cell["outputs"]
        for cell in cells
        if cell["cell_type"] == "code"
        and not {"exercise", "check", "setup", "made"} & set(_course(cell))
        and OF_ONES_OWN not in cell["metadata"].get("tags", ())
    }


def _shown(lesson: Released, cell: Any, outputs: dict[str, list[Any]]) -> Any:
    source, marks = text_of(cell), _course(cell)
    if cell["cell_type"] == "markdown":
        apart = re.sub(
            r"</summary>\s*|\s*(?=</details>)", r"\g<0>\n\n", source
        )  # or what is folded stays HTML
        return markdown(apart.replace("](attachment:", "]("))
    if "check" in marks:
        return markdown(_check(lesson, str(marks["check"]), source))
    role = next((role for role in ("exercise", "setup") if role in marks), "demonstration")
    results = [output for output in outputs.get(cell["id"], []) if output["output_type"] != "error"]
    shown: dict[str, Any] = {"tags": [role]}
    alts = [alt_of(output) for output in results if "image/png" in output.get("data", {})]
    if alts:
        shown["mystnb"] = {"image": {"alt": " ".join(alts)}}
    return {
        "cell_type": "code",
        "id": cell["id"],
        "metadata": shown,
        "source": source,
        "execution_count": None,
        "outputs": results,
    }


def _check(lesson: Released, name: str, source: str) -> str:
    """Return a check, folded: what it expects, with the points of each, and then its text."""
    check = lesson.key.checks[name]
    expected = "".join(f"<li>{_words(item.name)}{_points(item.points)}</li>" for item in check.expectations)
    head = f"Check <code>{html.escape(name)}</code>{_points(check.points)}: what it looks at"
    return f"{CHECK}<summary>{head}</summary>\n<ul>{expected}</ul>\n\n```python\n{source}\n```\n\n</details>"


def _words(name: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(name))


def _points(points: float) -> str:
    return f" ({points:.3g} {'point' if points == 1 else 'points'})" if points else ""


def markdown(source: str, place: int = 0) -> dict[str, Any]:
    """Return a cell of text. place: what makes its id another one than that of a cell with the same text."""
    identity = sha256(f"{place} {source}".encode()).hexdigest()[:12]
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": source}
