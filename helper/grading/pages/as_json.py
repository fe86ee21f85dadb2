"""Marks for programs. The form is described in JSON.md and held by marks.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helper.files import write_whole
from helper.grading.marking import Marked

Marks = Mapping[str, Mapping[str, Marked]]  # student -> lesson -> marks


def to_json(marks: Marks) -> dict[str, Any]:
    return {
        "students": {
            student: {lesson: _lesson(marked) for lesson, marked in sorted(of_student.items())}
            for student, of_student in sorted(marks.items())
        }
    }


def write_json(path: Path, marks: Marks) -> None:
    """Write what to_json returns, one student after another: of a large class the whole is never in memory."""
    write_whole(path, _parts(marks))


def _parts(marks: Marks) -> Iterator[str]:
    before = '{\n "students": {'
    for student in sorted(marks):
        one = json.dumps(to_json({student: marks[student]})["students"], ensure_ascii=False, indent=1)
        yield before + one[1:-2].replace("\n", "\n ")
        before = ","
    yield "\n }\n}\n" if before == "," else before + "}\n}\n"


def _lesson(marked: Marked) -> dict[str, Any]:
    flags = (*marked.oddities, *marked.flags)
    return {
        "points": marked.points,
        "max": marked.max,
        "flags": list(flags),
        "checks": {
            verdict.check: {
                "points": round(verdict.points, 2),
                "max": verdict.max,
                "verdict": verdict.verdict,
                "advice": list(verdict.advice),
                "flags": [flag for flag in flags if f'"{verdict.check}"' in flag],
            }
            for verdict in marked.verdicts
        },
    }
