"""Bring an edit made in Jupyter back into a lesson's text. The text is never overwritten silently."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from helper.authoring.build import fingerprint
from helper.authoring.frame import is_made
from helper.course import Course
from helper.lessons.lesson import LessonError, stems, written_hash

ATTACHED = re.compile(r"(!\[[^\]]*\])\(attachment:([^)\s]+)\)")


def absorb(course: Course, path: Path) -> str:
    """Write the cells of a built notebook into its lesson's text and say what changed.

    Raises LessonError if the notebook is none of the course's, or if the text changed since it was built: then
    nothing is written.
    """
    notebook = _read(path)
    stem = str(notebook.metadata.get("course", {}).get("lesson", ""))
    if stem not in stems(course.solutions):
        raise LessonError(
            f"{path} is not a notebook of this course: absorb solutions/<lesson>/<lesson>.ipynb."
        )
    if path.resolve() != (course.solutions / stem / f"{stem}.ipynb").resolve():
        raise LessonError(f"{path} is a copy or a release: edit and absorb solutions/{stem}/{stem}.ipynb.")
    text_path = course.solutions / f"{stem}.py"
    if notebook.metadata["course"]["written"] != written_hash(course.solutions, stem):
        raise LessonError(
            f"{text_path} or its answers changed since the notebook was built: bring the edit over by hand, "
            f'then run "course build --force {stem}".'
        )
    if notebook.metadata["course"]["built"] == fingerprint(notebook):
        return f"{path} holds no edit; {text_path} stays as it is."
    before = text_path.read_text(encoding="utf-8")
    after = to_text(notebook)
    part = text_path.with_name(f".{text_path.name}.part")
    part.write_text(after, encoding="utf-8")
    os.replace(part, text_path)
    old, new = before.split("\n"), after.split("\n")
    changed = len(set(new) - set(old)) + len(set(old) - set(new))
    return f'{text_path} has the edit now ({changed} lines differ): run "course build --force {stem}".'


def to_text(notebook: Any) -> str:
    """Turn a built notebook back into percent text: roles, tags and figure links as they were written."""
    import jupytext
    import nbformat

    cells = []
    for cell in notebook.cells:
        if is_made(cell):
            continue
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        metadata = dict(cell.metadata.get("course", {}))
        if cell.metadata.get("tags"):
            metadata["tags"] = list(cell.metadata["tags"])
        source = ATTACHED.sub(r"\1(../img/\2)", cell.source)
        cells.append(make(source=source, metadata=metadata))
    plain = nbformat.v4.new_notebook(cells=cells)
    # No header: the text holds the lesson and nothing about tools.
    plain.metadata["jupytext"] = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "all"}
    return str(jupytext.writes(plain, fmt="py:percent"))


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise LessonError(f"There is no notebook at {path}.") from None
    except Exception as error:  # nbformat has many ways of refusing
        raise LessonError(f"{path} cannot be read as a notebook: build it again.") from error
