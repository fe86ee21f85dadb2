"""Every file of a classroom may be in any state: one sentence or none, never a traceback, and nothing is lost."""

import os
import resource
import shutil
import signal
import subprocess
import sys

import pytest
from test_grading import LESSON, RIGHT, gradebook_scores, hand_in

from helper.course import Course, CourseError
from helper.grading.classroom import Classroom
from helper.grading.grade import grade
from helper.grading.workers import Workers

WRONG = "def mean_square(x):\n    return (x * x).sum()"
MARKS = {"ada": 4.0, "alan": 1.5}

FILES = [
    ".grading/seed",
    ".grading/ledger.jsonl",
    ".grading/written.json",
    ".grading/people.json",
    ".grading/lock",
    "gradebook.db",
    "report.html",
    "nbgrader_config.py",
    f"submitted/ada/{LESSON}/{LESSON}.ipynb",
    f"autograded/ada/{LESSON}/{LESSON}.ipynb",
    f"feedback/ada/{LESSON}/{LESSON}.html",
    "feedback/ada",
    "feedback",
    ".grading",
]


def missing(path):
    remove(path)


def empty(path):
    remove(path)
    path.write_bytes(b"")


def cut(path):
    if path.is_file():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def other_shape(path):
    remove(path)
    path.write_text('["something", {"else": 3}]\n')


def numbers(path):
    remove(path)
    path.write_text('{"key": 3, "marked": {"verdicts": [7]}, "people": 5, "gradebook": []}\n')


def no_text(path):
    remove(path)
    path.write_bytes(b"\xff\xfe\x00\x80" * 50)


def folder(path):
    remove(path)
    (path / "within").mkdir(parents=True)


def dangling(path):
    remove(path)
    path.symlink_to(path.parent / "nowhere" / "at all")


def round_in_circles(path):
    remove(path)
    path.symlink_to(path)


STATES = [missing, empty, cut, other_shape, numbers, no_text, folder, dangling, round_in_circles]


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()


@pytest.fixture(scope="module")
def hands():
    with Workers(1) as workers:
        yield workers


@pytest.fixture(scope="module")
def marked(built_mini, hands, tmp_path_factory):
    """Return a classroom in which two students are marked. Do not change it."""
    root = tmp_path_factory.mktemp("states") / "class"
    room = Classroom(root, Course(built_mini.root))
    hand_in(room, "ada", RIGHT)
    hand_in(room, "alan", WRONG)
    assert points(grade(room, root / "in", hands)) == MARKS
    return room


@pytest.fixture
def room(marked, tmp_path):
    shutil.copytree(marked.root, tmp_path / "class", symlinks=True)
    return Classroom(tmp_path / "class", marked.course)


def points(graded):
    return {student: of[LESSON].points for student, of in graded.marks.items()}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("file", FILES)
def test_a_file_in_any_state_is_one_sentence_and_nothing_is_lost(room, marked, hands, file, state):
    place = room.root / file
    state(place)
    try:
        graded = grade(Classroom(room.root, room.course), room.root / "in", hands)
        assert points(graded) == MARKS
    except CourseError as error:
        said = str(error)
        assert "\n" not in said
        assert said.rstrip().endswith(".")
        assert str(room.root) in said
        # Whoever puts it back, as every sentence says, has everything again.
        remove(place)
        kept = marked.root / file
        shutil.copytree(kept, place) if kept.is_dir() else shutil.copy2(kept, place)
        graded = grade(Classroom(room.root, room.course), room.root / "in", hands)
        assert (points(graded), graded.marked) == (MARKS, 0)
    if not graded.failed:
        assert gradebook_scores(room) == MARKS
        assert "4 of 4 points" in (room.feedback / "ada" / LESSON / f"{LESSON}.html").read_text()


@pytest.mark.parametrize("place", ["classroom", "above"])
def test_a_file_where_the_classroom_should_be_is_told(course, hands, tmp_path, place):
    path = tmp_path / "class"
    room = Classroom(path if place == "classroom" else path / "below", course)
    other = Classroom(tmp_path / "other", course)
    hand_in(other, "ada", RIGHT)
    path.write_text("a file")
    with pytest.raises(CourseError, match="could not be used"):
        grade(room, other.root / "in", hands)


def test_one_page_that_cannot_be_written_costs_nobody_else_anything(room, hands):
    folder(room.feedback / "ada" / LESSON / f"{LESSON}.html")
    remove(room.trusted / "written.json")
    graded = grade(room, room.root / "in", hands)
    assert list(graded.failed) == [f"ada/{LESSON}"]
    assert points(graded) == MARKS
    assert (room.feedback / "alan" / LESSON / f"{LESSON}.html").exists()


@pytest.mark.parametrize("room_for", [2_000, 60_000, 200_000])
def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(room, tmp_path, hands, room_for):
    hand_in(room, "zoe", f"{RIGHT}  # zoe")

    def full():
        signal.signal(
            signal.SIGXFSZ, signal.SIG_IGN
        )  # a file that would grow beyond this fails to be written
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_for, room_for))

    words = [
        sys.executable,
        "-m",
        "helper.cli",
        "grade",
        str(room.root / "in"),
        "--classroom",
        str(room.root),
    ]
    done = subprocess.run(
        [*words, "--workers", "1"],
        cwd=room.course.root,
        preexec_fn=full,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1
    assert len(done.stderr.strip().split("\n")) == 1, done.stderr
    graded = grade(Classroom(room.root, room.course), room.root / "in", hands)
    assert points(graded) == {**MARKS, "zoe": 4.0}
    assert gradebook_scores(room) == {**MARKS, "zoe": 4.0}


def test_clocks_that_jump_change_no_mark(room, hands):
    for path in room.root.rglob("*"):
        if path.is_file():
            os.utime(path, (4_000_000_000, 4_000_000_000))
    graded = grade(room, room.root / "in", hands)
    assert (points(graded), graded.marked) == (MARKS, 0)
