"""Many submissions through everything but marking: scheduler, ledger, gradebook in PostgreSQL, pages, report.

The workers answer at once (instant.py), so what is seen is what all the rest costs, and how much memory it holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from helper.bench.database import postgresql
from helper.bench.instant import ANSWERS
from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class
from helper.grading.grade import rehearsal
from helper.grading.keys import lesson_text
from helper.grading.workers import Workers, close_runners, rehearse
from helper.sandbox.limits import Limits

KINDS = 12  # submissions that are really written and marked
WORKERS, THREADS = 2, 16
_LOOK_EVERY = 1.0  # seconds


@dataclass(frozen=True)
class Look:
    """One look at the grader while it works. held: MB; scheduler: MB that it holds; done: lines in the ledger.

    spent: the grader's processor time so far, in seconds, which other people's work on the machine does not change.
    """

    seconds: float
    done: int
    held: float
    scheduler: float
    spent: float


@dataclass(frozen=True)
class Simulated:
    """What a simulation cost. gradebook, classroom: MB on the disk; report: MB of the page."""

    submissions: int
    seconds: float
    code: int
    looks: tuple[Look, ...]
    gradebook: float
    classroom: float
    ledger: float
    report: float


def simulate(course: Course, lesson: str, count: int, place: Path, tell: Callable[[str], None]) -> Simulated:
    """Mark `count` submissions of one lesson with workers that answer at once. place: an empty folder."""
    room = Classroom(place / "class", course)
    tell("preparing")
    answers = place / "answers.json"
    _prepare(room, lesson, answers)
    _hand_in(room, lesson, count)
    with ExitStack() as stack:
        url = stack.enter_context(postgresql())
        scheduler, address = stack.enter_context(_scheduler())
        for _ in range(WORKERS):
            stack.enter_context(_worker(address, answers, place))
        command = [
            sys.executable,
            "-m",
            "helper.cli",
            "grade",
            str(place / "in"),
            "--classroom",
            str(room.root),
        ]
        begun = time.monotonic()
        with (place / "log").open("wb") as log:
            grader = stack.enter_context(
                _process(
                    [*command, "--scheduler", address, "--database", url],
                    cwd=course.root,
                    stdout=log,
                    stderr=log,
                )
            )
            looks = tuple(_watch(grader, scheduler, room, begun, tell))
        seconds = time.monotonic() - begun
        gradebook = _database_size(url)
    return Simulated(
        count,
        seconds,
        grader.returncode,
        looks,
        gradebook,
        sum(path.stat().st_size for path in room.root.rglob("*") if path.is_file()) / 2**20,
        (room.trusted / "ledger.jsonl").stat().st_size / 2**20,
        (room.root / "report.html").stat().st_size / 2**20 if (room.root / "report.html").exists() else 0.0,
    )


def _prepare(room: Classroom, lesson: str, answers: Path) -> None:
    """Mark a small class really, and keep its marks for the workers that answer at once."""
    from helper.grading.grade import grade
    from helper.grading.ledger import Ledger

    write_class(room, KINDS, only=[lesson])
    with Workers() as hands:
        grade(room, room.submitted, hands)
    lines = (room.trusted / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(Ledger(room.trusted / "ledger.jsonl")) == KINDS
    text = lesson_text(room.course.solutions, lesson)
    asked = rehearsal(room, lesson)
    told = rehearse({"": text}, lesson, asked.notebook, asked.key.seed, False, Limits().__dict__)
    close_runners()
    marked = [json.loads(line)["marked"] for line in lines]
    answers.write_text(json.dumps({"marked": marked, "rehearsal": told}), encoding="utf-8")


def _hand_in(room: Classroom, lesson: str, count: int) -> None:
    kinds = [path.read_bytes() for path in sorted(room.submitted.rglob("*.ipynb"))]
    for number in range(count):
        folder = room.root.parent / "in" / f"student-{number:07}" / lesson
        folder.mkdir(parents=True)
        (folder / f"{lesson}.ipynb").write_bytes(kinds[number % len(kinds)])


def _watch(
    grader: subprocess.Popen[bytes],
    scheduler: subprocess.Popen[bytes],
    room: Classroom,
    begun: float,
    tell: Callable[[str], None],
) -> Iterator[Look]:
    ledger = room.trusted / "ledger.jsonl"
    line = max(1, ledger.stat().st_size // KINDS)
    before = ledger.stat().st_size
    while grader.poll() is None:
        done = (ledger.stat().st_size - before) // line
        held, of_scheduler = (
            psutil.Process(process.pid).memory_info().rss / 2**20 for process in (grader, scheduler)
        )
        spent = sum(psutil.Process(grader.pid).cpu_times()[:2])
        look = Look(time.monotonic() - begun, done, held, of_scheduler, spent)
        tell(
            f"{look.seconds:.0f} s, {done} marked, grader {look.held:.0f} MB, scheduler {look.scheduler:.0f} MB"
        )
        yield look
        time.sleep(_LOOK_EVERY)


@contextmanager
def _scheduler() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with _process([sys.executable, "-m", "distributed.cli.dask_scheduler", *words]) as process:
        yield process, f"tcp://127.0.0.1:{port}"


@contextmanager
def _worker(address: str, answers: Path, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [
        address,
        "--nthreads",
        str(THREADS),
        "--no-dashboard",
        "--no-nanny",
        "--preload",
        "helper.bench.instant",
    ]
    words += ["--local-directory", str(place)]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", *words]
    with _process(command, env=os.environ | {ANSWERS: str(answers)}) as process:
        yield process


@contextmanager
def _process(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    process: subprocess.Popen[bytes] = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _database_size(url: str) -> float:
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.connect() as connection:
        size = connection.execute(text("select pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return float(size) / 2**20
