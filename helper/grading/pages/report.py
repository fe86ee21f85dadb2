"""What people read after marking: a page per student, a page for the class, a table, and JSON."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helper.checking.panel import inline, to_html
from helper.files import write_whole
from helper.grading.handed_in.notebook import Canonical, printable
from helper.grading.marking import Marked
from helper.judging.verdict import ERROR, MISTAKE, NOT_YET, RIGHT, Verdict

Marks = Mapping[str, Mapping[str, Marked]]  # student -> lesson -> marks

# No script, no image, no style from elsewhere: whatever a student printed stays text.
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1f2937 }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .8rem; border-bottom: 1px solid #d1d5db }}
td.number {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }}
pre {{ background: #f6f7f9; padding: .8rem; overflow-x: auto; white-space: pre-wrap; max-height: 30rem }}
section {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; align-items: start; margin: 1rem 0 }}
@media (max-width: 50rem) {{ section {{ grid-template-columns: 1fr }} }}
.bars {{ white-space: nowrap }} td ul {{ margin: 0; padding-left: 1.2rem }}
.bar {{ display: inline-block; height: .8em; background: #0b7a75 }} .bar.rest {{ background: #d97706 }}
</style></head><body>
{body}
</body></html>
"""


def feedback_page(student: str, notebook: Canonical | None, marked: Marked, notes: Sequence[str] = ()) -> str:
    """Return one student's page for one lesson: each check's verdict beside the student's own cell."""
    parts = [
        f"<h1>{html.escape(marked.lesson)}</h1>",
        f"<p>{html.escape(student)}: <b>{marked.points:g} of {marked.max:g} points</b></p>",
    ]
    parts += [f"<p>{html.escape(text)}</p>" for text in ((marked.problem,) if marked.problem else ())]
    parts += [f"<p>{html.escape(note)}</p>" for note in notes]
    for verdict in marked.verdicts:
        source = notebook.source_of(verdict.check) if notebook else ""
        printed = _printed(notebook, marked, verdict.check)
        own = f"<pre>{html.escape(printable(source))}</pre>" if source else ""
        own += f"<div>It printed:</div><pre>{html.escape(printed)}</pre>" if printed else ""
        parts.append(f"<section><div>{to_html(verdict)}</div><div>{own}</div></section>")
    return PAGE.format(title=html.escape(f"{marked.lesson}: {student}"), body="\n".join(parts))


def class_page(marks: Marks, left: Sequence[str]) -> str:
    """Return the instructor's page: what the class got wrong and why, per exercise and per student."""
    parts = ["<h1>What the class understood</h1>"]
    lessons = sorted({lesson for of_student in marks.values() for lesson in of_student})
    for lesson in lessons:
        rows = [of_student[lesson] for of_student in marks.values() if lesson in of_student]
        mean = sum(row.points for row in rows) / len(rows)
        parts.append(
            f"<h2>{html.escape(lesson)}: {len(rows)} submissions, mean {mean:.1f} of {rows[0].max:g}</h2>"
        )
        parts.append(
            "<table><tr><th>exercise</th><th>right</th><th></th><th>what was wrong, how often</th></tr>"
        )
        for index, first in enumerate(rows[0].verdicts):
            verdicts = [row.verdicts[index] for row in rows]
            right = sum(verdict.verdict == RIGHT for verdict in verdicts)
            wrong = Counter(_reason(verdict) for verdict in verdicts if verdict.verdict != RIGHT)
            listed = "".join(f"<li>{count} × {inline(text)}</li>" for text, count in wrong.most_common(5))
            width = 8 * right / len(verdicts)
            bar = f'<span class="bar" style="width:{width:.2f}em"></span>'
            bar += f'<span class="bar rest" style="width:{8 - width:.2f}em"></span>'
            parts.append(
                f"<tr><td><code>{html.escape(first.check)}</code></td><td class=number>{right} of {len(verdicts)}"
                f"</td><td class=bars>{bar}</td><td><ul>{listed}</ul></td></tr>"
            )
        parts.append("</table>")
    parts.append("<h2>Students</h2><table><tr><th>student</th>")
    parts += [f"<th>{html.escape(lesson)}</th>" for lesson in lessons]
    parts.append("<th>to look at</th></tr>")
    for student, of_student in sorted(marks.items()):
        flags = [flag for marked in of_student.values() for flag in marked.flags]
        parts.append(f"<tr><td>{html.escape(student)}</td>")
        parts += [
            f"<td class=number>{of_student[lesson].points:g}</td>" if lesson in of_student else "<td></td>"
            for lesson in lessons
        ]
        parts.append(f"<td>{'<br>'.join(html.escape(flag) for flag in flags)}</td></tr>")
    parts.append("</table>")
    if left:
        parts.append(
            "<h2>Files left aside</h2><ul>"
            + "".join(f"<li>{html.escape(item)}</li>" for item in left)
            + "</ul>"
        )
    return PAGE.format(title="What the class understood", body="\n".join(parts))


def _reason(verdict: Verdict) -> str:
    """Return what students who went wrong in one way have in common."""
    if verdict.pieces and verdict.pieces[0].kind == "builds on":
        return verdict.pieces[0].gist
    if verdict.verdict in (MISTAKE, NOT_YET, ERROR) and verdict.pieces:
        return " ".join(piece.gist for piece in verdict.pieces)
    return verdict.verdict


def to_json(marks: Marks) -> dict[str, Any]:
    """Return the marks in the form that `course grade --json` promises."""
    return {
        "students": {
            student: {
                lesson: {
                    "points": marked.points,
                    "max": marked.max,
                    "flags": list(marked.flags),
                    "checks": {
                        verdict.check: {
                            "points": round(verdict.points, 2),
                            "max": verdict.max,
                            "verdict": verdict.verdict,
                            "advice": list(verdict.advice),
                            "flags": [flag for flag in marked.flags if f'"{verdict.check}"' in flag],
                        }
                        for verdict in marked.verdicts
                    },
                }
                for lesson, marked in sorted(of_student.items())
            }
            for student, of_student in sorted(marks.items())
        }
    }


def write_json(path: Path, marks: Marks) -> None:
    write_whole(path, json.dumps(to_json(marks), ensure_ascii=False, indent=1) + "\n")


def _printed(notebook: Canonical | None, marked: Marked, exercise: str) -> str:
    if notebook is None:
        return ""
    ids = [cell.id for cell in notebook.cells if cell.name == exercise and cell.role == "exercise"]
    return printable("".join(marked.outputs.get(cell_id, "") for cell_id in ids))
