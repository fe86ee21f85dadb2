"""One student's page for one lesson: each check's verdict beside the student's own cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helper.grading.handed_in.canonical import Canonical, CanonicalCell
from helper.grading.marking import Marked
from helper.grading.pages.render import render
from helper.judging.verdict import Verdict


@dataclass(frozen=True)
class _Shown:
    source: str
    printed: str
    verdict: Verdict | None = None


def page(student: str, notebook: Canonical | None, marked: Marked, notes: Sequence[str] = ()) -> str:
    """Return the page. notebook: what was marked, None if nothing could be read; notes: on how it came in."""
    cells = notebook.cells if notebook else ()
    answers = {cell.name: cell for cell in cells if cell.role == "exercise"}
    return render(
        "feedback.html.j2",
        title=f"{marked.lesson}: {student}",
        lesson=marked.lesson,
        student=student,
        points=marked.points,
        most=marked.max,
        notes=[*([marked.problem] if marked.problem else []), *notes],
        checks=[_shown(answers.get(verdict.check), marked.outputs, verdict) for verdict in marked.verdicts],
        own=[_shown(cell, marked.outputs) for cell in cells if cell.role == "extra"],
    )


def _shown(cell: CanonicalCell | None, outputs: Mapping[str, str], verdict: Verdict | None = None) -> _Shown:
    if cell is None:
        return _Shown("", "", verdict)
    return _Shown(cell.source, outputs.get(cell.id, ""), verdict)
