"""What `course submit` does and prints: a run from the top, what would be marked, one notebook to hand in."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from helper.checking.panel import to_text
from helper.course import CourseError
from helper.desk import cells, hand_in
from helper.desk.cells import Notebook
from helper.desk.page import check_points
from helper.desk.places import Desk, find_desk
from helper.desk.rehearse import AGAIN, only_marked, rehearse
from helper.judging.verdict import NOT_ATTEMPTED, RIGHT, Verdict


def submit(wanted: Sequence[str]) -> int:
    """Rehearse lessons and write what to hand in. A lesson that is not right yet is written too, and told.

    wanted: stems or numbers; without any the lesson of the working folder, or all that somebody worked in.
    """
    desk = find_desk()
    console = Console(highlight=False, soft_wrap=True)
    for stem in _chosen(desk, wanted):
        _submit(console, desk, stem)
    return 0


def _chosen(desk: Desk, wanted: Sequence[str]) -> list[str]:
    if wanted:
        stems = [desk.known(name) for name in wanted]
    elif (Path.cwd() / "key.json").exists() and Path.cwd().parent.resolve() == desk.work.resolve():
        stems = [Path.cwd().name]
    else:
        stems = [stem for stem in desk.lessons if _is_worked_in(desk, stem)]
        if not stems:
            raise CourseError(f"No answer was found in {desk.work}: save your notebook, or name the lesson.")
    for stem in stems:
        if not desk.notebook(stem).exists():
            raise CourseError(f"{desk.notebook(stem)} is missing: run course lab once, and work there.")
        points = check_points(desk, stem)
        if points and not any(points.values()):
            if wanted:
                raise CourseError(f"{stem} has no points: there is nothing to hand in.")
            stems = [other for other in stems if other != stem]
    return stems


def _is_worked_in(desk: Desk, stem: str) -> bool:
    path = desk.notebook(stem)
    try:
        return path.exists() and cells.holds_work(cells.read(path))
    except CourseError:
        return False


def _submit(console: Console, desk: Desk, stem: str) -> None:
    path = desk.notebook(stem)
    notebook = cells.read(path)
    saved = datetime.fromtimestamp(path.stat().st_mtime).strftime("%H:%M on %d %B")
    console.print(f"[bold]{stem}[/], as saved at {saved}")
    with console.status("running it from the top, as it stands"):
        whole = rehearse(notebook, path.parent)
    key = AGAIN if (path.parent / AGAIN).exists() else "key.json"
    with console.status("running what is marked, with other inputs"):
        again = rehearse(only_marked(notebook), path.parent, key)
    for first, error in whole.stopped:
        console.print(f"[yellow]![/] A cell stops with {escape(error)}\n    {escape(first)}")
    here = {verdict.check: verdict for verdict in whole.verdicts}
    marked = {verdict.check: verdict for verdict in again.verdicts}
    points = check_points(desk, stem)
    for name in points:
        _tell(console, name, here.get(name), marked.get(name))
    earned = sum(verdict.points for name, verdict in marked.items() if name in points)
    console.print(f"Would be marked: {round(earned, 2):g} of {sum(points.values()):g} points")
    target = _write(desk, stem, whole.notebook)
    console.print(f"To hand in: {escape(str(target))}")
    _through_exchange(console, target)


def _tell(console: Console, name: str, here: Verdict | None, marked: Verdict | None) -> None:
    """Say what a check would be marked, and if it is not right why, in the panel's words."""
    if marked is None:
        console.print(f"✗ {name}: its check did not run. Is its cell still in the notebook?")
        return
    if marked.verdict == RIGHT:
        console.print(f"✓ {name}: {marked.points:g} of {marked.max:g}")
        return
    if marked.verdict == NOT_ATTEMPTED:
        console.print(f"○ {name}: not attempted")
        return
    known = here is not None and here.verdict != RIGHT and here.points == marked.points
    console.print(
        escape(to_text(here if here is not None and known else marked))
    )  # practice knows mistakes by name
    if here is not None and here.verdict == RIGHT:
        console.print(
            "  In your notebook it is right. It was run again with other inputs and without the worked examples: "
            "does it lean on one of them, or on numbers that hold for one set of inputs only?"
        )


def _write(desk: Desk, stem: str, notebook: Notebook) -> Path:
    target = hand_in.place(desk) / f"{stem}.ipynb"
    cells.write(target, hand_in.stamped(notebook))
    return target


def _through_exchange(console: Console, path: Path) -> None:
    """Hand in through nbgrader's exchange, if there is one."""
    from helper.nbgrading import exchange

    if not exchange.is_set_up():
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / path.stem
        folder.mkdir()
        (folder / path.name).write_bytes(path.read_bytes())
        said = exchange.submit(path.stem, Path(name))
    if said:
        console.print(f"nbgrader's exchange did not take it ({escape(said)}): hand in the file above.")
    else:
        console.print("Handed in through nbgrader's exchange.")
