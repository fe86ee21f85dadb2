"""The marked notebook: the canonical one with outputs and verdicts, as formgrader and nbgrader read it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from helper.checking.panel import to_html
from helper.grading.handed_in.canonical import Canonical, CanonicalCell
from helper.grading.handed_in.notebook import printable
from helper.grading.marking import Marked
from helper.nbgrading.metadata import exercise_of, is_check


def without_outputs(release: Mapping[str, Any], notebook: Canonical) -> dict[str, Any]:
    """Write a canonical notebook as a notebook: the release's metadata, the student's own text made inert.

    It shares its parts with the release, so that none of them may be changed.
    """
    cells = {cell["id"]: cell for cell in release["cells"]}
    made = [_cell(cell, cells.get(cell.id)) for cell in notebook.cells]
    return {**release, "cells": made}


def with_outputs(nb: dict[str, Any], marked: Marked) -> dict[str, Any]:
    """Add what each cell printed, and to each check its verdict with its points.

    nbgrader reads a mark as the first result of a check cell, a number: this one comes from the judge. Student
    text is plain text, never HTML, and never stderr, which nbgrader would take for a failure.
    """
    verdicts = {verdict.check: verdict for verdict in marked.verdicts}
    for cell in nb["cells"]:
        if cell["cell_type"] != "code":
            continue
        cell["outputs"] = []
        cell["execution_count"] = None
        verdict = verdicts.get(exercise_of(cell["id"])) if is_check(cell) else None
        if verdict:
            data = {"text/plain": repr(float(verdict.points)), "text/html": to_html(verdict, handed_in=True)}
            cell["outputs"].append(
                {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}
            )
        text = printable(marked.outputs.get(cell["id"], ""))
        if text:
            cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": text})
    return nb


def dumps(nb: Mapping[str, Any]) -> str:
    """Write a notebook, a cell a line: indented, each would take as long as everything else about it."""
    rest = [
        f"{json.dumps(name)}: {json.dumps(nb[name], ensure_ascii=False)}" for name in nb if name != "cells"
    ]
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in nb["cells"])
    return "{" + ",\n".join([f'"cells": [\n{cells}\n]', *rest]) + "}\n"


def _cell(cell: CanonicalCell, released: Mapping[str, Any] | None) -> dict[str, Any]:
    if released is not None:
        made = {name: value for name, value in released.items() if name != "attachments"}
        return made | {"source": re.sub(r"!\[([^\]]*)\]\(attachment:[^)]*\)", r"*(Figure: \1)*", cell.source)}
    if cell.type == "code":
        return {
            "cell_type": "code",
            "id": cell.id,
            "metadata": {},
            "source": cell.source,
            "outputs": [],
            "execution_count": None,
        }
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", cell.source)), default=0))
    return {
        "cell_type": "markdown",
        "id": cell.id,
        "metadata": {},
        "source": f"{fence}text\n{cell.source}\n{fence}",
    }
