"""Measure what the documents say of speed, each beside what it is compared with, in one run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from helper.authoring.build import compose
from helper.bench import desk, site
from helper.course import Course, CourseError
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class
from helper.lessons.lesson import read
from helper.nbgrading import metadata
from helper.nbgrading.release import put_tools_on_path

if TYPE_CHECKING:
    from torch import Tensor

LESSON = "02_cross_entropy"
COMPARED = 40
FEW = 8  # submissions from which the cost of one more is reckoned
STEADY = 200
SHARED = "helper.bench.shared_questions"
ROUNDS = 2  # in turn, and the better one of each counts
MOST_FOR_OWN = 0.15
LOOP_OF_07 = "The loop of lesson 07, SGD, lr 0.003, batch 64"

# The comparison with nbgrader as it comes: the same cells that marks depend on, in an ordinary kernel, the points
# as the value of each check cell.
CATCH = "\nfrom helper.checking import panel\n_shown = []\npanel.show = lambda verdict, *_: _shown.append(verdict)"
POINTS = "\n_shown[-1].points"
STOCK_CONFIG = """c = get_config()
c.CourseDirectory.source_directory = "source"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
"""


@dataclass(frozen=True)
class Spent:
    """What a command cost. seconds: wall; cpu: seconds of all its processes."""

    seconds: float
    cpu: float


def run(course: Course, sizes: Sequence[int]) -> int:
    """Print every measurement. Returns 1 if a promised ratio is missed."""
    console = Console(highlight=False, soft_wrap=True)
    missed = 0
    missed += desk.run(console, course)
    missed += site.run(console, course)
    missed += _loaders(console)
    missed += _verdict(console, course)
    missed += _against_stock(console, course)
    missed += _own_questions(console, course)
    _growth(console, course, sizes)
    _recorded(console, course)
    return 1 if missed else 0


def _loaders(console: Console) -> bool:
    from helper.bench.loaders import loader_speed

    speed = loader_speed()
    console.print(
        f"One epoch of 784-128-64-10 on 3,000 digits: classical loader {speed['classical']:.3f} s, from memory "
        f"{speed['memory']:.3f} s; ratio {speed['ratio']:.1f} (promised: 5)"
    )
    return speed["ratio"] < 5


def _verdict(console: Console, course: Course) -> bool:
    """Time what a check costs beyond the student's own code: reading the key, judging, drawing the panel."""
    from helper.checking.panel import to_html
    from helper.judging.judge import judge
    from helper.judging.key import Key
    from helper.lessons.stage import Stage

    stage = Stage(read(course.solutions, LESSON))
    evidence = {name: stage.evidence(name, None, "practice").evidence for name in stage.lesson.checks}
    begun = time.perf_counter()
    key = Key.load(course.notebooks / LESSON / "key.json")
    loaded = time.perf_counter()
    for name, check in key.checks.items():
        to_html(judge(evidence[name], check, key.lesson))
    each = (time.perf_counter() - loaded) / len(key.checks)
    total = 1000 * (loaded - begun + each)
    console.print(
        f"A verdict: {1000 * each:.1f} ms, and once {1000 * (loaded - begun):.1f} ms for the key (promised: 50)"
    )
    return total > 50


def _against_stock(console: Console, course: Course) -> bool:
    """Mark the same submissions with nbgrader as it comes and with `course grade`.

    Each begins with a small class, so that neither has to fetch the libraries from a disk that forgot them.
    """
    with tempfile.TemporaryDirectory() as name:
        rooms = {size: Classroom(Path(name) / f"class-{size}", course) for size in (FEW, COMPARED, STEADY)}
        for size, room in rooms.items():
            write_class(room, size, only=[LESSON])
        stock: dict[int, Spent] = {}
        ours: dict[int, Spent] = {}
        marks: dict[str, dict[str, float]] = {}
        for size in (FEW, COMPARED):
            stock[size], marks["stock"] = _stock(course, rooms[size], Path(name) / f"stock-{size}")
        for size in (FEW, COMPARED):
            ours[size], marks["ours"] = _ours(course, rooms[size])
        ours[STEADY], _ = _ours(course, rooms[STEADY])
    equal = marks["stock"] == marks["ours"]
    whole = stock[COMPARED].seconds / ours[COMPARED].seconds
    further_stock = (stock[COMPARED].seconds - stock[FEW].seconds) / (COMPARED - FEW)
    further_ours = (ours[STEADY].seconds - ours[COMPARED].seconds) / (STEADY - COMPARED)
    cpu = (ours[STEADY].cpu - ours[COMPARED].cpu) / (STEADY - COMPARED)
    console.print(
        f"{COMPARED} submissions of {LESSON}, start-up included: nbgrader as it comes {stock[COMPARED].seconds:.1f} s, "
        f"course grade {ours[COMPARED].seconds:.1f} s; ratio {whole:.1f} (promised: 15); marks "
        f"{'equal' if equal else 'DIFFER'}"
    )
    console.print(
        f"One further submission: nbgrader {further_stock:.2f} s, course grade {further_ours:.3f} s "
        f"({cpu:.3f} s of processor); ratio {further_stock / further_ours:.1f} (promised: 25)"
    )
    return not equal or whole < 15 or further_stock / further_ours < 25


def _own_questions(console: Console, course: Course) -> bool:
    """Mark two classes as it is done, and with the same questions for everybody, in turn: what do own ones cost?"""
    further: dict[str, list[Spent]] = {"helper.cli": [], SHARED: []}
    for _ in range(ROUNDS):
        for module, costs in further.items():
            spent = {}
            for size in (COMPARED, STEADY):
                with tempfile.TemporaryDirectory() as name:
                    room = Classroom(Path(name), course)
                    write_class(room, size, only=[LESSON])
                    spent[size], _ = _ours(course, room, module)
            more = STEADY - COMPARED
            seconds = (spent[STEADY].seconds - spent[COMPARED].seconds) / more
            costs.append(Spent(seconds, (spent[STEADY].cpu - spent[COMPARED].cpu) / more))
    own, shared = (min(costs, key=lambda spent: spent.cpu) for costs in further.values())
    growth = own.cpu / shared.cpu - 1
    console.print(
        f"Questions of its own for each submission: {1000 * own.cpu:.0f} ms of processor for one more, with the same "
        f"for everybody {1000 * shared.cpu:.0f}; {growth:+.0%} (promised: at most {MOST_FOR_OWN:.0%}), time "
        f"{own.seconds / shared.seconds - 1:+.0%}"
    )
    return growth > MOST_FOR_OWN


def _growth(console: Console, course: Course, sizes: Sequence[int]) -> None:
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            room = Classroom(Path(name), course)
            write_class(room, size, only=[LESSON])
            with _Memory() as memory:
                spent, _ = _ours(course, room)
            again, _ = _ours(course, room)
        console.print(
            f"{size} submissions: {spent.seconds:.1f} s, {spent.cpu:.1f} s of processor, {memory.peak:.0f} MB at "
            f"most; a second run, nothing new: {again.seconds:.1f} s"
        )


def _recorded(console: Console, course: Course) -> None:
    """Repeat what lesson 07 quotes: its own loop through 3,000 digits a hundred times, and through all of MNIST."""
    from helper.data import digits, in_memory, mnist

    ours = _losses(course, *digits("train"), epochs=100)
    blocks = [sum(ours[start : start + 20]) / 20 for start in range(0, 100, 20)]
    console.print(f"{LOOP_OF_07}, 3,000 digits, twenty epochs after twenty: {_shown(blocks)}")
    try:  # where it lies already: nothing is downloaded for a measurement
        images, labels = in_memory(mnist(train=True, mirror="file:///nowhere"))
    except (CourseError, RuntimeError, OSError):
        console.print(
            "Full MNIST is not here: put its four archives into the data folder to see its five epochs."
        )
        return
    console.print(
        f"{LOOP_OF_07}, full MNIST, five epochs: {_shown(_losses(course, images, labels, epochs=5))}"
    )


def _losses(course: Course, images: Tensor, labels: Tensor, epochs: int) -> list[float]:
    import torch
    from torch import nn

    from helper.data import batches
    from helper.lessons.stage import Stage

    fit = Stage(read(course.solutions, "07_training_loop")).reference("fit")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = ((784, 128), (128, 64), (64, 10))
    layers = [layer for size in sizes for layer in (nn.Linear(*size), nn.ReLU())][:-1]
    loader = batches(images, labels, 64, generator=torch.Generator().manual_seed(0))
    return [float(loss) for loss in fit(nn.Sequential(nn.Flatten(), *layers), loader, epochs, 0.003)]


def _shown(losses: Sequence[float]) -> str:
    return ", ".join(f"{loss:.3f}" for loss in losses)


def _ours(course: Course, room: Classroom, module: str = "helper.cli") -> tuple[Spent, dict[str, float]]:
    out = room.root / "marks.json"
    words = [sys.executable, "-m", module, "grade", str(room.submitted), "--classroom", str(room.root)]
    spent = _measure([*words, "--json", str(out)], course.root)
    students = json.loads(out.read_text(encoding="utf-8"))["students"]
    return spent, {student: round(of[LESSON]["points"], 2) for student, of in students.items()}


def _stock(course: Course, room: Classroom, place: Path) -> tuple[Spent, dict[str, float]]:
    """Mark a class with nbgrader's own steps in a course of its own; return what it cost and its marks."""
    import nbformat

    put_tools_on_path()
    (place / "source" / LESSON).mkdir(parents=True)
    (place / "nbgrader_config.py").write_text(STOCK_CONFIG)
    (place / "source" / LESSON / "key.json").write_bytes(
        (course.notebooks / LESSON / "key.json").read_bytes()
    )
    lesson = read(course.solutions, LESSON)
    source = compose(lesson)
    source.cells = [_catching(cell) for cell in source.cells if metadata.marks(cell)]
    nbformat.write(source, place / "source" / LESSON / f"{LESSON}.ipynb")
    _nbgrader("generate_assignment", place)
    for path in room.submitted.glob(f"*/{LESSON}/{LESSON}.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        kept: dict[str, Any] = {}  # by id: a copied check would end nbgrader's whole run
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and _matters(cell):
                kept.setdefault(metadata.grade_id(cell) or cell["id"], cell)
        notebook["cells"] = list(kept.values())
        target = place / "submitted" / path.relative_to(room.submitted)
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(notebook), encoding="utf-8")
    spent = _measure([str(Path(sys.executable).with_name("nbgrader")), "autograde", LESSON], place)
    from helper.nbgrading.gradebook import open_gradebook

    with open_gradebook(f"sqlite:///{place / 'gradebook.db'}") as book:
        scores = {item.student.id: round(item.score, 2) for item in book.assignment_submissions(LESSON)}
    return spent, scores


def _catching(cell: Any) -> Any:
    if metadata.is_setup(cell):
        cell.source += CATCH
    if metadata.is_check(cell):
        cell.source += POINTS
    return cell


def _matters(cell: Any) -> bool:
    """Say whether a submitted cell is an exercise, a check, the setup, or the student's own."""
    return bool(metadata.marks(cell)) or cell["id"].startswith(("own", "thoughts"))


def _nbgrader(verb: str, place: Path) -> None:
    command = [str(Path(sys.executable).with_name("nbgrader")), verb, LESSON]
    subprocess.run(command, cwd=place, check=True, capture_output=True)


def _measure(command: list[str], place: Path) -> Spent:
    begun = time.monotonic()
    before = os.times()
    subprocess.run(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    seconds = time.monotonic() - begun
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Spent(seconds, cpu)


class _Memory:
    """Watches how much memory the processes started from here hold together. peak: MB, shared pages once.

    Looking costs processor time, so nothing else is measured meanwhile that is compared with another.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        while not self._done.wait(0.5):
            total = 0.0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_full_info().pss / 2**20
            self.peak = max(self.peak, total)
