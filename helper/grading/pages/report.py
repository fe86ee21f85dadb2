"""The instructor's page: what the class got wrong and why, who needs help, what needs a look."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from helper.grading.handed_in.people import People
from helper.grading.marking import Marked
from helper.grading.pages.as_json import Marks
from helper.grading.pages.render import link, render
from helper.grading.pages.similar import Pair
from helper.grading.pages.summary import summarise

PAGED = 25  # students of the table that are shown at once
AT_ONCE = 3  # reasons of an exercise that are seen without opening anything
MOST_STUDENTS, MOST_LINES = 5000, 1000  # of a table and of a list: a browser must open the page

_START = """
const table = document.getElementById("students");
if (table) {
  const shown = new ITABLE(table, {pageLength: %d, lengthMenu: [%d, 100, -1], layout: {topStart: "search",
    topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging"}, order: [], language: {search: "Filter:"},
    columnDefs: [{targets: "_all", type: undefined}]});
}
"""


def class_page(
    marks: Marks,
    left: Sequence[str],
    lost: Sequence[str] = (),
    absent: Sequence[str] = (),
    people: People | None = None,
    pairs: Sequence[Pair] = (),
) -> str:
    """Return the page. marks: of everybody in the classroom; the lines are those of the last run."""
    lessons = summarise(marks)
    names = [lesson.name for lesson in lessons]
    students: list[dict[str, object]] = []
    looks: list[tuple[str, str, tuple[str, ...], str]] = []
    harmless: list[tuple[str, str, tuple[str, ...]]] = []
    more = {"students": 0, "looks": 0, "harmless": 0}
    for student in sorted(marks):
        of_student = dict(marks[student])
        if len(students) < MOST_STUDENTS:
            students.append(_row(student, of_student, names, people))
        else:
            more["students"] += 1
        for lesson, marked in sorted(of_student.items()):
            if marked.flags and len(looks) < MOST_LINES:
                looks.append((student, lesson, marked.flags, page_of(student, lesson)))
            elif marked.flags:
                more["looks"] += 1
            if marked.oddities and len(harmless) < MOST_LINES:
                harmless.append((student, lesson, marked.oddities))
            elif marked.oddities:
                more["harmless"] += 1
    return render(
        "report.html.j2",
        script=_script(),
        title="What the class understood",
        style=_library("dt_bundle.css"),
        lessons=lessons,
        students=students,
        called=any(row["name"] for row in students),
        looks=looks,
        harmless=harmless,
        more=more,
        most=MOST_LINES,
        pairs=pairs,
        left=left,
        lost=lost,
        absent=absent,
        page_of=page_of,
        at_once=AT_ONCE,
    )


def page_of(student: str, lesson: str) -> str:
    return link("feedback", student, lesson, f"{lesson}.html")


def _row(
    student: str, of_student: Mapping[str, Marked], lessons: Sequence[str], people: People | None
) -> dict[str, object]:
    person = people.get(student) if people else None
    return {
        "id": student,
        "name": person.name if person and person.name != student else "",
        "cells": [
            (lesson, of_student[lesson].points if lesson in of_student else None) for lesson in lessons
        ],
        "total": sum(marked.points for marked in of_student.values()),
        "looks": sum(len(marked.flags) for marked in of_student.values()),
    }


def _script() -> str:
    """Return DataTables, as the itables package brings it, and what starts it: nothing is fetched from elsewhere."""
    bundle = _library("dt_bundle.js")
    exported = re.search(r"export\s*\{([^{}]*)\}", bundle)
    names = dict(part.strip().split(" as ")[::-1] for part in exported[1].split(",")) if exported else {}
    start = _START % (PAGED, PAGED)
    return f"{bundle}\n{start}".replace("ITABLE", names.get("ITable", "ITable")).replace(
        "</script", "<\\/script"
    )


@cache
def _library(name: str) -> str:
    found = find_spec("itables")  # its files are wanted, not its import, which brings pandas
    if found is None or not found.submodule_search_locations:
        return ""
    return (Path(found.submodule_search_locations[0]) / "html" / name).read_text(encoding="utf-8")
