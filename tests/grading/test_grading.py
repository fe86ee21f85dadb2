"""A class marked from end to end on the miniature course: marks, ledger, gradebook, feedback, report."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import get_alembic_version
from sqlalchemy import text

from helper.course import Course, CourseError
from helper.grading import grade as grade_module
from helper.grading.classroom import Classroom
from helper.grading.example_class import differences, write_class
from helper.grading.grade import grade
from helper.grading.keys import own_seed
from helper.grading.ledger import Ledger
from helper.grading.marking import Marked
from helper.grading.pages.as_json import to_json, write_json
from helper.grading.workers import Workers
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage
from helper.nbgrading.gradebook import open_gradebook
from helper.nbgrading.release import put_tools_on_path

LESSON = "01_mean"
RIGHT = "def mean_square(x):\n    return x.pow(2).mean()"


@pytest.fixture
def room(course, tmp_path):
    return Classroom(tmp_path / "class", course)


def hand_in(room, student, mean_square=None, exit_mean='exit_mean = "b"', extra=(), change=lambda data: None):
    data = json.loads((room.course.notebooks / LESSON / f"{LESSON}.ipynb").read_text())
    for cell in data["cells"]:
        if cell["id"] == "mean_square" and mean_square is not None:
            cell["source"] = mean_square
        if cell["id"] == "exit_mean" and exit_mean is not None:
            cell["source"] = exit_mean
    change(data)
    for source in extra:
        data["cells"].insert(
            2, {"cell_type": "code", "id": f"x{len(source)}", "metadata": {}, "source": source, "outputs": []}
        )
    path = room.root / "in" / student / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


@pytest.fixture(scope="module")
def hands():
    """Return workers whose warm processes serve all tests of this file."""
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def run(hands):
    def grade_all(room, workers=None):
        return grade(room, room.root / "in", workers or hands)

    return grade_all


def points(graded):
    return {student: of[LESSON].points for student, of in graded.marks.items()}


def test_an_example_class_gets_the_marks_of_its_sheet(hands, room):
    sheet = json.loads(write_class(room, 14).read_text())
    graded = grade(room, room.submitted, hands)
    assert differences(sheet, to_json(graded.marks)) == []
    assert graded.marked == 14


def test_an_example_class_is_the_same_for_the_same_seed(room, course, tmp_path):
    other = Classroom(tmp_path / "other", course)
    write_class(room, 9, seed=3)
    write_class(other, 9, seed=3)
    for path in room.submitted.rglob("*.ipynb"):
        assert path.read_bytes() == (other.submitted / path.relative_to(room.submitted)).read_bytes()


def test_a_wrong_mark_differs_from_the_sheet(hands, room):
    sheet = json.loads(write_class(room, 2).read_text())
    marks = to_json(grade(room, room.submitted, hands).marks)
    marks["students"]["ada"][LESSON]["checks"]["mean_square"]["points"] = 0.25
    del marks["students"]["alan"]
    found = differences(sheet, marks)
    assert len(found) == 2
    assert "0.25 instead of 3" in found[0]


def test_right_and_wrong_and_empty_answers_get_their_marks_and_words(run, room):
    hand_in(room, "right", RIGHT)
    hand_in(room, "sum", "def mean_square(x):\n    return (x * x).sum()")
    hand_in(room, "empty", exit_mean=None)
    hand_in(room, "syntax", "def mean_square(x: return", exit_mean='exit_mean = "a"')
    hand_in(room, "stops", "def mean_square(x):\n    return x @ x")
    graded = run(room)
    assert points(graded) == {"right": 4.0, "sum": 1.5, "empty": 0.0, "syntax": 0.0, "stops": 1.0}
    words = {student: of[LESSON].verdicts[0] for student, of in graded.marks.items()}
    assert [words[name].verdict for name in ("right", "sum", "empty", "syntax", "stops")] == [
        "right",
        "mistake",
        "not attempted",
        "error",
        "error",
    ]
    assert "SyntaxError" in words["syntax"].advice[0]


def test_answers_for_the_practice_inputs_fail_under_the_secret_seed(run, room):
    key = json.loads((room.course.notebooks / LESSON / "key.json").read_text())
    values = [item["value"]["values"][0] for item in key["checks"]["mean_square"]["expectations"]]
    source = (
        f"import torch\nvalues = iter({values})\ndef mean_square(x):\n    return torch.tensor(next(values))"
    )
    hand_in(room, "copied", source)
    assert points(run(room)) == {"copied": 1.0}


def test_a_warning_does_not_cost_points(run, room):
    hand_in(
        room,
        "warned",
        f"import sys, warnings\nwarnings.warn('careful')\nprint('oh', file=sys.stderr)\n{RIGHT}",
    )
    assert points(run(room)) == {"warned": 4.0}


def test_points_and_tags_in_the_notebook_change_nothing(run, room):
    def cheat(data):
        for cell in data["cells"]:
            cell["metadata"]["tags"] = ["skip-execution"]
            if cell["metadata"].get("nbgrader"):
                cell["metadata"]["nbgrader"]["points"] = 1000

    hand_in(room, "cheat", "def mean_square(x):\n    return 0", exit_mean=None, change=cheat)
    assert points(run(room)) == {"cheat": 0.0}


def test_the_forbidden_name_is_found_in_another_cell_too(run, room):
    hand_in(
        room,
        "hidden",
        "def mean_square(x):\n    return mine(x, 0 * x)",
        extra=["from torch.nn.functional import mse_loss as mine"],
    )
    graded = run(room)
    assert points(graded) == {"hidden": 1.0}
    assert "does without" in graded.marks["hidden"][LESSON].verdicts[0].advice[0]


def test_a_second_run_marks_nothing_and_a_change_marks_one(run, room):
    for name in ("one", "two", "three"):
        hand_in(room, name, RIGHT)
    assert run(room).marked == 3
    again = run(room)
    assert (again.marked, again.reused) == (0, 3)
    hand_in(room, "two", "def mean_square(x):\n    return x")
    changed = run(room)
    assert (changed.marked, changed.reused) == (1, 2)
    assert points(changed) == {"one": 4.0, "two": 1.0, "three": 4.0}


def test_a_changed_lesson_marks_everyone_again(run, room):
    from helper.authoring.build import build

    hand_in(room, "one", RIGHT)
    run(room)
    text = room.course.solutions / f"{LESSON}.py"
    text.write_text(text.read_text().replace("given.normal(3, 5)", "given.normal(4, 5)"))
    assert build(room.course, LESSON) == []
    assert run(Classroom(room.root, room.course)).marked == 1


def test_a_lesson_that_does_not_work_is_told_in_one_sentence(run, room):
    hand_in(room, "ada", RIGHT)
    path = room.course.solutions / f"{LESSON}.py"
    path.write_text(path.read_text().replace("import torch", "import torch\n\n1 / 0"))
    with pytest.raises(CourseError, match=r"setup 0> stops with ZeroDivisionError"):
        run(room)


def test_what_was_marked_before_ctrl_c_is_kept_and_the_rest_marked_next(run, room, monkeypatch):
    for number in range(5):
        hand_in(room, f"student{number}", f"{RIGHT}  # {number}")
    add = Ledger.add

    def stop_after_two(self, key, marked):
        if len(self) == 2:
            raise KeyboardInterrupt
        add(self, key, marked)

    monkeypatch.setattr(Ledger, "add", stop_after_two)
    stopped = run(room)
    assert stopped.interrupted
    assert len(stopped.marks) == 2
    monkeypatch.undo()
    rest = run(room)
    assert (rest.marked, rest.reused, len(rest.marks)) == (3, 2, 5)


def gradebook_scores(room, url=""):
    with open_gradebook(url or room.database) as book:
        return {
            item.student.id: item.score - item.late_submission_penalty
            for item in book.assignment_submissions(LESSON)
        }


def test_nbgraders_gradebook_has_the_marks(run, room):
    hand_in(room, "one", RIGHT)
    hand_in(room, "two", "def mean_square(x):\n    return (x * x).sum()")
    run(room)
    assert gradebook_scores(room) == {"one": 4.0, "two": 1.5}


def test_the_gradebook_is_of_the_version_that_nbgrader_itself_would_note(room):
    put_tools_on_path()
    room.root.mkdir()
    with open_gradebook(room.database) as gradebook:
        noted = gradebook.db.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert noted == get_alembic_version()


def test_a_lost_gradebook_is_written_again_from_the_ledger(run, room):
    hand_in(room, "one", RIGHT)
    run(room)
    (room.root / "gradebook.db").unlink()
    assert run(room).marked == 0
    assert gradebook_scores(room) == {"one": 4.0}


def test_a_crash_between_ledger_and_gradebook_repairs_itself(run, room, monkeypatch):
    hand_in(room, "one", RIGHT)

    def crash(*args):
        raise RuntimeError("power cut")

    monkeypatch.setattr(grade_module.gradebook, "write", crash)
    with pytest.raises(RuntimeError):
        run(room)
    monkeypatch.undo()
    assert run(room).marked == 0
    assert gradebook_scores(room) == {"one": 4.0}


def test_a_graders_own_mark_stays(run, room):
    path = hand_in(room, "one", "def mean_square(x):\n    return x")
    run(room)
    with open_gradebook(room.database) as book:
        grades = book.find_submission_notebook(LESSON, LESSON, "one").grades
        grade_of = next(item for item in grades if item.cell.name == "check_mean_square")
        grade_of.manual_score = 2.0
        book.db.commit()
    path.write_text(path.read_text() + " ")
    run(room)
    assert gradebook_scores(room) == {"one": 3.0}


def test_a_damaged_gradebook_is_told_in_one_sentence(run, room):
    hand_in(room, "one", RIGHT)
    room.root.mkdir(exist_ok=True)
    (room.root / "gradebook.db").write_text("this is no database" * 100)
    with pytest.raises(CourseError, match="cannot be opened"):
        run(room)


def test_a_ledger_line_cut_short_counts_as_not_written(run, room):
    hand_in(room, "one", RIGHT)
    hand_in(room, "two", f"{RIGHT}  # two")
    run(room)
    path = room.trusted / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-50])
    again = run(room)
    assert (again.marked, again.reused) == (1, 1)
    assert run(room).marked == 0


def test_the_secrets_can_be_read_by_their_owner_only(run, room):
    hand_in(room, "one", RIGHT)
    run(room)
    assert (room.trusted / "seed").stat().st_mode & 0o077 == 0
    assert room.trusted.stat().st_mode & 0o077 == 0


def test_late_work_is_treated_by_nbgraders_own_plugin(run, room, in_folder):
    (in_folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    for name, stamp in (("early", "2026-01-01 10:00:00 UTC"), ("late", "2026-03-01 10:00:00 UTC")):
        hand_in(room, name, RIGHT).with_name("timestamp.txt").write_text(stamp)
    run(room)
    with open_gradebook(room.database) as book:
        book.update_or_create_assignment(LESSON, duedate="2026-02-01 10:00:00 UTC")
    for path in (room.root / "in").rglob("*.ipynb"):
        path.write_text(path.read_text() + " ")
    run(room)
    assert gradebook_scores(room) == {"early": 4.0, "late": 0.0}


def test_unreadable_work_gets_nothing_and_a_reason_and_stops_nobody(run, room):
    hand_in(room, "one", RIGHT)
    hand_in(room, "two").write_text("<html>")
    graded = run(room)
    assert points(graded) == {"one": 4.0, "two": 0.0}
    page = (room.feedback / "two" / LESSON / f"{LESSON}.html").read_text()
    assert "web page" in page


def test_a_grader_that_breaks_at_one_submission_marks_the_others(run, room, monkeypatch):
    from helper.grading import workers

    hand_in(room, "one", RIGHT)
    hand_in(room, "two", f"{RIGHT}  # break here")
    mark = workers.mark

    def break_at_one(notebook, *others):
        if "break here" in notebook.source_of("mean_square"):
            raise ZeroDivisionError("our own fault")
        return mark(notebook, *others)

    monkeypatch.setattr(workers, "mark", break_at_one)
    graded = run(room)
    assert points(graded) == {"one": 4.0}
    assert graded.failed == {f"two/{LESSON}": "ZeroDivisionError: our own fault"}
    monkeypatch.undo()
    assert run(room).marked == 1


def test_nothing_to_mark_is_told(run, room, tmp_path):
    (tmp_path / "class" / "in").mkdir(parents=True)
    with pytest.raises(CourseError, match="no notebook of this course"):
        run(room)


def test_two_runs_at_once_in_one_classroom_are_refused(run, room):
    hand_in(room, "one", RIGHT)
    with room.alone(), pytest.raises(CourseError, match="Another grading run"):
        run(Classroom(room.root, room.course))


def test_feedback_shows_the_students_own_cell_and_no_secret_number(run, room):
    room.trusted.mkdir(parents=True)
    (room.trusted / "seed").write_text("one whose numbers stand nowhere else")  # as 1.2 might, by chance
    path = hand_in(room, "one", "def mean_square(x):\n    print('<b>hello</b>')\n    return x.sum() * 3.25")
    graded = run(room)
    page = (room.feedback / "one" / LESSON / f"{LESSON}.html").read_text()
    assert "return x.sum() * 3.25" in page
    assert "&lt;b&gt;hello" in page
    seed = own_seed(room.seed, "one", LESSON, hashlib.sha256(path.read_bytes()).hexdigest())
    key = make_key(Stage(read(room.course.solutions, LESSON)), seed)
    value = key.checks["mean_square"].expectations[0].value["values"][0]
    written = {f"{value:.{digits}g}" for digits in range(3, 9)}
    telling = {text for text in written if len(text) > 4}  # 1.5 may stand there by chance
    assert telling
    assert not [text for text in telling if text in page]
    assert graded.marks["one"][LESSON].verdicts[0].verdict == "not yet"


def test_no_script_of_a_student_runs_in_a_browser(run, room, browser):
    attack = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"
    hand_in(
        room,
        "mallory",
        f"print({attack!r})\ndef mean_square(x):\n    raise ValueError({attack!r})  # {attack}",
        change=lambda data: data["cells"].insert(
            0, {"cell_type": "markdown", "id": "m", "metadata": {}, "source": attack}
        ),
    )
    run(room)
    page = browser.new_page()
    for path in (room.feedback / "mallory" / LESSON / f"{LESSON}.html", room.root / "report.html"):
        page.goto(path.as_uri())
        assert page.title() != "hacked"
        assert page.locator("img").count() == 0
        ours = page.locator("script").all_text_contents()
        assert len(ours) == (path.name == "report.html")
        assert not any("hacked" in script for script in ours)
    assert page.locator("#students.dataTable").count() == 1  # ours did run
    page.close()


def test_the_class_page_counts_what_was_wrong(run, room):
    for name in ("one", "two"):
        hand_in(room, name, "def mean_square(x):\n    return (x * x).sum()")
    hand_in(room, "three", "def mean_square(x):\n    raise ValueError('I am lost')")
    hand_in(room, "four", "def mean_square(x):\n    raise ValueError('so am I')")
    hand_in(room, "five", "def mean_square(x):\n    raise NotImplementedError")
    run(room)
    page = (room.root / "report.html").read_text()
    assert "2 × You added the squares" in page
    assert "2 × Your own <code>raise</code> stopped it" in page
    assert "1 × not attempted" in page


def test_feedback_and_class_page_tell_where_an_error_comes_from(run, room):
    wrong, letter = (
        "def mean_square(x):\n    return x.sum()",
        "exit_mean = 'ab'[mean_square(torch.ones(2)) == 1]",
    )
    hand_in(room, "one", wrong, letter)
    hand_in(room, "two", wrong, "exit_mean = 'a'")
    hand_in(room, "three", RIGHT, letter)
    marks = run(room).marks
    told = {student: marks[student][LESSON].verdicts[1].advice for student in marks}
    assert told["one"][0].startswith("It builds on `mean_square`")
    assert told["one"][1:] == told["two"]
    assert points(run(room))["three"] == 4
    assert "1 × It builds on <code>mean_square</code>" in (room.root / "report.html").read_text()


def test_marks_as_json_have_the_promised_form(run, room, tmp_path):
    hand_in(room, "one", RIGHT)
    write_json(tmp_path / "marks.json", run(room).marks)
    data = json.loads((tmp_path / "marks.json").read_text())["students"]["one"][LESSON]
    assert (data["points"], data["max"]) == (4.0, 4.0)
    assert set(data["checks"]["mean_square"]) == {"points", "max", "verdict", "advice", "flags"}


def test_marks_survive_the_ledger(run, room):
    hand_in(room, "one", "def mean_square(x):\n    return (x * x).sum()")
    marked = run(room).marks["one"][LESSON]
    assert Marked.from_json(json.loads(json.dumps(marked.to_json()))) == marked


def test_a_remote_scheduler_marks_the_same(run, room):
    from distributed import LocalCluster

    hand_in(room, "one", RIGHT)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        assert points(run(room, Workers(1, cluster.scheduler_address))) == {"one": 4.0}


def test_a_scheduler_that_does_not_answer_is_told(run, room):
    hand_in(room, "one", RIGHT)
    with pytest.raises(CourseError, match="No Dask scheduler answers"):
        run(room, Workers(1, "tcp://127.0.0.1:9"))


def command(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", "helper.cli", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_marks_an_example_class_and_compares_it_with_its_sheet(course):
    assert command("example-class", "class", "--students", 3, cwd=course.root).returncode == 0
    words = (
        "grade",
        "class/submitted",
        "--classroom",
        "class",
        "--sheet",
        "class/sheet.json",
        "--json",
        "m.json",
    )
    done = command(*words, cwd=course.root)
    assert done.returncode == 0, done.stderr
    assert "Every mark equals the sheet" in done.stdout
    sheet = course.root / "class" / "sheet.json"
    wanted = json.loads(sheet.read_text())
    wanted["students"]["ada"][LESSON]["checks"]["mean_square"] = 2.5
    sheet.write_text(json.dumps(wanted))
    assert command(*words, cwd=course.root).returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("grade", "nowhere"),
        ("example-class", "c", "--students", "0"),
        ("example-class", "c", "--lesson", "x"),
    ],
)
def test_a_wrong_word_is_one_line_and_a_code(course, words):
    done = command(*words, cwd=course.root)
    assert done.returncode == 1
    assert len(done.stderr.strip().split("\n")) == 1


def test_killed_in_the_middle_only_what_is_missing_is_marked_next(run, room):
    for number in range(6):
        hand_in(room, f"student{number}", f"import time\ntime.sleep(0.5)\n{RIGHT}  # {number}")
    words = [
        sys.executable,
        "-m",
        "helper.cli",
        "grade",
        str(room.root / "in"),
        "--classroom",
        str(room.root),
    ]
    process = subprocess.Popen([*words, "--workers", "1"], cwd=room.course.root, stdout=subprocess.DEVNULL)
    ledger = room.trusted / "ledger.jsonl"
    deadline = time.monotonic() + 120
    while not (ledger.exists() and ledger.read_bytes().count(b"\n") >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    graded = run(Classroom(room.root, Course(room.course.root)))
    assert graded.reused >= 2
    assert graded.marked == 6 - graded.reused
    assert set(points(graded).values()) == {4.0}
    assert gradebook_scores(room) == {f"student{number}": 4.0 for number in range(6)}


def test_ctrl_c_ends_with_its_own_code_and_keeps_what_is_done(run, room):
    for number in range(6):
        hand_in(room, f"student{number}", f"import time\ntime.sleep(0.5)\n{RIGHT}  # {number}")
    words = [
        sys.executable,
        "-m",
        "helper.cli",
        "grade",
        str(room.root / "in"),
        "--classroom",
        str(room.root),
    ]
    process = subprocess.Popen(
        [*words, "--workers", "1"], cwd=room.course.root, stdout=subprocess.PIPE, text=True
    )
    ledger = room.trusted / "ledger.jsonl"
    deadline = time.monotonic() + 120
    while not (ledger.exists() and ledger.read_bytes().count(b"\n") >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run it again" in said
    assert gradebook_scores(room)
    rest = run(Classroom(room.root, Course(room.course.root)))
    assert rest.reused >= 2
    assert gradebook_scores(room) == {f"student{number}": 4.0 for number in range(6)}


def nbgrader(course, *words):
    return subprocess.run(
        [str(Path(sys.executable).with_name("nbgrader")), *words],
        cwd=course.root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nbgraders_own_commands_work_in_a_classroom_too(run, room):
    hand_in(room, "one", RIGHT)
    run(room)
    classroom = Course(room.root)
    assert "configure_autograde" in (room.root / "nbgrader_config.py").read_text()
    done = nbgrader(classroom, "export")
    assert done.returncode == 0, done.stderr
    assert ",4.0" in (room.root / "grades.csv").read_text()


def test_nbgraders_own_commands_give_the_same_marks(course, tmp_path):
    room = Classroom(tmp_path / "class", course)
    sheet = json.loads(write_class(room, 4).read_text())
    (room.root / "submitted").rename(course.root / "submitted")
    for words in (
        ("generate_assignment", LESSON),
        ("autograde", LESSON),
        ("generate_feedback", LESSON),
        ("export",),
    ):
        done = nbgrader(course, *words)
        assert done.returncode == 0, done.stderr
    rows = (course.root / "grades.csv").read_text().splitlines()
    columns = rows[0].split(",")
    places = columns.index("student_id"), columns.index("score")
    got = {row.split(",")[places[0]]: float(row.split(",")[places[1]]) for row in rows[1:]}
    assert got == {student: of[LESSON]["points"] for student, of in sheet["students"].items()}
    assert (course.root / "feedback" / "ada" / LESSON / f"{LESSON}.html").exists()
