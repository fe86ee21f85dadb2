"""Nobody gets a point by cheating, nobody breaks the grader, nobody sees what is not theirs.

All of submissions.py is marked in one classroom in one run, honest classmates among them.
"""

from __future__ import annotations

import html
import json
import os
import re
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from submissions import FORGE, HONEST, HOSTILE, UNREADABLE, Hostile, notebook

from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.grade import Graded, grade
from helper.grading.handed_in.intake import intake
from helper.grading.keys import own_seed
from helper.grading.pages.as_json import to_json
from helper.grading.workers import Workers
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage
from helper.nbgrading.gradebook import open_gradebook
from helper.running import runner as runner_module
from helper.sandbox.limits import MIB, Limits

ROOT = Path(__file__).parent.parent.parent
LESSON = "01_mean"
LIMITS = Limits(
    cell_seconds=1.5,
    submission_seconds=30.0,
    memory_bytes=512 * MIB,
    output_bytes=20_000,
    all_output_bytes=100_000,
    evidence_bytes=2_000_000,
    processes=40,
)
EVERYBODY = [*HOSTILE, *HONEST.values()]
ADA = HONEST["ada"]  # hands in to the command in any case
QUICK = [item for item in EVERYBODY if not item.slow and item is not ADA][::3]  # all went through already
TELLING = [item for item in EVERYBODY if item.telling]


@dataclass
class World:
    """A classroom among things that nobody may touch."""

    room: Classroom
    token: str
    places: dict[str, str]
    canaries: dict[Path, bytes] = field(default_factory=dict)
    calls: list[bytes] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return self.places["@MARK@"]

    def hand_in(self, folder: Path, members: list[Hostile]) -> None:
        released = json.loads(self.room.release_path(LESSON).read_text())
        for member in members:
            path = folder / member.name / LESSON / f"{LESSON}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(notebook(released, member, self.places)))

    def pages_of(self, students: list[str]) -> str:
        """Return all that was written about some students, as one text."""
        texts = []
        for folder in (self.room.feedback, self.room.autograded):
            for student in students:
                texts += [path.read_text("utf-8") for path in (folder / student).rglob("*") if path.is_file()]
        return "\n".join(texts)

    def assert_untouched(self) -> None:
        for path, content in self.canaries.items():
            assert path.read_bytes() == content, f"{path} was changed"
            assert not path.with_name(f"{path.name}.owned").exists()
        assert self.calls == []
        assert survivors(self.mark) == []


def survivors(mark: str) -> list[str]:
    """Return the command lines of running processes that a hostile student started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if mark in line:
                found.append(line)
    return found


@contextmanager
def listening(calls: list[bytes]) -> Iterator[tuple[int, str]]:
    """Listen by TCP, by UDP and on a socket without a file; note whoever calls."""
    name = f"hostile-{secrets.token_hex(6)}"
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0{name}")
    abstract.listen()
    ended = threading.Event()

    def watch(link: socket.socket, take: Callable[[], Any]) -> None:
        link.settimeout(0.2)
        while not ended.is_set():
            with suppress(TimeoutError):
                calls.append(repr(take()).encode())

    takers = [(tcp, tcp.accept), (udp, lambda: udp.recv(100)), (abstract, abstract.accept)]
    threads = [threading.Thread(target=watch, args=taker) for taker in takers]
    for thread in threads:
        thread.start()
    yield port, name
    ended.set()
    for thread in threads:
        thread.join()
    for link in (tcp, udp, abstract):
        link.close()


@contextmanager
def world_for(course: Course, root: Path) -> Iterator[World]:
    """Set up a classroom with canaries around it, and take the canaries away again."""
    copy = root / "course"
    shutil.copytree(course.root, copy)
    room = Classroom(root / "class", Course(copy))
    token = f"canary-{secrets.token_hex(12)}"
    name = f"hostile-{secrets.token_hex(6)}"
    outside = [Path(tempfile.gettempdir()) / name, Path.home() / name]
    calls: list[bytes] = []
    with listening(calls) as (port, name):
        places = {
            "@COURSE@": str(copy),
            "@ROOM@": str(room.root),
            "@TMP@": str(outside[0]),
            "@HOME@": str(outside[1]),
            "@OTHER@": str(room.root / "in" / "ada" / LESSON / f"{LESSON}.ipynb"),
            "@PORT@": str(port),
            "@ABSTRACT@": name,
            "@MARK@": f"hostile-{secrets.token_hex(6)}",
        }
        world = World(room, token, places, {}, calls)
        for path in (*outside, copy / "canary.txt", room.root / "canary.txt"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{token}\n")
        try:
            world.hand_in(room.root / "in", [])
            yield world
        finally:
            for path in outside:
                path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def hands() -> Iterator[Workers]:
    patched = pytest.MonkeyPatch()
    patched.setattr(runner_module, "GRACE", 0.3)
    with Workers(2, limits=LIMITS) as workers:
        yield workers
    patched.undo()


@dataclass
class Outcome:
    """What the one run over everybody came to."""

    world: World
    graded: Graded
    seconds: float
    memory: int  # bytes that this process's peak grew by
    scratch: list[str]

    def marked(self, name: str) -> Any:
        return self.graded.marks[name][LESSON]

    def page(self, name: str) -> str:
        return (self.world.room.feedback / name / LESSON / f"{LESSON}.html").read_text("utf-8")


@pytest.fixture(scope="module")
def run(built_mini: Course, hands: Workers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    root = tmp_path_factory.mktemp("hostile")
    with world_for(built_mini, root) as world:
        folder = world.room.root / "in"
        world.hand_in(folder, EVERYBODY)
        ada = Path(world.places["@OTHER@"])
        ada.write_text(ada.read_text().replace("x.pow(2).mean()", f"x.pow(2).mean()  # {world.token}"))
        for name, (content, _) in UNREADABLE.items():
            path = folder / name / LESSON / f"{LESSON}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
        world.room.seed  # noqa: B018  (drawn now, so that it can be watched)
        (world.room.root / "gradebook.db").touch()
        watched = [Path(world.places[name]) for name in ("@TMP@", "@HOME@", "@OTHER@")]
        watched += [world.room.root / "canary.txt", *world.room.course.root.rglob("*")]
        world.canaries = {path: path.read_bytes() for path in watched if path.is_file()}
        scratch = root / "scratch"
        scratch.mkdir()
        patched = pytest.MonkeyPatch()
        patched.setattr(tempfile, "tempdir", str(scratch))
        before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        graded = grade(world.room, folder, hands)
        seconds = time.monotonic() - begun
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        patched.undo()
        yield Outcome(world, graded, seconds, memory, os.listdir(scratch))


def sentence(member: Hostile) -> str:
    return f"{member.name}, who {member.tries}"


everybody = pytest.mark.parametrize("member", EVERYBODY, ids=sentence)


def test_there_are_many_of_them() -> None:
    assert len({member.name for member in HOSTILE}) >= 60


@everybody
def test_the_mark_is_what_the_code_deserves(run: Outcome, member: Hostile) -> None:
    marked = run.marked(member.name)
    assert tuple(verdict.verdict for verdict in marked.verdicts) == member.verdicts
    assert marked.points == pytest.approx(member.points)
    assert all(0 <= verdict.points <= verdict.max for verdict in marked.verdicts)


@pytest.mark.parametrize("member", [item for item in HOSTILE if item.flag], ids=sentence)
def test_what_looks_deliberate_is_told_to_the_instructor(run: Outcome, member: Hostile) -> None:
    marked = run.marked(member.name)
    flags = [flag for flag in (*marked.oddities, *marked.flags) if member.flag in flag]
    assert flags, (marked.oddities, marked.flags)
    assert flags[0] in html.unescape((run.world.room.root / "report.html").read_text("utf-8"))


@pytest.mark.parametrize("member", [item for item in HOSTILE if item.reason], ids=sentence)
def test_the_reason_stands_in_the_students_feedback(run: Outcome, member: Hostile) -> None:
    assert member.reason in html.unescape(run.page(member.name))


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_earns_nothing_and_says_why(run: Outcome, name: str) -> None:
    assert run.marked(name).points == 0
    assert UNREADABLE[name][1] in html.unescape(run.page(name))


def test_honest_classmates_are_not_flagged(run: Outcome) -> None:
    assert [run.marked(name).flags for name in HONEST] == [(), (), ()]


def test_everybody_is_marked_in_one_run_and_nothing_is_left(run: Outcome) -> None:
    assert run.graded.marked == len(EVERYBODY) + len(UNREADABLE)
    assert (run.graded.left, run.graded.failed, run.graded.interrupted) == ([], {}, False)


def test_nothing_outside_was_changed_and_nobody_called_and_nothing_survived(run: Outcome) -> None:
    run.world.assert_untouched()
    assert [name for name in run.scratch if name.startswith("course-")] == []
    assert {name.split("-")[0] for name in run.scratch} <= {"dask", "warm"}


def test_nothing_that_is_not_theirs_was_read(run: Outcome) -> None:
    room = run.world.room
    others = [member.name for member in EVERYBODY if member.name != "ada"]
    said = run.world.pages_of([*others, *UNREADABLE]) + (room.root / "report.html").read_text("utf-8")
    said += json.dumps(to_json(run.graded.marks))
    for secret in (run.world.token, room.seed, "### BEGIN SOLUTION", "SQLite format 3"):
        assert secret not in said
    stage = Stage(read(room.course.solutions, LESSON))
    for record in intake(room.root / "in", room.exercises()).records:
        own = make_key(stage, own_seed(room.seed, record.student, LESSON, record.digest), reference_only=True)
        for item in own.checks["mean_square"].expectations:
            number = f"{item.value['values'][0]:.6g}"
            assert len(number) < 6 or number not in said, f"a number that {record.student} had to find"


def test_what_is_printed_is_capped_as_a_whole(run: Outcome) -> None:
    name = "prints-in-many-cells"
    page, kept = run.page(name), run.world.room.autograded / name / LESSON / f"{LESSON}.ipynb"
    printed = sum(len(source) for _, source in member_called(name).own) * 400
    assert printed > 5 * LIMITS.all_output_bytes, "this would fit"
    assert len(page) < 2 * LIMITS.all_output_bytes
    assert kept.stat().st_size < 2 * LIMITS.all_output_bytes
    assert "cut here" in kept.read_text("utf-8")


def member_called(name: str) -> Hostile:
    return next(item for item in HOSTILE if item.name == name)


@pytest.mark.parametrize("name", ["holds-shared-memory", "leases-libraries"])
def test_what_limits_do_not_count_cannot_be_had(run: Outcome, name: str) -> None:
    written = (run.world.room.autograded / name / LESSON / f"{LESSON}.ipynb").read_text("utf-8")
    outputs = [cell["outputs"] for cell in json.loads(written)["cells"] if cell.get("outputs")]
    assert "LEASED" not in json.dumps(outputs)
    assert not re.search("HELD [1-9]", json.dumps(outputs))


def test_nothing_but_inert_text_reaches_the_pages(run: Outcome) -> None:
    for member in EVERYBODY:
        page = run.page(member.name)
        assert not re.search(r"<(script|img|iframe|object|link|a)\b", page, re.I)
        assert not re.search(r"[\0\x1b]", page)
        path = run.world.room.autograded / member.name / LESSON / f"{LESSON}.ipynb"
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", ()):
                made = "".join(output.get("data", {}).get("text/html", ""))
                assert not re.search(r"<(script|img)\b", made, re.I)
                assert output.get("name") != "stderr"


def test_what_is_kept_of_a_submission_is_bounded(run: Outcome) -> None:
    for member in EVERYBODY:
        marked = run.marked(member.name)
        assert marked.seconds < 2 * LIMITS.submission_seconds  # what it had, not what passed
        assert len(marked.flags) < 40
        assert sum(len(text) for verdict in marked.verdicts for text in verdict.advice) < 10_000
    written = sum(path.stat().st_size for path in run.world.room.root.rglob("*") if path.is_file())
    assert written < 60 * MIB
    assert run.memory < 700 * MIB


def test_the_gradebook_holds_the_marks_and_nothing_else(run: Outcome) -> None:
    with open_gradebook(run.world.room.database) as book:
        found = {item.student.id: item.score for item in book.assignment_submissions(LESSON)}
        manual = [grade.manual_score for item in book.assignment_submissions(LESSON)
                  for part in item.notebooks for grade in part.grades]  # fmt: skip
    deserved = {member.name: member.points for member in EVERYBODY} | dict.fromkeys(UNREADABLE, 0.0)
    assert found == pytest.approx(deserved)
    assert set(manual) == {None}


def test_a_second_run_marks_nobody_again(run: Outcome, hands: Workers) -> None:
    again = grade(run.world.room, run.world.room.root / "in", hands)
    assert (again.marked, again.reused) == (0, len(EVERYBODY) + len(UNREADABLE))


def test_student_code_cannot_tell_by_name_that_it_is_marked(run: Outcome) -> None:
    path = run.world.room.autograded / "looks-for-grading" / LESSON / f"{LESSON}.ipynb"
    (seen,) = re.findall(r"SEEN (.*?)\\n", path.read_text("utf-8"))
    assert not re.search(r"nbgrader|autograde|grading|marking|looks-for", seen, re.I)


# The command


@pytest.fixture(scope="module")
def told(
    built_mini: Course, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, subprocess.CompletedProcess[str], dict[str, Any]]]:
    with world_for(built_mini, tmp_path_factory.mktemp("command")) as world:
        world.hand_in(world.room.root / "in", [*QUICK, ADA])
        odd = world.room.root / "in" / os.fsdecode(b"odd \xff\x1b[2J <b>") / LESSON
        odd.mkdir(parents=True)
        shutil.copy(world.places["@OTHER@"], odd / f"{LESSON}.ipynb")
        (odd / os.fsdecode(b"\xff\x1b]0;owned\x07\n.txt")).write_text("x")
        watched = [Path(world.places[name]) for name in ("@TMP@", "@HOME@", "@OTHER@")]
        world.canaries = {path: path.read_bytes() for path in watched}
        words = [
            "grade",
            "../class/in",
            "--classroom",
            "../class",
            "--workers",
            "2",
            "--json",
            "../class/marks.json",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "helper.cli", *words],
            cwd=world.room.course.root,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        said = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )
        marks = world.room.root / "marks.json"
        yield world, said, json.loads(marks.read_text("utf-8")) if marks.exists() else {}


def test_the_command_ends_with_code_0_and_a_summary(told: Any) -> None:
    _, done, marks = told
    assert done.returncode == 0, done.stderr
    assert f"{len(QUICK) + 2} submissions have marks: {len(QUICK) + 2} marked now" in done.stdout
    found = {name: of[LESSON]["points"] for name, of in marks["students"].items()}
    assert {member.name: found[member.name] for member in QUICK} == pytest.approx(
        {member.name: member.points for member in QUICK}
    )


def test_the_command_prints_nothing_that_a_terminal_acts_on(told: Any) -> None:
    _, done, _ = told
    assert not re.search(r"[\0\x07\x1b]", done.stdout + done.stderr)
    assert "owned" in done.stdout


def test_the_command_leaves_nothing_and_touches_nothing(told: Any) -> None:
    told[0].assert_untouched()


# nbgrader autograde


@pytest.fixture(scope="module")
def by_nbgrader(
    built_mini: Course, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, dict[str, float], str]]:
    with world_for(built_mini, tmp_path_factory.mktemp("nbgrader")) as world:
        root = world.room.course.root
        (root / "canary.txt").write_text(world.token)
        world.hand_in(root / "submitted", TELLING)
        solution = root / "solutions" / LESSON / f"{LESSON}.ipynb"
        for name, links in {
            "links-to-the-solution": {f"{LESSON}.ipynb": solution},
            "links-to-another": {f"{LESSON}.ipynb": root / "submitted" / "ada" / LESSON / f"{LESSON}.ipynb"},
            "links-to-files": {
                f"{LESSON}.ipynb": None,
                "leak.txt": root / "canary.txt",
                "book.db": root / "gradebook.db",
                "all": root / "solutions",
            },
        }.items():
            folder = root / "submitted" / name / LESSON
            folder.mkdir(parents=True)
            for file, target in links.items():
                if target:
                    (folder / file).symlink_to(target)
                else:
                    shutil.copy(root / "submitted" / "zoe" / LESSON / file, folder / file)
        (root / "submitted" / "links-its-folder").mkdir()
        (root / "submitted" / "links-its-folder" / LESSON).symlink_to(root / "submitted" / "ada" / LESSON)
        (root / "submitted" / "links-itself").symlink_to(root / "submitted" / "ada")
        watched = [Path(world.places[name]) for name in ("@TMP@", "@HOME@")]
        watched += [root / "canary.txt", solution, root / "submitted" / "ada" / LESSON / f"{LESSON}.ipynb"]
        world.canaries = {path: path.read_bytes() for path in watched}
        said = ""
        for words in (["autograde", LESSON], ["generate_feedback", LESSON], ["export"]):
            done = subprocess.run(
                [str(Path(sys.executable).with_name("nbgrader")), *words],
                cwd=root,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
            said += done.stderr
            assert done.returncode == 0, done.stderr
        rows = [line.split(",") for line in (root / "grades.csv").read_text().splitlines()]
        student, score = rows[0].index("student_id"), rows[0].index("score")
        yield world, {row[student]: float(row[score]) for row in rows[1:]}, said


@pytest.mark.parametrize("member", TELLING, ids=sentence)
def test_nbgrader_autograde_gives_the_same_mark(by_nbgrader: Any, member: Hostile) -> None:
    assert by_nbgrader[1][member.name] == pytest.approx(member.points)


@pytest.mark.parametrize(
    "name", ["links-to-the-solution", "links-to-another", "links-its-folder", "links-itself"]
)
def test_a_link_to_anothers_notebook_earns_nothing(by_nbgrader: Any, name: str) -> None:
    assert by_nbgrader[1][name] == 0
    assert re.search(rf"{name}.* is a link to elsewhere", by_nbgrader[2])


@pytest.mark.parametrize("member", [item for item in TELLING if item.flag], ids=sentence)
def test_nbgrader_autograde_tells_what_looks_deliberate(by_nbgrader: Any, member: Hostile) -> None:
    assert re.search(rf"{member.name}, {LESSON}: .*{re.escape(member.flag)}", by_nbgrader[2])


def test_a_link_beside_a_notebook_costs_nothing_and_brings_nothing(by_nbgrader: Any) -> None:
    world, scores, _ = by_nbgrader
    assert scores["links-to-files"] == HONEST["zoe"].points
    folder = world.room.course.root / "autograded" / "links-to-files" / LESSON
    assert sorted(path.name for path in folder.iterdir()) == [f"{LESSON}.ipynb", "again.json", "key.json"]
    for path in (world.room.course.root / "autograded").rglob("*"):
        assert path.is_dir() or world.token.encode() not in path.read_bytes()


def test_nbgrader_autograde_leaves_nothing_and_touches_nothing(by_nbgrader: Any) -> None:
    by_nbgrader[0].assert_untouched()


# What is handed in around notebooks


def class_of(course: Course, root: Path, members: list[str]) -> tuple[Classroom, Path]:
    room = Classroom(root / "class", course)
    world = World(room, "", {})
    world.hand_in(room.submitted, [HONEST[name] for name in members])
    return room, room.submitted


def points(graded: Graded) -> dict[str, float]:
    return {student: of[LESSON].points for student, of in graded.marks.items()}


def test_keeping_a_submission_does_not_write_through_a_link(
    course: Course, tmp_path: Path, hands: Workers
) -> None:
    room, folder = class_of(course, tmp_path, ["ada", "zoe"])
    victims = [tmp_path / name for name in ("victim", "stamp", "folder/01_mean.ipynb")]
    for victim in victims:
        victim.parent.mkdir(exist_ok=True)
        victim.write_text("mine")
    mine = folder / "zoe" / LESSON / f"{LESSON}.ipynb"
    mine.rename(mine.with_name("other.ipynb"))
    mine.symlink_to(victims[0])
    (mine.parent / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")
    (mine.parent / ".timestamp.txt.part").symlink_to(victims[1])
    shutil.copytree(folder / "ada" / LESSON, folder / "eve" / "elsewhere")
    (folder / "eve" / LESSON).symlink_to(victims[2].parent)
    assert points(grade(room, folder, hands)) == {"ada": 4.0, "zoe": 1.5, "eve": 4.0}
    assert [victim.read_text() for victim in victims] == ["mine"] * 3


def test_something_else_in_a_notebooks_place_stops_nobody(
    course: Course, tmp_path: Path, hands: Workers
) -> None:
    room, folder = class_of(course, tmp_path, ["ada", "zoe"])
    mine = folder / "zoe" / LESSON / f"{LESSON}.ipynb"
    mine.rename(mine.with_name("other.ipynb"))
    mine.mkdir()
    os.mkfifo(mine.parent / "pipe.ipynb")
    graded = grade(room, folder, hands)
    assert points(graded) == {"ada": 4.0, "zoe": 1.5}
    assert any("in its place" in line for line in graded.left)


@pytest.mark.parametrize(
    "path",
    [
        "mallory/ada_7_assignsubmission_file_/01_mean.ipynb",
        "mallory/01_mean/ada_7_assignsubmission_file_01_mean.ipynb",
        "mallory/01_mean/ada_501_9001_01_mean.ipynb",
        "mallory/submitted/ada/01_mean/01_mean.ipynb",
        "mallory/../ada/01_mean/01_mean.ipynb",
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["in a folder", "in a zip of one's own"])
def test_nobody_hands_in_for_a_classmate(course: Course, tmp_path: Path, path: str, zipped: bool) -> None:
    room, folder = class_of(course, tmp_path, ["ada", "zoe"])
    empty = (course.notebooks / LESSON / f"{LESSON}.ipynb").read_text()
    if zipped:
        with zipfile.ZipFile(folder / "mallory.zip", "w") as archive:
            later = zipfile.ZipInfo(path.removeprefix("mallory/"), (2037, 1, 1, 0, 0, 0))
            archive.writestr(later, empty)
    elif ".." not in path:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(empty)
        os.utime(place, (2_000_000_000, 2_000_000_000))
    records = intake(folder, room.exercises()).records
    sources = {record.student: record.source.decode() for record in records}
    for name in ("ada", "zoe"):
        assert HONEST[name].mean_square.split("\n")[0] in sources.pop(name)
    assert sources in ({}, {"mallory": empty})


@pytest.mark.parametrize(
    "break_it",
    [
        lambda data: data[:-30],
        lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda data: data.replace(b"01_mean", b"\xff\xfe_mean"),
        lambda data: bytes(len(data)),
    ],
)
def test_a_broken_zip_of_one_student_stops_nobody(
    course: Course, tmp_path: Path, break_it: Callable[[bytes], bytes]
) -> None:
    room, folder = class_of(course, tmp_path, ["ada"])
    with zipfile.ZipFile(folder / "mallory.zip", "w") as archive:
        archive.writestr("01_mean.ipynb", "{}" * 100)
    path = folder / "mallory.zip"
    path.write_bytes(break_it(path.read_bytes()))
    taken = intake(folder, room.exercises())
    records, left = taken.records, [*taken.left, *taken.lost]
    assert records[0].student == "ada"
    assert all(record.problem for record in records[1:])
    assert len(records[1:]) + len(left) == 1


def test_a_zip_bomb_of_one_student_stops_nobody(course: Course, tmp_path: Path) -> None:
    room, folder = class_of(course, tmp_path, ["ada"])
    with zipfile.ZipFile(folder / "mallory.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(25):
            archive.writestr(f"{number}/01_mean.ipynb", bytes(100 * MIB))
    ada, mallory = intake(folder, room.exercises()).records
    assert (ada.student, ada.problem, mallory.student) == ("ada", "", "mallory")
    assert "absurd size" in mallory.problem


def test_a_student_does_not_say_when_it_was_handed_in(course: Course, tmp_path: Path) -> None:
    room, folder = class_of(course, tmp_path, ["ada"])
    with zipfile.ZipFile(folder / "mallory.zip", "w") as archive:
        archive.write(folder / "ada" / LESSON / f"{LESSON}.ipynb", "01_mean.ipynb")
        archive.writestr("timestamp.txt", "1999-01-01 10:00:00 UTC")
    records = intake(folder, room.exercises()).records
    assert [(record.student, record.received) for record in records] == [("ada", None), ("mallory", None)]


def test_code_too_long_to_be_read_is_refused_quickly(course: Course, tmp_path: Path, hands: Workers) -> None:
    room, folder = class_of(course, tmp_path, ["ada"])
    data = json.loads((folder / "ada" / LESSON / f"{LESSON}.ipynb").read_text())
    names = iter(range(10**9))
    sources = (";".join(f"a{next(names)}=1" for _ in range(16_000)) for _ in range(70))
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    data["cells"] += cells
    path = folder / "mallory" / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(data))
    begun = time.process_time()
    assert points(grade(room, folder, hands)) == {"ada": 4.0, "mallory": 0.0}
    assert time.process_time() - begun < 20
    page = (room.feedback / "mallory" / LESSON / f"{LESSON}.html").read_text("utf-8")
    assert "500,000" in page


# A real lesson

REAL = "02_cross_entropy"
ATTACKS = {
    "is-honest": "",
    "forges": FORGE.replace("mean_square", "softmax")
    + "\ndef softmax(x, dim):\n    forge({'begin': 7}, *said({'bool': True}), {'check': 'softmax', 'done': True})\n",
    "leaves": "import os\ndef softmax(x, dim):\n    os._exit(0)",
    "hands-over-noise": "def softmax(x, dim):\n    return type('T', (torch.Tensor,), {})(torch.rand(x.shape))",
    "uses-the-library": "def softmax(x, dim):\n    return torch.softmax(x, dim)",
    "patches-the-library": "torch.softmax = torch.exp = lambda *a, **k: torch.ones(())\n"
    "def softmax(x, dim):\n    return torch.softmax(x, dim)",
}


def test_in_a_real_lesson_an_attack_costs_its_own_exercise_only(tmp_path: Path, hands: Workers) -> None:
    course = Course(ROOT)
    room = Classroom(tmp_path / "class", course)
    lesson = read(course.solutions, REAL)
    released = json.loads(room.release_path(REAL).read_text())
    for name, attack in ATTACKS.items():
        data = json.loads(json.dumps(released))
        for cell in data["cells"]:
            exercise = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if exercise in lesson.exercises:
                own = attack if exercise == "softmax" and attack else ""
                cell["source"] = own or lesson.exercises[exercise].source
        path = room.root / "in" / name / REAL / f"{REAL}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(data))
    graded = grade(room, room.root / "in", hands)
    for name in ATTACKS:
        worth = {verdict.check: verdict.points for verdict in graded.marks[name][REAL].verdicts}
        wanted = {check: lesson.checks[check].points for check in lesson.checks}
        if name == "patches-the-library":
            assert worth["softmax"] == 0
            continue  # what it broke for itself stays broken
        assert worth == pytest.approx(wanted | ({} if name == "is-honest" else {"softmax": 0})), name
