"""Two people are never one because their names look alike; one is never two because a file was called otherwise."""

import json

import pytest
from test_intake import EXERCISES, MEAN, OTHER
from test_layouts import who, write, zipped

from helper.course import CourseError
from helper.grading.handed_in.intake import intake
from helper.grading.handed_in.people import MOST_BYTES, People, safe
from helper.grading.handed_in.roster import read_roster


def students(place, people=None):
    return [record.student for record in intake(place, EXERCISES, people).records]


ALIKE = {
    "emoji": ("😀", "😎"),
    "case": ("Ada", "ada"),
    "accents": ("José", "Jose"),
    "punctuation": ("Zoë O'Neil", "Zoë O Neil"),
    "their first eighty letters": ("x" * 90 + "a", "x" * 90 + "b"),
    "their first bytes": ("漢" * 79 + "a", "漢" * 79 + "b"),
    "nothing but marks": ("!!!", "???"),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_two_names_that_look_alike_are_two_people(tmp_path, kind):
    path = tmp_path / "in.zip"
    path.write_bytes(zipped({f"{name}/01_mean.ipynb": MEAN for name in ALIKE[kind]}))
    first = students(path)
    assert len({student.casefold() for student in first}) == 2
    for student in first:
        assert len(student.encode()) <= 2 * MOST_BYTES
        assert not set(student) & set("/\\*?[]+' ")
    assert students(path) == first


@pytest.mark.parametrize("kind", ALIKE)
def test_they_stay_two_in_two_runs_and_each_keeps_its_id(tmp_path, kind):
    one, other = ALIKE[kind]
    store = tmp_path / "people.json"
    ids = []
    for name in (one, other, one, other):
        path = tmp_path / "in.zip"
        path.write_bytes(zipped({f"{name}/01_mean.ipynb": MEAN, "zoe/01_mean.ipynb": MEAN}))
        people = People(store)
        ids.append(next(student for student in students(path, people) if student != "zoe"))
        people.save()
    assert len(set(ids)) == 2
    assert ids[:2] == ids[2:]


def test_a_name_is_one_however_its_letters_are_composed(tmp_path):
    people = People()
    for name in ("Zoe\u0308", "Zo\u00eb"):
        path = tmp_path / "in.zip"
        path.write_bytes(zipped({f"{name}/01_mean.ipynb": MEAN, "ada/01_mean.ipynb": MEAN}))
        assert students(path, people) == ["Zoë", "ada"]


@pytest.mark.parametrize(
    "name", ["..", "=1+1", "@SUM(A1)", "-x", "con", "漢" * 80, "a/b", "\u202eada", "x" * 300]
)
def test_an_id_is_safe_as_a_folder_and_in_a_table(name):
    student = safe(name)
    assert 0 < len(student.encode()) <= MOST_BYTES + 1
    assert student[0] not in "=+-@."
    assert not set(student) & set("/\\*?[]+' \u202e")
    assert student.casefold() != "con"


def test_namesakes_of_two_runs_stay_two(tmp_path):
    people = People()
    for number, expected in ((1001, "Kim-Example"), (1002, "Kim-Example_1002"), (1001, "Kim-Example")):
        place = write(tmp_path / str(number), {f"Kim Example_{number}_assignsubmission_file_/a.ipynb": MEAN})
        assert students(place, people) == [expected]


def test_moodles_other_number_for_another_assignment_is_the_same_person(tmp_path):
    people = People()
    for number, content in ((1001, MEAN), (2001, OTHER)):
        place = write(tmp_path / str(number), {f"Kim_{number}_assignsubmission_file_/a.ipynb": content})
        assert students(place, people) == ["Kim"]
    assert people.get("Kim").accounts == ["moodle:1001", "moodle:2001"]


def test_one_stays_one_whatever_the_file_is_called(tmp_path):
    people = People()
    for number, name in enumerate(("exampleada_501_9001_a.ipynb", "smithada_LATE_501_9044_b-2.ipynb")):
        assert students(write(tmp_path / str(number), {name: MEAN}), people) == ["exampleada"]


def test_of_two_possible_namesakes_neither_is_guessed(tmp_path):
    people = People()
    both = {f"Kim_{number}_assignsubmission_file_/a.ipynb": MEAN for number in (1, 2)}
    assert students(write(tmp_path / "one", both), people) == ["Kim_1", "Kim_2"]
    taken = intake(
        write(tmp_path / "two", {"Kim_3_assignsubmission_file_/a.ipynb": OTHER}), EXERCISES, people
    )
    assert who(taken) == [("Kim_3", "02_other")]
    assert "A roster tells" in taken.left[0]


def test_damaged_people_are_told_and_not_guessed(tmp_path):
    for number, text in enumerate(("", "[]", "{", '{"people": [3]}', '{"people": [{"id": 3}]}')):
        path = tmp_path / f"{number}.json"
        path.write_text(text)
        with pytest.raises(CourseError, match="who is who: put it back"):
            People(path)


ROSTERS = {
    "nbgrader": (
        "id,first_name,last_name,email\nada1,Ada,Example,ada@example.org\nalan1,Alan,Example,\n",
        "ada1",
    ),
    "Moodle's participants": (
        'First name,Last name,ID number,Email address\n"Ada","Example","s1",ada@example.org\nAlan,Example,s2,a@b\n',
        "s1",
    ),
    "Moodle's grading worksheet": (
        'Identifier,"Full name","Email address",Status,Grade,"Last modified (grade)"\n'
        '"Participant 101","Ada Example",ada@example.org,,,-\n"Participant 102","Alan Example",alan@example.org,,,-\n',
        "ada@example.org",
    ),
    "Canvas's gradebook": (
        'Student,ID,SIS User ID,SIS Login ID,Section,"Lesson 1 (77)"\n    Points Possible,,,,,20\n'
        '"Example, Ada",501,S1,aexample,A,\n"Example, Alan",502,S2,alexample,A,\n"Student, Test",9,,x,A,\n',
        "aexample",
    ),
    "Brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
        "#11,ada.example,Example,Ada,ada@example.org,#\n#12,alan.example,Example,Alan,b@example.org,#\n",
        "ada.example",
    ),
    "a spreadsheet with semicolons": ("Full name;Username\nAda Example;aex\nAlan Example;alex\n", "aex"),
}


@pytest.mark.parametrize("kind", ROSTERS)
def test_a_roster_makes_ids_certain_and_names_who_is_absent(tmp_path, kind):
    text, expected = ROSTERS[kind]
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8-sig")
    people = People(roster=read_roster(path))
    place = write(tmp_path / "in", {"Ada Example_101_assignsubmission_file_/01_mean.ipynb": MEAN})
    (student,) = students(place, people)
    assert student == expected
    assert people.absent([student]) == ["Alan Example"]


def test_a_roster_joins_the_roads_of_one_person(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(ROSTERS["Canvas's gradebook"][0])
    people = People(roster=read_roster(path))
    canvas = write(tmp_path / "canvas", {"exampleada_501_9001_a.ipynb": MEAN})
    folders = write(tmp_path / "folders", {"Ada Example/b.ipynb": OTHER, "zoe/b.ipynb": OTHER})
    assert students(canvas, people) == ["aexample"]
    assert students(folders, people) == ["aexample", "zoe"]


def test_a_roster_that_comes_later_changes_nobodys_id(tmp_path):
    store = tmp_path / "people.json"
    place = write(tmp_path / "in", {"Ada Example/a.ipynb": MEAN, "zoe/a.ipynb": MEAN})
    people = People(store)
    assert students(place, people) == ["Ada-Example", "zoe"]
    people.save()
    path = tmp_path / "roster.csv"
    path.write_text(ROSTERS["nbgrader"][0])
    people = People(store, read_roster(path))
    assert students(place, people) == ["Ada-Example", "zoe"]
    assert people.absent(["Ada-Example", "zoe"]) == ["Alan Example"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "id,last_name\nada,x\nADA,y\n", "\0\0"])
def test_what_is_no_roster_is_told(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(CourseError, match=r"roster|two people"):
        read_roster(path)


def test_people_are_written_whole(tmp_path):
    people = People(tmp_path / "people.json")
    intake(write(tmp_path / "in", {"ada/a.ipynb": MEAN, "zoe/a.ipynb": MEAN}), EXERCISES, people)
    people.save()
    data = json.loads((tmp_path / "people.json").read_text())
    assert [person["id"] for person in data["people"]] == ["ada", "zoe"]
    assert [person.id for person in People(tmp_path / "people.json")] == ["ada", "zoe"]
