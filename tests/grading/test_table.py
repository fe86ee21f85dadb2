"""What grows with a class lies on the disk: where each mark stands, what is written down, who is on a roster."""

import json
import subprocess
import sys
import tracemalloc

import pytest

from helper.course import CourseError
from helper.grading import ledger as ledger_module
from helper.grading.classroom import Classroom
from helper.grading.handed_in import people as people_module
from helper.grading.handed_in.owners import Owner
from helper.grading.handed_in.people import People
from helper.grading.handed_in.roster import Entry, alike
from helper.grading.ledger import Ledger
from helper.grading.marking import Marked
from helper.grading.pages.as_json import to_json, write_json
from helper.grading.table import AT_ONCE, Table
from helper.grading.written import AGAIN, GRADEBOOK, Written

MANY = 3 * AT_ONCE + 1
ONE = Marked("lesson", (), {})


def test_a_table_is_a_dictionary_in_the_order_of_its_keys():
    entries = {f"{number:05}": f"{number}" for number in reversed(range(MANY))}
    table = Table(entries.items())
    assert dict(table.rows()) == entries
    assert [*table] == sorted(entries)
    assert len(table) == MANY
    assert [*table.rows("00010", "00013")] == [(f"{n:05}", f"{n}") for n in (10, 11, 12)]
    table["00010"] = "another"
    del table["00011"]
    assert ("00010" in table, "00011" in table, table["00010"], len(table)) == (
        True,
        False,
        "another",
        MANY - 1,
    )
    with pytest.raises(KeyError):
        table["00011"]


def test_a_table_may_change_while_it_is_looked_through():
    table = Table((f"{number:05}", "") for number in range(MANY))
    for key, _ in table.rows():
        table[key] = "seen"
    assert {value for _, value in table.rows()} == {"seen"}


def test_a_table_that_finds_no_room_is_one_sentence():
    script = """
import resource, signal
from helper.course import CourseError
from helper.grading.table import Table
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    Table((f"{number:09}", "x" * 100) for number in range(200_000))
except CourseError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "have no room" in done.stdout
    assert len(done.stdout.strip().split("\n")) == 1


def test_the_index_of_a_ledger_is_not_held_in_memory(tmp_path):
    path = tmp_path / "ledger.jsonl"
    line = json.dumps(ONE.to_json())
    path.write_text("".join(f'{{"key": "{number:064}", "marked": {line}}}\n' for number in range(5000)))
    tracemalloc.start()
    try:
        ledger = Ledger(path)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(ledger) == 5000
    assert f"{4999:064}" in ledger
    assert held < 5000 * 20, "bytes, where a key alone has more than 100"


def test_marks_are_on_the_disk_before_anything_is_made_of_them(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(ledger_module.os, "fsync", synced.append)
    monkeypatch.setattr(ledger_module, "SYNC_EVERY", 3600)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.add("one", ONE)
    ledger.add("two", ONE)
    assert len(Ledger(tmp_path / "ledger.jsonl")) == 2, "for whoever looks, at once"
    assert not synced
    ledger.sync()
    assert len(synced) == 1
    monkeypatch.setattr(ledger_module, "SYNC_EVERY", 0)
    ledger.add("three", ONE)
    assert len(synced) == 2


def test_marks_of_one_student_are_not_those_of_another_whose_name_goes_on(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    names = Table()
    for student in ("a", "a-b", "a.b", "ab", "a0"):
        ledger.add(student, Marked("lesson", (), {}, problem=student))
        names[f"{student}/lesson"] = student
    marks = ledger.marks(names)
    assert {student: of["lesson"].problem for student, of in marks.items()} == {s: s for s in marks}
    assert sorted(marks) == ["a", "a-b", "a.b", "a0", "ab"]
    assert len(marks) == 5
    assert "b" not in marks


@pytest.fixture
def room(course, tmp_path):
    room = Classroom(tmp_path / "class", course)
    room.trusted.mkdir(parents=True)
    return room


def test_each_batch_adds_a_line_to_what_is_written(room):
    place = room.trusted / "written.json"
    written = Written(room, "somewhere")
    written.note({"ada/one": "a||x"})
    before = place.read_bytes()
    written.note({"alan/one": "b||x", "ada/one": "c||x"})
    assert place.read_bytes().startswith(before)
    again = Written(room, "somewhere")
    assert again.url == "somewhere"
    assert [*again.records()] == ["ada/one", "alan/one"]
    assert again.has("ada/one", "c||x")
    again.note({"zoe/one": "d||x"})
    assert place.read_bytes().startswith(before), "nothing was written anew"
    assert place.stat().st_mode & 0o077 == 0


def test_what_earlier_versions_wrote_is_still_known(room):
    old = {GRADEBOOK: "somewhere", "ada/one": "a||x", "alan/one": f"{AGAIN}b||x"}
    (room.trusted / "written.json").write_text(json.dumps(old))
    written = Written(room, "somewhere")
    assert written.has("ada/one", "a||x")
    assert [entry[:3] for entry in written.again()] == [("alan", "one", "b")]
    written.note({"zoe/one": "c||x"})
    assert [*Written(room, "somewhere").records()] == ["ada/one", "alan/one", "zoe/one"]


@pytest.mark.parametrize(
    "harm", [b'{"half": "a li', b"[1, 2]\n", b'{"\\ud800": "half a character"}\n', b"\xff\n"]
)
def test_a_line_that_is_not_whole_costs_no_other_and_is_gone_after_the_next_note(room, harm):
    place = room.trusted / "written.json"
    Written(room, "somewhere").note({"ada/one": "a||x"})
    with place.open("ab") as file:
        file.write(harm)
    written = Written(room, "somewhere")
    assert [*written.records()] == ["ada/one"]
    written.note({"alan/one": "b||x"})
    assert harm.strip() not in place.read_bytes()
    assert [*Written(room, "somewhere").records()] == ["ada/one", "alan/one"]


def test_another_gradebook_has_everything_written_to_it_again(room):
    Written(room, "somewhere").note({f"s{number:05}/one": "a||x" for number in range(MANY)})
    written = Written(room, "elsewhere")
    assert len([*written.again()]) == MANY
    written.restored([f"s{number:05}/one" for number in range(MANY - 1)])
    left = [*Written(room, "elsewhere").again()]
    assert [entry[0] for entry in left] == [f"s{MANY - 1:05}"]


def test_json_is_written_as_if_it_had_been_made_in_one_piece(tmp_path):
    for marks in ({}, {"b": {"one": ONE}, "a\n": {"two": ONE, "one": Marked("one", (), {}, ("a flag",))}}):
        write_json(tmp_path / "marks.json", marks)
        assert (tmp_path / "marks.json").read_text() == json.dumps(to_json(marks), indent=1) + "\n"


def test_a_roster_is_not_looked_through_for_each_of_its_people(monkeypatch):
    compared = []

    def counted(name):
        compared.append(name)
        return alike(name)

    def entries(count):
        return [
            Entry(f"s{n}", f"Person {n}", f"s{n}@x", (), frozenset({f"s{n}"}), frozenset({f"person{n}"}))
            for n in range(count)
        ]

    monkeypatch.setattr(people_module, "alike", counted)
    people = People(roster=entries(200))
    found = people.resolve((Owner(f"Person {n}"), "one") for n in range(100))
    assert {owner.name: person.id for owner, person in found.items()} == {
        f"Person {n}": f"s{n}" for n in range(100)
    }
    assert len(people.absent(person.id for person in found.values())) == 100
    assert len(compared) < 200 * 10


def test_a_line_that_cannot_be_added_is_one_sentence(room):
    written = Written(room, "somewhere")
    written.note({"ada/one": "a||x"})
    place = room.trusted / "written.json"
    place.unlink()
    place.mkdir()
    with pytest.raises(CourseError, match=r"could not be written: .*\. Make room"):
        written.note({"alan/one": "b||x"})
