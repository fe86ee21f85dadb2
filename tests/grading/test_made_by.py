"""What makes a mark or a page is part of it: a change reaches classrooms by itself, and nothing else is redone."""

import shutil

import pytest
from test_grading import LESSON, RIGHT, hand_in

from helper import made_of
from helper.authoring.build import build
from helper.grading import grade as grade_module
from helper.grading import ledger as ledger_module
from helper.grading.classroom import Classroom
from helper.grading.grade import grade
from helper.grading.made_by import MARK, PAGE
from helper.grading.workers import Workers
from helper.made_of import PACKAGE, room_hash

CODE = "\nnew = 1\n"
WORDS = "\n# a remark\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    copy = tmp_path_factory.mktemp("code") / "helper"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize(
    ("path", "text", "reached"),
    [
        ("fixtures/__init__.py", CODE, {"mark"}),
        ("judging/judge.py", CODE, {"mark"}),
        ("judging/advice.py", CODE, {"mark"}),
        ("checking/given.py", CODE, {"mark"}),
        ("running/confined/cells.py", CODE, {"mark"}),
        ("grading/handed_in/canonical.py", CODE, {"mark"}),
        ("grading/key_server.py", CODE, {"mark"}),
        ("checking/panel.py", CODE, {"page"}),
        ("grading/pages/feedback.html.j2", CODE, {"page"}),
        ("grading/pages/base.html.j2", CODE, {"page"}),
        ("judging/judge.py", WORDS, set()),
        ("bench/grading.py", CODE, set()),
        ("commands/instructor.py", CODE, set()),
        ("grading/handed_in/intake.py", CODE, set()),
        ("plot/__init__.py", CODE, set()),
    ],
)
def test_a_change_reaches_exactly_what_it_makes(package, path, text, reached):
    file = package / path
    before = file.read_bytes()
    file.write_bytes(before + text.encode())
    made_of._of_module.cache_clear()
    found = {
        name
        for name, rooms in (("mark", MARK), ("page", PAGE))
        if room_hash(rooms, package) != room_hash(rooms)
    }
    file.write_bytes(before)
    assert found == reached


def test_every_room_named_is_there():
    for room in (*MARK, *PAGE):
        place = PACKAGE.joinpath(*room.split(".")[1:])
        assert place.is_dir() or place.with_suffix(".py").is_file(), room


@pytest.fixture(scope="module")
def hands():
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def room(course, tmp_path):
    room = Classroom(tmp_path / "class", course)
    hand_in(room, "ada", RIGHT)
    return room


def run(room, hands):
    page = room.feedback / "ada" / LESSON / f"{LESSON}.html"
    before = page.stat().st_ino if page.exists() else 0
    graded = grade(Classroom(room.root, room.course), room.root / "in", hands)
    return graded.marked, page.stat().st_ino != before


def test_a_change_of_the_way_of_marking_marks_again_and_one_of_pages_only_writes_them(
    room, hands, monkeypatch
):
    assert run(room, hands) == (1, True)
    assert run(room, hands) == (0, False)
    monkeypatch.setattr(grade_module, "PAGE", ("helper.bench",))
    assert run(room, hands) == (0, True)
    monkeypatch.setattr(ledger_module, "MARK", ("helper.bench",))
    assert run(room, hands) == (1, True)
    assert run(room, hands) == (0, False)


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("The smallest lesson there is", "The very smallest lesson", 0),
        ("given.normal(3, 5)", "given.normal(4, 5)", 1),
        ('"a" or "b"', '"a" or rather "b"', 1),
    ],
    ids=["prose", "check", "exercise"],
)
def test_a_changed_lesson_marks_again_if_its_code_changed(room, hands, old, new, marked):
    run(room, hands)
    text = room.course.solutions / f"{LESSON}.py"
    assert old in text.read_text()
    text.write_text(text.read_text().replace(old, new))
    assert build(room.course, LESSON) == []
    assert run(room, hands) == (marked, True)
