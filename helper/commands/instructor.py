"""What an instructor's commands do and print."""

from __future__ import annotations

import json
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from helper.course import Course, CourseError
from helper.grading.classroom import Classroom
from helper.grading.example_class import differences, write_class
from helper.grading.grade import Graded, grade
from helper.grading.pages.as_json import to_json, write_json
from helper.grading.workers import Workers
from helper.sandbox.layers import sufficient
from helper.sandbox.probe import probe

INTERRUPTED = 130
WIDTH = 80  # columns that every terminal has
MOST_ROWS = 50  # of a table on the console; the report has all
MOST_LINES = 50  # of harmless notes on the console


def grade_class(
    course: Course,
    submissions: Path,
    classroom: Path,
    *,
    workers: int = 0,
    scheduler: str = "",
    certificates: Path | None = None,
    database: str = "",
    roster: Path | None = None,
    json_file: Path | None = None,
    sheet: Path | None = None,
    unsandboxed: bool = False,
) -> int:
    """Mark a class with a progress bar and print the marks. Returns the exit code.

    0: every submission has its marks; 1: something that may be somebody's work has none, the grader broke at one,
    or a mark differs from the sheet; 130: stopped by Ctrl-C.
    """
    console = Console(highlight=False, soft_wrap=True)
    if not scheduler:  # else each worker is asked
        _say_layers(console, unsandboxed)
    room = Classroom(classroom, course)
    wanted = _read_sheet(sheet) if sheet else None
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )

    def say(line: str) -> None:
        console.print(f"[yellow]{escape(line)}[/]")

    hands = Workers(workers, scheduler, unsandboxed=unsandboxed, certificates=certificates, say=say)
    with bar, hands:
        task = bar.add_task("reading", total=None)

        def tell(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        graded = grade(room, submissions, hands, database=database, roster=roster, progress=tell)
    if json_file:
        write_json(json_file, graded.marks)
    for lesson in sorted({lesson for of_student in graded.marks.values() for lesson in of_student}):
        _say_table(console, graded, lesson, wanted)
    _say_summary(console, graded, room, database)
    found = differences(wanted, to_json(graded.marks)) if wanted else []
    for line in found:
        console.print(f"[red]{escape(line)}[/]")
    if wanted and not found:
        console.print("Every mark equals the sheet.")
    return INTERRUPTED if graded.interrupted else 1 if found or graded.failed or graded.lost else 0


def write_marks(course: Course, classroom: Path, to: str, template: Path | None, lessons: list[str]) -> int:
    """Write what an LMS imports and the archives of feedback that it takes. Returns the exit code."""
    from helper.grading.back import write_back

    console = Console(highlight=False, soft_wrap=True)
    written = write_back(Classroom(classroom, course), to, template, lessons)
    for path, what in written.files:
        console.print(f"{escape(str(path))}: {escape(what)}")
    for line in written.lost:
        console.print(f"[red]{escape(line)}[/]")
    return 1 if written.lost else 0


def example_class(course: Course, directory: Path, students: int, seed: int, lessons: list[str]) -> int:
    """Write an example class into a classroom folder. Returns the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    room = Classroom(directory, course)
    with console.status("composing") as status:
        sheet = write_class(room, students, seed, lessons, lambda text: status.update(f"composing {text}"))
    console.print(f"{students} students wrote into {room.submitted}; the marks they must get are in {sheet}.")
    return 0


def _say_layers(console: Console, unsandboxed: bool) -> None:
    if unsandboxed:
        console.print("[yellow]Without a sandbox: student code can read and change whatever you can.[/]")
        return
    layers = probe()
    missing = [layer for layer in layers if not layer.available]
    if not sufficient(layers):
        reasons = "; ".join(f"{layer.name}: {layer.why_not}" for layer in missing)
        raise CourseError(
            f"This machine cannot keep student code apart ({reasons}). Mark on a Linux machine that can, or say "
            "--unsandboxed if you trust every submission."
        )
    console.print("Sandbox: " + ", ".join(layer.name for layer in layers if layer.available))
    for layer in missing:
        console.print(f"[dim]Not here, and covered by another layer: {layer.name}[/]")


def _read_sheet(path: Path) -> dict[str, dict[str, object]]:
    try:
        data: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
        return {"students": data["students"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{path} is not a sheet of marks: write one with course example-class.") from error


def _say_table(
    console: Console, graded: Graded, lesson: str, wanted: dict[str, dict[str, object]] | None
) -> None:
    students = [student for student in sorted(graded.marks) if lesson in graded.marks[student]]
    rows = {student: graded.marks[student][lesson] for student in students[:MOST_ROWS]}
    first = next(iter(rows.values()))
    legend = "  ".join(f"{number} {verdict.check}" for number, verdict in enumerate(first.verdicts, 1))
    table = Table(title=lesson, caption=legend, caption_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("student", no_wrap=True, overflow="ellipsis", max_width=30)
    for number in range(1, len(first.verdicts) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column("total", justify="right", no_wrap=True)
    if wanted:
        table.add_column("sheet", justify="right", no_wrap=True)
    for student, marked in rows.items():
        cells = [f"{round(verdict.points, 2):g}" for verdict in marked.verdicts]
        table.add_row(escape(student), *cells, f"{marked.points:g}", *_wanted(wanted, student, lesson))
    console.print(table, width=WIDTH, soft_wrap=False)
    if len(students) > len(rows):
        console.print(f"… and {len(students) - len(rows)} more: see the report.")


def _wanted(wanted: dict[str, dict[str, object]] | None, student: str, lesson: str) -> list[str]:
    if not wanted:
        return []
    of_student = wanted["students"].get(student)
    entry = of_student.get(lesson) if isinstance(of_student, dict) else None
    return [f"{entry['points']:g}" if entry else "-"]


def _say_summary(console: Console, graded: Graded, room: Classroom, database: str) -> None:
    count = sum(len(of_student) for of_student in graded.marks.values())
    console.print(
        f"{count} submissions have marks: {graded.marked} marked now, {graded.reused} known before."
    )
    flagged = sum(
        bool(marked.flags) for of_student in graded.marks.values() for marked in of_student.values()
    )
    if flagged:
        console.print(f"{flagged} to look at: see the report.")
    for name, reason in graded.failed.items():
        console.print(f"[red]{escape(name)} has no marks, because the grader broke: {escape(reason)}[/]")
    for line in graded.lost:
        console.print(f"[red]{escape(line)}[/]")
    for line in graded.left[:MOST_LINES]:
        console.print(f"[yellow]{escape(line)}[/]")
    if len(graded.left) > MOST_LINES:
        console.print(f"[yellow]… and {len(graded.left) - MOST_LINES} more notes: see the report.[/]")
    if graded.absent:
        console.print(
            f"On the roster, and handed in nothing: {escape(', '.join(graded.absent[:20]))}"
            + (f" and {len(graded.absent) - 20} more" if len(graded.absent) > 20 else "")
            + "."
        )
    console.print(f"Feedback:  {room.feedback}\nReport:    {room.root / 'report.html'}")
    console.print(f"Gradebook: {'the database given' if database else room.root / 'gradebook.db'}")
    if graded.interrupted:
        console.print("Stopped by Ctrl-C; run it again to mark the rest.")
