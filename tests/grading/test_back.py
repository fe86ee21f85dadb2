"""Marks find their way back: what an LMS imports has its own ids, and nothing a spreadsheet would run."""

import csv
import io
import json
import zipfile

import pytest
from test_grading import LESSON, RIGHT, hand_in

from helper.course import CourseError
from helper.grading.back import inert, write_back
from helper.grading.classroom import Classroom
from helper.grading.grade import grade
from helper.grading.workers import Workers
from helper.nbgrading.gradebook import open_gradebook

WRONG = "def mean_square(x):\n    return (x * x).sum()"


@pytest.fixture(scope="module")
def hands():
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def room(course, tmp_path):
    return Classroom(tmp_path / "class", course)


def came(room, hands, names, roster=None):
    """Mark a right answer and a wrong one that came under the given names, as a zip."""
    path = room.root.parent / "came.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, answer in zip(names, (RIGHT, WRONG), strict=True):
            archive.write(hand_in(room, f"x{len(archive.namelist())}", answer), name)
    return grade(room, path, hands, roster=roster)


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


MOODLE = ["Ada Example_101_assignsubmission_file_/a.ipynb", "Alan Example_102_assignsubmission_file_/a.ipynb"]
CANVAS = ["exampleada_501_9001_01_mean-1.ipynb", "examplealan_LATE_502_9002_01_mean.ipynb"]


def moodle_imports(text):
    """Read a worksheet as Moodle's own importer does: three columns by name, ids behind "Participant "."""
    rows = csv.reader(io.StringIO(text, newline=""))
    columns = next(rows)
    places = [columns.index(name) for name in ("Identifier", "Grade", "Last modified (grade)")]
    return {row[places[0]][len("Participant ") :]: row[places[1]] for row in rows}


def moodle_takes(path):
    """Return whose each file of a feedback archive is, as Moodle reads its folders' names."""
    taken = {}
    for name in zipfile.ZipFile(path).namelist():
        parts = name.split("/")[0].split("_", 4)
        assert parts[2:4] == ["assignfeedback", "file"]
        taken[int(parts[1])] = name.split("/")[1]
    return taken


def canvas_takes(path):
    """Return whose each re-uploaded file is: Canvas takes the first two numbers between underscores."""
    names = zipfile.ZipFile(path).namelist()
    return {tuple([part for part in name.split("_") if part.isdigit()][:2]) for name in names}


def test_moodle_gets_back_its_own_ids(room, hands):
    came(room, hands, MOODLE)
    write_back(room, "moodle")
    folder = room.root / "marks" / "moodle"
    assert moodle_imports((folder / f"{LESSON}.csv").read_text()) == {"101": "4", "102": "1.5"}
    archive = folder / f"{LESSON}-feedback.zip"
    assert moodle_takes(archive) == {101: f"{LESSON}.html", 102: f"{LESSON}.html"}
    page = zipfile.ZipFile(archive).read(f"Ada Example_101_assignfeedback_file_/{LESSON}.html")
    assert b"4 of 4 points" in page


WORKSHEET = (
    '\ufeffIdentifier,"Full name","ID number","Email address",Status,Grade,"Maximum Grade",'
    '"Grade can be changed","Last modified (submission)","Online text","Last modified (grade)","Feedback comments"\n'
    '"Participant 101","Ada Example",s1,ada@example.org,"Submitted for grading - Not marked",,100.00,Yes,'
    '"Sunday, 1 November 2026, 10:00 AM",,-,"Well, =done"\n'
    '"Participant 102","Alan Example",s2,alan@example.org,"Submitted for grading - 2 days late",,100.00,Yes,-,,-,\n'
    '"Participant 103","Zoe ""Z"" Example",s3,zoe@example.org,"No submission",,100.00,Yes,-,,-,\n'
)


def test_moodles_own_worksheet_comes_back_filled_in(room, hands, tmp_path):
    came(room, hands, MOODLE)
    template = tmp_path / "Grades-Lesson 1-77.csv"
    template.write_text(WORKSHEET, encoding="utf-8")
    assert write_back(room, "moodle", template, [LESSON]).lost == []
    path = room.root / "marks" / "moodle" / f"{LESSON}.csv"
    rows = table(path)
    assert [row["Grade"] for row in rows] == ["100", "37.5", ""]  # of Moodle's hundred
    assert [row["Status"] for row in rows][1:] == ["Submitted for grading - 2 days late", "No submission"]
    assert rows[2]["Full name"] == 'Zoe "Z" Example'
    assert list(rows[0]) == next(csv.reader([WORKSHEET.lstrip("\ufeff").split("\n")[0]]))


def test_whoever_is_not_in_the_worksheet_is_told(room, hands, tmp_path):
    came(room, hands, MOODLE)
    template = tmp_path / "w.csv"
    template.write_text(
        "\n".join(line for line in WORKSHEET.split("\n") if "102" not in line), encoding="utf-8"
    )
    assert [line.split(":")[0] for line in write_back(room, "moodle", template, [LESSON]).lost] == [
        f"Alan-Example, {LESSON}"
    ]


def test_canvas_gets_back_its_own_ids(room, hands):
    came(room, hands, CANVAS)
    write_back(room, "canvas")
    folder = room.root / "marks" / "canvas"
    rows = table(folder / "gradebook.csv")
    assert rows[0]["Student"] == "    Points Possible"
    assert rows[0][LESSON] == "4"
    assert {row["ID"]: row[LESSON] for row in rows[1:]} == {"501": "4", "502": "1.5"}
    assert canvas_takes(folder / f"{LESSON}-feedback.zip") == {("501", "9001"), ("502", "9002")}


def test_canvass_own_gradebook_comes_back_filled_in(room, hands, tmp_path):
    came(room, hands, CANVAS)
    template = tmp_path / "2026-11-01_Grades.csv"
    template.write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section,"Mean: a start (4711)","Other (4712)",Current Score\n'
        "    Points Possible,,,,,20,5,(read only)\n"
        '"Example, Ada",501,S1,ada,A,,3,10\n"Example, Alan",502,S2,alan,A,,,\n"=Evil, Zoe",503,S3,zoe,A,,,\n',
        encoding="utf-8",
    )
    assert write_back(room, "canvas", template).lost == []
    rows = table(room.root / "marks" / "canvas" / "gradebook.csv")
    column = "Mean: a start (4711)"
    assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
    assert {row["Student"]: row[column] for row in rows} == {
        "    Points Possible": "20",
        "Example, Ada": "20",
        "Example, Alan": "7.5",
        "'=Evil, Zoe": "",
    }


def test_what_came_by_another_road_is_told(room, hands):
    came(room, hands, [MOODLE[0], "Zoe Example_103_assignsubmission_file_/b.ipynb"])
    assert len(write_back(room, "canvas").lost) == 2


def test_a_plain_table_says_late_and_missing(room, hands, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("Student,ID\nAda Example,501\nAlan Example,502\nZoe Example,503\n")
    came(room, hands, CANVAS, roster)
    write_back(room, "csv")
    rows = table(room.root / "marks" / "csv" / "marks.csv")
    assert [(row["name"], row["points"], row["status"]) for row in rows] == [
        ("Ada Example", "4", "handed in"),
        ("Alan Example", "1.5", "late"),
        ("Zoe Example", "", "missing"),
    ]


def test_a_graders_own_mark_and_a_penalty_go_back_too(room, hands):
    came(room, hands, MOODLE)
    with open_gradebook(room.database) as book:
        notebook = book.find_submission_notebook(LESSON, LESSON, "Ada-Example")
        next(grade for grade in notebook.grades if grade.cell.name == "check_exit_mean").manual_score = 0.5
        notebook.late_submission_penalty = 1
        book.db.commit()
    write_back(room, "nbgrader")
    ada = table(room.root / "marks" / "nbgrader" / "grades.csv")[0]
    assert (ada["raw_score"], ada["late_submission_penalty"], ada["score"]) == ("3.5", "1", "2.5")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert inert(text).startswith("'")
    assert inert(f"a{text}").startswith("a")


def test_a_name_that_is_a_formula_is_none_in_any_table(room, hands):
    name = '=HYPERLINK("x","y")'
    came(room, hands, [f"{name}_101_assignsubmission_file_/a.ipynb", "+1_102_assignsubmission_file_/a.ipynb"])
    for to in ("moodle", "nbgrader", "csv"):
        write_back(room, to)
    for path in (room.root / "marks").rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(), newline="")):
            assert not any(cell[:1] in ("=", "+", "-", "@") and cell != "-" for cell in row), path
    with open_gradebook(room.database) as book:
        for student in book.students:
            for cell in (student.id, student.first_name, student.last_name):
                assert not (cell or "").startswith(("=", "+", "-", "@"))
                assert "," not in (cell or "")


@pytest.mark.parametrize("to", ["blackbaord", ""])
def test_a_wrong_word_is_told(room, to):
    with pytest.raises(CourseError, match="say moodle, canvas, nbgrader, csv"):
        write_back(room, to)


def test_a_classroom_without_marks_is_told(room):
    with pytest.raises(CourseError, match="no marks yet"):
        write_back(room, "csv")


def test_the_same_marks_give_the_same_files(room, hands):
    came(room, hands, MOODLE)
    files = [path for path, _ in write_back(room, "moodle").files]
    before = [path.read_bytes() for path in files]
    write_back(room, "moodle")
    assert [path.read_bytes() for path in files] == before
    assert (
        json.loads((room.trusted / "people.json").read_text())["people"][0]["came"][LESSON]["number"] == "101"
    )
