"""What people read: the report, feedback, JSON; nothing of a student's is anything but text in any of them."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from axe_playwright_python.sync_playwright import Axe
from rich.console import Console
from test_grading import LESSON, RIGHT, hand_in

from helper.commands import instructor
from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class
from helper.grading.grade import grade
from helper.grading.marking import Marked
from helper.grading.pages.as_json import to_json
from helper.grading.pages.report import class_page
from helper.grading.pages.similar import similar
from helper.grading.pages.summary import summarise
from helper.grading.workers import Workers
from helper.judging.verdict import Piece, Result, Verdict
from helper.nbgrading.gradebook import inert, open_gradebook

ROOT = Path(__file__).parents[2]
ATTACK = (
    "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>[a](javascript:1)"
)
COPIED = """
def mean_square(x):
    # first we go a long way round, in a manner that nobody else would think of
    storage_of_partial_sums = []
    for row_of_numbers in x.reshape(-1, 1):
        storage_of_partial_sums.append((row_of_numbers * row_of_numbers).sum())
    combined_partial_sums = torch.stack(storage_of_partial_sums)
    return combined_partial_sums.sum() / combined_partial_sums.numel()
"""


@pytest.fixture(scope="module")
def marked(built_mini, tmp_path_factory):
    """Return a marked class of twelve, with one who attacks and two who copied, and what the run said."""
    room = Classroom(tmp_path_factory.mktemp("pages") / "class", Course(built_mini.root))
    write_class(room, 12)
    (room.root / "in").mkdir()
    (room.root / "submitted").rename(room.root / "in" / "submitted")
    outside = Classroom(room.root.parent / "more", room.course)
    hand_in(outside, "mallory", f"print({ATTACK!r})\ndef mean_square(x):\n    raise ValueError({ATTACK!r})  # {ATTACK}",
            extra=[f"print({ATTACK!r})  # {ATTACK}"])  # fmt: skip
    hand_in(outside, "copy-1", COPIED)
    hand_in(outside, "copy-2", COPIED.replace("combined", "joined"))
    for path in (outside.root / "in").iterdir():
        path.rename(room.root / "in" / "submitted" / path.name)
    with Workers(1) as hands:
        graded = grade(room, room.root / "in", hands)
    return room, graded


def test_the_marks_as_json_are_as_the_schema_says(marked):
    schema = json.loads((files("helper.grading.pages") / "marks.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    data = to_json(marked[1].marks)
    jsonschema.validate(data, schema)
    assert (
        len({check["verdict"] for of in data["students"].values() for check in of[LESSON]["checks"].values()})
        > 3
    )
    for damage in (
        lambda of: of.pop("points"),
        lambda of: of["checks"]["mean_square"].update(verdict="fine"),
        lambda of: of["checks"]["mean_square"].update(points="3"),
        lambda of: of.update(flags=[3]),
    ):
        broken = json.loads(json.dumps(data))
        damage(broken["students"]["ada"][LESSON])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_the_page_on_json_tells_the_truth():
    page = (ROOT / "JSON.md").read_text()
    schema = json.loads((files("helper.grading.pages") / "marks.schema.json").read_text())
    jsonschema.validate(json.loads(re.search(r"```json\n(.*?)```", page, re.S)[1]), schema)
    words = schema["$defs"]["check"]["properties"]["verdict"]["enum"]
    assert all(f"`{word}`" in page for word in words)
    for part in ("lesson", "check"):
        assert all(f"`{field}`" in page for field in schema["$defs"][part]["required"] if field != "checks")


@pytest.fixture
def opened(marked, browser):
    """Return the report in a browser, with what it asked the network for and what it complained of."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    heard = []
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto((marked[0].root / "report.html").as_uri())
    page.wait_for_selector("#students.dataTable")
    yield page, heard
    page.close()


def test_the_report_asks_nobody_and_complains_of_nothing(opened, marked):
    assert opened[1] == [(marked[0].root / "report.html").as_uri()]


def test_everybody_can_read_the_report(opened):
    page, _ = opened
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []


def test_everybody_can_read_feedback(marked, browser):
    page = browser.new_page()
    for student in ("ada", "alan", "mallory"):
        page.goto((marked[0].feedback / student / LESSON / f"{LESSON}.html").as_uri())
        assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    page.close()


def rows(page):
    return page.locator("#students tbody th").all_text_contents()


def test_the_table_sorts_and_filters(opened):
    page, _ = opened
    page.get_by_role("columnheader", name="total").click()
    page.wait_for_selector("#students th[aria-sort=ascending]")
    points = [
        float(text) for text in page.locator("#students tbody td:nth-last-child(2)").all_text_contents()
    ]
    assert points == sorted(points)
    page.get_by_role("searchbox").fill("copy")
    assert sorted(rows(page)) == ["copy-1", "copy-2"]


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_screen(marked, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in (marked[0].root / "report.html", marked[0].feedback / "mallory" / LESSON / f"{LESSON}.html"):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.close()


def test_every_link_leads_to_a_page(opened, marked):
    page, _ = opened
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
    assert len(links) > 15
    for link in links:
        assert (marked[0].root / link).exists() or link.startswith("#lesson-"), link


def test_those_who_copied_stand_beside_each_other_and_beside_nobody_else(marked):
    page = (marked[0].root / "report.html").read_text()
    pairs = re.findall(r"<summary>01_mean: (\S+) and (\S+), \d+ %</summary>", page)
    assert ("copy-1", "copy-2") in pairs
    assert not any(len({"copy-1", "copy-2"} & set(pair)) == 1 for pair in pairs)


def test_what_many_wrote_is_no_likeness():
    common = {f"student{n}": COPIED for n in range(40)}
    assert similar(LESSON, common) == []
    assert similar(LESSON, {"one": "x = 1", "two": "x = 1"}) == []


def test_harmless_oddities_lie_apart_from_what_needs_a_look(marked):
    _, graded = marked
    room = marked[0]
    page = (room.root / "report.html").read_text()
    odd = [student for student, of in graded.marks.items() if of[LESSON].oddities]
    assert odd, "nobody copied a check"
    look = page.partition("<h2>To look at</h2>")[2].partition("<h2>")[0]
    assert "ran once" not in look
    assert f"{len(odd)} submissions were odd" in page


def verdict(points, advice):
    return Verdict("one", "mistake" if advice else "right", points, 2.0, (Result("a", 2.0, not advice),),
                   tuple(Piece("mistake", {"text": text}) for text in advice))  # fmt: skip


def test_the_summary_counts_what_is_there():
    def made(one, two):
        other = Verdict("two", "right" if two else "not attempted", two, 2.0, ())
        return Marked(LESSON, (verdict(one, () if one == 2 else ("You added.",)), other), {})

    marks = {
        f"s{n}": {LESSON: made(*pair)} for n, pair in enumerate([(2, 2), (2, 2), (2, 2), (0, 0), (1, 0)])
    }
    (summary,) = summarise(marks)
    one, two = summary.exercises
    assert (summary.mean, summary.median, summary.max) == (2.6, 4.0, 4.0)
    assert summary.bars == (1, 0, 1, 0, 0, 0, 0, 0, 0, 3)
    assert (one.right, one.difficulty) == (3, 0.7)
    assert one.discrimination > 0.8
    assert (two.right, two.tried) == (3, 3)
    assert [(reason.text, reason.students) for reason in one.reasons] == [("You added.", ("s3", "s4"))]
    assert [student for student, _, _ in summary.help] == ["s3", "s4"]


def test_a_class_of_three_hundred_is_not_a_mile_long(browser, tmp_path):
    marks = {f"s{n:03}": {LESSON: Marked(LESSON, (verdict(n % 3, () if n % 3 == 2 else (f"You did {n % 7}.",)),), {})}
             for n in range(300)}  # fmt: skip
    path = tmp_path / "report.html"
    path.write_text(class_page(marks, []))
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector("#students.dataTable")
    assert page.evaluate("document.documentElement.scrollHeight") < 3000
    assert len(rows(page)) == 25
    page.close()


@pytest.mark.parametrize("students", [3, 120])
def test_the_consoles_table_fits_eighty_columns(monkeypatch, students):
    text = io.StringIO()
    console = Console(file=text, highlight=False, soft_wrap=True, width=200)
    checks = tuple(Verdict(f"an_exercise_{n}", "right", 1.25, 2.0, ()) for n in range(11))
    marks = {f"{n}-{'x' * 70}": {LESSON: Marked(LESSON, checks, {})} for n in range(students)}
    from helper.grading.grade import Graded

    instructor._say_table(console, Graded(marks), LESSON, None)
    assert max(map(len, text.getvalue().splitlines())) <= 80
    assert len(text.getvalue().splitlines()) < 70


@pytest.fixture(scope="module")
def stock(marked, tmp_path_factory):
    """Let nbgrader itself write feedback and export the marks, in a copy."""
    root = tmp_path_factory.mktemp("stock") / "class"
    shutil.copytree(marked[0].root, root)
    for words in (("generate_feedback", LESSON, "--force"), ("export",)):
        nbgrader = str(Path(sys.executable).with_name("nbgrader"))
        done = subprocess.run([nbgrader, *words], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return Classroom(root, marked[0].course)


def test_nbgraders_own_feedback_runs_nothing_of_a_students(stock, browser):
    path = next((stock.root / "feedback" / "mallory").rglob("*.html"))
    page = browser.new_page()
    page.route(re.compile("^http"), lambda route: route.abort())  # its page asks for libraries from elsewhere
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    assert page.title() != "hacked"
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.get_by_text("onerror").count() > 0  # it is there, as text
    page.close()


def test_a_comment_shows_as_it_is_read(browser):
    from nbconvert.filters import markdown2html

    page = browser.new_page()
    for text in (ATTACK, "`x`<b>y</b>", "a * b * c [x](javascript:y) ![i](http://x) $\\href{javascript:z}{q}$ <!-- -->",
                 "```\n<script>1</script>\n```", "&lt;script&gt;"):  # fmt: skip
        page.set_content(str(markdown2html(inert(text))))
        shown = re.sub(r"\s+", " ", page.inner_text("body"))
        assert shown.strip() == re.sub(r"\s+", " ", text.replace("`x`", "x")).strip()
        assert page.locator("img, script, b, a").count() == 0
    page.close()


def test_the_exported_table_has_no_formula(stock):
    with open_gradebook(stock.database) as book:
        assert len(book.students) == 15
    for row in csv.reader(io.StringIO((stock.root / "grades.csv").read_text())):
        assert len(row) == 11
        assert not any(cell[:1] in ("=", "+", "-", "@") for cell in row)


def test_feedback_shows_own_cells_and_what_they_printed(marked):
    page = (marked[0].feedback / "mallory" / LESSON / f"{LESSON}.html").read_text()
    own = page.partition("<h2>Your own cells</h2>")[2]
    assert own.count("onerror=") == 3  # twice in the source, once printed
    assert "<img" not in page


def test_a_right_answer_is_read_as_right(marked):
    assert RIGHT
    page = (marked[0].feedback / "copy-1" / LESSON / f"{LESSON}.html").read_text()
    assert "4 of 4 points" in page
