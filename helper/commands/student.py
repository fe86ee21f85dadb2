"""What a student's commands do: open the lab, look after the installation, count points."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from helper.checking.progress import read_progress
from helper.course import Course, CourseError

NEEDED_MB = 500


def lab(course: Course, lesson: str, browser: bool) -> int:
    """Open JupyterLab on the notebooks, or on one lesson. Does not return while it runs."""
    target = course.notebooks
    if lesson:
        target = course.notebooks / lesson / f"{lesson}.ipynb"
        if not target.exists():
            known = ", ".join(path.parent.name for path in sorted(course.notebooks.glob("*/key.json")))
            raise CourseError(f'There is no lesson "{lesson}": the lessons are {known}.')
    words = [
        sys.executable,
        "-m",
        "jupyterlab",
        str(target.relative_to(course.notebooks)),
        "--log-level=WARN",
    ]
    # Offline is a normal state: nothing is asked of the network, no question about news comes up.
    words.append("--LabApp.extension_manager=readonly")
    _no_news()
    words += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")  # in a container everybody is root
    os.chdir(course.notebooks)
    os.execv(sys.executable, words)


def doctor(course: Course) -> int:
    """Check the installation; each problem names its cure. Returns 1 if something needs one."""
    console = Console(highlight=False, soft_wrap=True)
    problems = 0
    for fine, text in _findings(course):
        problems += not fine
        console.print(f"{'[green]✓[/]' if fine else '[yellow]✗[/]'} {escape(text)}")
    console.print("Everything is in order." if not problems else f"{problems} to mend.")
    return 1 if problems else 0


def progress(course: Course) -> int:
    """Print the points so far per lesson and exercise, as the checks last said."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table()
    for heading in ("lesson", "exercise", "points", "last verdict"):
        table.add_column(heading, justify="right" if heading == "points" else "left")
    earned = possible = 0.0
    for folder in sorted(path.parent for path in course.notebooks.glob("*/key.json")):
        checks = json.loads((folder / "key.json").read_text(encoding="utf-8"))["checks"]
        done = read_progress(folder)
        for name, check in checks.items():
            points, verdict = done.get(name, (0.0, "not yet run"))
            earned, possible = earned + points, possible + check["points"]
            table.add_row(folder.name, name, f"{points:g} of {check['points']:g}", verdict)
        table.add_section()
    console.print(table)
    console.print(f"{round(earned, 2):g} of {possible:g} points")
    return 0


def _no_news() -> None:
    """Switch off the extension that asks for news, in this environment only, unless somebody configured it."""
    place = Path(sys.prefix) / "etc" / "jupyter" / "labconfig" / "page_config.json"
    if place.exists():
        return
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(
            json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
        )


def _findings(course: Course) -> Iterator[tuple[bool, str]]:
    version = platform.python_version()
    yield (
        sys.version_info >= (3, 11),
        f"Python {version}; 3.11 or newer is needed: install it from python.org.",
    )
    pinned = dict(
        line.split("==")
        for line in (course.root / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    for name in ("torch", "torchvision", "nbgrader", "jupyterlab", "matplotlib", "mlxtend"):
        yield _installed(name, pinned.get(name, ""))
    for folder in sorted(path for path in course.notebooks.iterdir() if path.is_dir()):
        whole = (folder / "key.json").exists() and (folder / f"{folder.name}.ipynb").exists()
        text = (
            "notebook and key"
            if whole
            else "a file is missing: get the folder again (git checkout notebooks)"
        )
        yield whole, f"{folder.name}: {text}"
    try:
        import shutil

        free = shutil.disk_usage(course.root).free // 2**20
        yield free > NEEDED_MB, f"{free} MB of disk are free; {NEEDED_MB} are needed: make room."
    except OSError as error:
        yield False, f"the disk cannot be asked: {error.strerror}"
    yield from _layers()


def _installed(name: str, pinned: str) -> tuple[bool, str]:
    try:
        found = str(getattr(importlib.import_module(name), "__version__", "?")).split("+")[0]
    except Exception as error:  # a broken library can fail in any way
        return False, f"{name} does not load ({type(error).__name__}): remove .venv and run make lab"
    if pinned and found != pinned:
        return False, f"{name} {found} is not the tested {pinned}: remove .venv and run make lab"
    return True, f"{name} {found}"


def _layers() -> Iterator[tuple[bool, str]]:
    """Say which layers of the sandbox hold; only instructors need them, and one missing may be covered."""
    from helper.sandbox.confine import probe, sufficient

    layers = probe()
    enough = sufficient(layers)
    names = ", ".join(layer.name for layer in layers if layer.available) or "none"
    text = "enough to mark others' work" if enough else "too little to mark others' work (students need none)"
    yield enough or sys.platform != "linux", f"sandbox: {names}; {text}"
    for layer in layers:
        if not layer.available:
            yield True, f"sandbox, not here: {layer.name} ({layer.why_not})"
