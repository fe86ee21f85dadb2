"""What a student's commands do and print: open the lab, count points, bring new versions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from helper.checking.progress import Reached, is_damaged
from helper.course import CourseError
from helper.desk.page import check_points, reached
from helper.desk.places import START, course_of, find_desk
from helper.desk.update import lay_out, release_untouched

SETTINGS = Path(__file__).parent / "jupyter"  # JupyterLab without the instructor's tools, and quiet


def lab(lesson: str, browser: bool) -> int:
    """Lay the lessons out and open JupyterLab on the start page, or on one lesson. Does not return while it runs."""
    desk = find_desk()
    for sentence in lay_out(desk):
        print(sentence)
    stem = desk.known(lesson) if lesson else START if START in desk.lessons else ""
    if stem and not desk.notebook(stem).exists():
        raise CourseError(f"{desk.notebook(stem)} is missing: is {desk.work} a folder you may write to?")
    words = [sys.executable, "-m", "jupyterlab"]
    words += [f"--LabApp.default_url=/lab/tree/{stem}/{stem}.ipynb"] if stem else []
    words += ["--log-level=ERROR", "--LabApp.extension_manager=readonly"]
    words.append(
        "--KernelManager.transport_encryption=auto"
    )  # else each kernel warns that others might listen in
    words += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")  # in a container everybody is root
    os.environ.update(lab_environment())
    try:
        os.chdir(desk.work)
    except OSError as error:
        raise CourseError(
            f"{desk.work} cannot be opened ({error.strerror}): change into a folder you may write to."
        ) from error
    if os.name == "nt":  # there, exec would give the terminal back while the lab still runs
        return subprocess.run(words, check=False).returncode
    os.execv(sys.executable, words)


def lab_environment() -> dict[str, str]:
    """Return what JupyterLab is started with: the student's settings, and `course` on the path of every kernel."""
    from helper.nbgrading import exchange

    config = [os.environ.get("JUPYTER_CONFIG_PATH", "")]
    if not exchange.is_set_up():
        config.insert(0, str(SETTINGS))
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, config)),
        "PATH": os.pathsep.join(filter(None, path)),
    }


def update() -> int:
    """Fetch the course's new version, if it is a clone, and bring it to the desk with the answers in it."""
    desk = find_desk()
    console = Console(highlight=False, soft_wrap=True)
    said = lay_out(desk)  # first: it takes along answers that a pull would meet in notebooks/
    course = course_of(desk)
    if course and (course.root / ".git").exists():
        said.append(_pull(course.root))
        said += lay_out(desk)
    for sentence in said or ["Every lesson on the desk is the newest there is here."]:
        console.print(escape(sentence))
    return 0


def progress() -> int:
    """Print the best points so far per lesson and exercise, with the last verdict beside them."""
    desk = find_desk()
    console = Console(highlight=False, soft_wrap=True)
    table = Table()
    for heading in ("lesson", "exercise", "best", "last verdict"):
        table.add_column(heading, justify="right" if heading == "best" else "left")
    earned = possible = 0.0
    for stem in desk.lessons:
        points = check_points(desk, stem)
        if not points:
            continue
        done = reached(desk, stem)
        for name, most in points.items():
            entry = done.get(name, Reached(0.0, "not yet run"))
            best = min(entry.best, most)
            earned, possible = earned + best, possible + most
            of = f"{round(best, 2):g} of {most:g}" if most else ""
            table.add_row(stem, name, of, entry.verdict)
        table.add_section()
    if not table.rows:
        raise CourseError(
            "There is no lesson here: run course lab, or change into the folder that holds the lessons."
        )
    console.print(table)
    console.print(f"{round(earned, 2):g} of {possible:g} points")
    for stem in desk.lessons:
        if is_damaged(desk.work / stem):
            console.print(
                f"{escape(str(desk.work / stem / 'progress.json'))} cannot be read, so that lesson counts as nothing "
                "yet: run its checks again; your answers are in the notebook."
            )
    return 0


def _pull(root: Path) -> str:
    if not shutil.which("git"):
        return "git is not installed, so no new version was looked for."
    release_untouched(root)
    try:
        done = subprocess.run(
            ["git", "pull", "--ff-only", "--quiet"],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "No new version could be fetched within five minutes: is there a network?"
    if done.returncode == 0:
        return "The course was brought up to date with git."
    reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it gave no reason")
    return f"git brought no new version ({reason.strip()}). Nothing of yours was changed."
