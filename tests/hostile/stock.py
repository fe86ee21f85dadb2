"""Mark the hostile miniature submissions with stock nbgrader, each alone, and print a table.

    python tests/hostile/stock.py [NAME ...]

Stock means nbgrader's own steps and an ordinary kernel, hidden asserts that ask what the checks ask, and a fresh
copy of the course for each submission, so that none can harm another. Those that would take the whole machine are
left out, with the reason. Each run has a time limit, and a process namespace of its own where the machine has them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from submissions import HONEST, HOSTILE, Hostile, notebook

LESSON = "01_mean"
SECONDS = 150
CELL_SECONDS = 10
NBGRADER = str(Path(sys.executable).with_name("nbgrader"))
CONFIG = f"""
c = get_config()
c.CourseDirectory.course_id = "stock"
c.ClearSolutions.code_stub = {{"python": "raise NotImplementedError()"}}
c.Execute.timeout = {CELL_SECONDS}
"""
ANSWER = """def mean_square(x):
    ### BEGIN SOLUTION
    return (x * x).mean()
    ### END SOLUTION
"""
CHOOSE = 'exit_mean = ...\n### BEGIN SOLUTION\nexit_mean = "b"\n### END SOLUTION'
CHOSEN = '### BEGIN HIDDEN TESTS\nassert exit_mean == "b"\n### END HIDDEN TESTS'
ASK = """
import torch
### BEGIN HIDDEN TESTS
x = torch.randn(3, 5)
torch.testing.assert_close(mean_square({asked}), ({asked} * {asked}).mean())
### END HIDDEN TESTS
"""
CELLS = [
    ("setup_1", {"locked": True}, "import torch\nfrom torch import Tensor"),
    ("mean_square", {"solution": True}, ANSWER),
    ("check_mean_square_1", {"grade": True, "points": 0.5}, ASK.format(asked="x")),
    ("check_mean_square_2", {"grade": True, "points": 0.5}, ASK.format(asked="2 + x[:1, :1].abs()")),
    ("check_mean_square", {"grade": True, "points": 2}, ASK.format(asked="1000 * x")),
    ("exit_mean", {"solution": True}, CHOOSE),
    ("check_exit_mean", {"grade": True, "points": 1}, CHOSEN),
]


def main(wanted: list[str]) -> None:
    everybody = [*HOSTILE, *HONEST.values()]
    chosen = [member for member in everybody if not wanted or member.name in wanted]
    with tempfile.TemporaryDirectory(prefix="stock-") as name:
        master = Path(name) / "master"
        _write_course(master)
        runnable = [member for member in chosen if not member.not_in_stock]
        with ThreadPoolExecutor(2) as pool:
            results = dict(
                zip(
                    [member.name for member in runnable],
                    pool.map(lambda member: _mark(master, member), runnable),
                    strict=True,
                )
            )
    print("| what it tries | deserved | stock nbgrader | here |")
    print("|---|---|---|---|")
    for member in chosen:
        stock = results.get(member.name, f"not run: {member.not_in_stock}")
        print(
            f"| `{member.name}` {member.tries} | {member.points:g} | {stock} | {member.points:g}, {_words(member)} |"
        )


def _words(member: Hostile) -> str:
    told = ", told" if member.flag else ""
    return f"{member.verdicts[0]} / {member.verdicts[1]}{told}"


def _write_course(root: Path) -> None:
    cells = [_cell(*parts) for parts in CELLS]
    folder = root / "source" / LESSON
    folder.mkdir(parents=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    data = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    (folder / f"{LESSON}.ipynb").write_text(json.dumps(data))
    (root / "nbgrader_config.py").write_text(CONFIG)
    subprocess.run(
        [NBGRADER, "generate_assignment", LESSON],
        cwd=root,
        env=_environment(),
        check=True,
        capture_output=True,
    )


def _cell(name: str, marks: dict[str, Any], source: str) -> dict[str, Any]:
    locked = not marks.get("solution")
    plain = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": locked}
    plain["task"] = False
    return {"cell_type": "code", "id": name, "metadata": {"nbgrader": plain | marks}, "source": source, "outputs": [],
            "execution_count": None}  # fmt: skip


def _mark(master: Path, member: Hostile) -> str:
    """Mark one submission in a fresh copy, beside an honest classmate, and say what became of it."""
    with tempfile.TemporaryDirectory(prefix="stock-", ignore_cleanup_errors=True) as name:
        root = Path(name) / "course"
        shutil.copytree(master, root)
        canary = Path(name) / "canary"
        canary.write_text("canary 4711\n")
        room = Path(name) / "class"
        room.mkdir()
        places = {
            "@COURSE@": str(root), "@ROOM@": str(root), "@TMP@": str(canary), "@HOME@": str(canary),
            "@OTHER@": str(root / "submitted" / "zz-honest" / LESSON / f"{LESSON}.ipynb"), "@PORT@": "9",
            "@ABSTRACT@": "nobody", "@MARK@": "stock-mark",
        }  # fmt: skip
        released = json.loads((root / "release" / LESSON / f"{LESSON}.ipynb").read_text())
        for student in (member, Hostile("zz-honest", "", 4.0)):
            path = root / "submitted" / student.name / LESSON / f"{LESSON}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(notebook(released, student, places)))
        honest = Path(places["@OTHER@"]).read_bytes()
        code = _run_alone(root, name)
        score, classmate = _score(root, member.name), _score(root, "zz-honest")
        notes = [] if code == 0 else ["time-out" if code is None else f"exit code {code}"]
        if classmate != "4":
            notes.append(f"classmate {classmate} of 4")
        touched = not canary.exists() or "4711" not in canary.read_text() or Path(f"{canary}.owned").exists()
        if touched or Path(places["@OTHER@"]).read_bytes() != honest:
            notes.append("others' files changed")
        outputs = _outputs(root, member.name)
        if re.search(r"canary 4711|BEGIN SOLUTION|SQLite format 3", outputs):
            notes.append("solution or others' work read")
        elif "assert_close(mean_square(" in outputs:
            notes.append("hidden test shown")
        if _live_script(root, member.name):
            notes.append("script lives in the feedback")
        return "; ".join([score, *notes])


def _environment() -> dict[str, str]:
    beside_python = str(Path(sys.executable).parent)
    return os.environ | {"PATH": f"{beside_python}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


def _run_alone(root: Path, temporary: str) -> int | None:
    words = [NBGRADER, "autograde", LESSON]
    apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--net"]
    if (
        shutil.which("unshare")
        and subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0
    ):
        # A kernel and nbgrader talk by the loopback device, which a new network has, but not up.
        words = [*apart, "sh", "-c", 'ip link set lo up 2>/dev/null || true; "$@"; exit $?', "sh", *words]
    environ = _environment() | {"TMPDIR": temporary, "HOME": temporary}
    process = subprocess.Popen(
        words,
        cwd=root,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(SECONDS)
        if code == 0:
            feedback = [NBGRADER, "generate_feedback", LESSON]
            subprocess.run(feedback, cwd=root, env=environ, capture_output=True, timeout=SECONDS, check=False)
        return code
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        return None


def _score(root: Path, student: str) -> str:
    query = """
        select sum(coalesce(grade.manual_score, grade.auto_score)), count(grade.auto_score), count(*) from grade
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        where submitted_assignment.student_id = ?"""
    try:
        with sqlite3.connect(root / "gradebook.db") as base:
            total, known, cells = base.execute(query, (student,)).fetchone()
    except sqlite3.Error as error:
        return f"no mark ({error})"
    if not known:
        return "no mark"
    return f"{total:g}" + (f" ({cells - known} of {cells} cells without a mark)" if known < cells else "")


def _texts(root: Path, student: str) -> Iterator[str]:
    for folder in ("autograded", "feedback"):
        for path in (root / folder / student).rglob("*"):
            if path.suffix in (".ipynb", ".html"):
                yield path.read_text("utf-8", "replace")


def _outputs(root: Path, student: str) -> str:
    notebooks = [json.loads(text) for text in _texts(root, student) if text.startswith("{")]
    return json.dumps([cell.get("outputs") for notebook in notebooks for cell in notebook["cells"]])


def _live_script(root: Path, student: str) -> bool:
    return any(
        "document.title=" in html and re.search(r"<script>document\.title", html)
        for html in _texts(root, student)
        if not html.startswith("{")
    )


if __name__ == "__main__":
    main(sys.argv[1:])
