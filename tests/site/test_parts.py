"""The parts of the site, on lessons made for the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helper.course import Course, CourseError
from helper.judging.judge import judge
from helper.judging.key import Key
from helper.lessons import lesson as lessons
from helper.site import documents, mathml, published, sheet, slides, teachers, words
from helper.site.build import build_site
from helper.site.lesson_pages import Released, read_released, write_lesson
from helper.site.pages import write_pages
from helper.site.pictures import take_pictures

NO_CHECKS = Key("", "", "", {})


def released(stem: str, *prose: str) -> Released:
    cells = tuple({"cell_type": "markdown", "source": text, "metadata": {}} for text in prose)
    return Released(stem, cells, NO_CHECKS)


ONE = released(
    "01_one", "# 1 · One\n\nWhat is it?", "## Rates\n\nA **learning rate** says how far. It is *not* far."
)
TWO = released(
    "02_two", "# 2 · Two", "## Steps\n\nWhat is kept of a step is left. It is called **momentum**."
)


def test_a_term_stands_with_the_sentence_that_explains_it_and_its_section() -> None:
    [rate] = words.glossary([ONE])
    assert (rate.name, rate.stem, rate.section) == ("learning rate", "01_one", "Rates")
    assert rate.sentence == "A **learning rate** says how far."


def test_a_sentence_that_points_back_brings_the_one_before() -> None:
    [momentum] = words.glossary([TWO])
    assert momentum.sentence == "What is kept of a step is left. It is called **momentum**."


def test_only_the_first_of_two_bold_uses_counts_and_a_plural_is_the_same_term() -> None:
    again = released("02_two", "# 2 · Two", "All **learning rates** are small, we said.")
    assert [term.stem for term in words.glossary([ONE, again])] == ["01_one"]


def test_labels_and_stress_are_no_terms() -> None:
    labels = (
        "**Predict.** What now?\n\n- **First case.** It is so.\n- **second** one\n\n**You will be able to**"
    )
    text = f"{labels}\n\nDo **not** do it."
    assert words.glossary([released("01_one", "# 1", text)]) == []


def test_a_name_that_only_ever_has_a_capital_keeps_it() -> None:
    lesson = released("01_one", "# 1", "**Adam** does both.\n\n**Clipping** breaks it; so clipping helps.")
    assert [term.name for term in words.glossary([lesson])] == ["Adam", "clipping"]


def test_a_term_used_before_it_is_explained_is_named_with_its_place() -> None:
    early = released("01_early", "# 1", "The learning rate is small.")
    late = released("02_one", "# 2", ONE.prose)
    [complaint] = words.too_early(words.glossary([early, late]), [early, late])
    assert complaint.startswith('01_early says "learning rate", which 02_one explains')


def test_a_promise_that_names_the_lesson_is_no_use_of_a_term() -> None:
    early = released("01_early", "# 1", "Lesson 2 speaks of the learning rate.")
    late = released("02_one", "# 2", ONE.prose)
    assert words.too_early(words.glossary([early, late]), [early, late]) == []


def test_without_an_address_there_are_no_buttons() -> None:
    assert published.buttons("", "01_mean") == ""
    assert published.buttons("https://example.org/course.whl", "01_mean") == ""


@pytest.mark.parametrize(
    ("address", "branch"),
    [
        ("git+https://github.com/somebody/some.course", "main"),
        ("git+https://github.com/somebody/some.course.git@v1.1", "v1.1"),
    ],
)
def test_an_address_that_names_a_repository_gives_buttons_to_that_lesson(address: str, branch: str) -> None:
    buttons = published.buttons(address, "01_mean")
    place = f"somebody/some.course/blob/{branch}/notebooks/01_mean/01_mean.ipynb"
    assert f"(https://colab.research.google.com/github/{place})" in buttons
    assert f"(https://codespaces.new/somebody/some.course?ref={branch})" in buttons
    assert f"[Source](https://github.com/{place})" in buttons


def test_links_between_documents_become_links_between_pages_and_code_stays(tmp_path: Path) -> None:
    text = (
        "[M](MARKING.md), [two](notebooks/02_two/02_two.ipynb), [list](constraints.txt), [web](https://example.org)\n"
        "```\n[M](MARKING.md)\n```\n"
    )
    (tmp_path / "README.md").write_text(text)
    shown = documents.document(tmp_path, "README.md", tmp_path)
    assert (
        shown.split("\n")[0]
        == "[M](marking.md), [two](02_two/02_two.ipynb), list, [web](https://example.org)"
    )
    assert "```\n[M](MARKING.md)\n```" in shown


def test_a_missing_section_is_named() -> None:
    with pytest.raises(CourseError, match='no section "Start"'):
        documents.section("# A\n\n## B\n", "Start")


def test_the_numbers_of_the_cheat_sheet_are_those_of_the_lessons() -> None:
    numbers = sheet.numbers()
    assert (numbers["ln10"], numbers["overflow"], numbers["underflow"]) == ("2.30", "89", "104")
    assert (numbers["weight"], numbers["gathered"]) == ("(5, 20)", "8")


@pytest.mark.parametrize(
    "formula", [r"\frac{1}{n}\sum_i x_i", r"\begin{pmatrix}1&2\end{pmatrix}", r"\underbrace{a}_{b}"]
)
def test_formulas_become_mathml(formula: str) -> None:
    assert mathml.convert(formula).startswith("<math")


def test_three_questions_are_asked_from_all_over_the_lesson() -> None:
    asked = [f"**Predict.** Question {number}?\n\nText." for number in range(7)]
    assert teachers.questions(released("01_one", "# 1", *asked)) == [
        "Question 0?",
        "Question 3?",
        "Question 6?",
    ]


def test_a_question_to_predict_is_found_wherever_it_stands() -> None:
    text = (
        "**Predict.** What comes\nout?\n\nTwo loops. **Predict**: are they [equal](there)?\n\n"
        "**Predict** one row before you look.\n\n**Predict**, then try:\n\n- one\n- two\n\nThey predict."
    )
    assert teachers.predictions(text) == [
        "What comes out?",
        "Two loops. Predict: are they equal?",
        "Predict, then try:\n\n- one\n- two",
    ]


def test_what_a_mistake_keeps_is_what_the_judge_gives_it(course: Course) -> None:
    lesson, key = lessons.read(course.solutions, "01_mean"), read_released(course, "01_mean").key
    for stall in teachers.stalls(lesson, key):
        check = key.checks[stall.exercise]
        earned = [judge(known.evidence, check, key.lesson).points for known in check.mistakes]
        assert min(earned) <= stall.keeps <= max(earned) < stall.points == check.points


def test_slides_are_the_questions_and_the_figures_under_their_headings(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"a picture")
    drawn = [
        {
            "output_type": "display_data",
            "data": {"image/png": "…"},
            "metadata": {"image/png": {"alt": f"Curve {number}"}},
        }
        for number in (1, 2)
    ]
    printed = {"output_type": "stream", "name": "stdout", "text": "3"}
    text = "## 1. Told\n\nText.\n\n![A line that rises](one.png)\n\n**Predict.** How much?"
    cells = [
        {"cell_type": "markdown", "source": text},
        {"cell_type": "code", "id": "a", "source": "code()", "metadata": {}, "outputs": [printed, *drawn]},
        {"cell_type": "markdown", "source": "## Exercise: `mean`\n\nWrite it."},
        {
            "cell_type": "markdown",
            "source": '<details class="check"><summary>**Predict.** No?</summary></details>',
        },
    ]
    slides.write_slides(released("01_one", "# 1 · One\n\nWhat is it?"), cells, tmp_path, tmp_path / "decks")
    deck = json.loads((tmp_path / "decks" / "01_one.ipynb").read_text(encoding="utf-8"))["cells"]
    first, picture, question, heading, *shown = deck
    assert first["source"] == "# 1 · One\n\nWhat is it?"
    assert picture["source"] == "## 1. Told\n\n![A line that rises](one.png)"
    assert (tmp_path / "decks" / "one.png").read_bytes() == b"a picture"
    assert "**Predict.** How much?" in question["source"]
    assert heading["source"] == "## 1. Told"
    assert [cell["outputs"] for cell in shown if cell["cell_type"] == "code"] == [[one] for one in drawn]
    assert shown[-1]["metadata"]["mystnb"]["image"]["alt"] == "Curve 2"
    assert "code()" not in json.dumps(deck)


def write_sources(course: Course, target: Path) -> None:
    for name in documents.PAGES:
        (course.root / name).write_text("# A\n\nWhat it is.\n\n## Start\n\nHow.\n")
    write_pages(course, ["01_mean"], target / "pages", target / "decks", printed=False)


@pytest.mark.parametrize("address", ["", "git+https://github.com/somebody/course"])
def test_buttons_stand_above_a_lesson_where_the_address_is_configured(
    course: Course, tmp_path: Path, address: str
) -> None:
    (course.root / "pyproject.toml").write_text(f'[tool.course]\naddress = "{address}"\n')
    write_sources(course, tmp_path)
    cells = json.loads((tmp_path / "pages" / "01_mean" / "01_mean.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
    buttons = [cell["source"] for cell in cells if "colab.research" in cell["source"]]
    assert len(buttons) == bool(address)
    assert ".pdf" not in (tmp_path / "pages" / "01_mean" / "teaching.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("proven", [False, True])
def test_the_proof_is_a_page_where_it_was_written(course: Course, tmp_path: Path, proven: bool) -> None:
    if proven:
        (course.root / "PROOF.md").write_text("# What was held against each check\n")
    write_sources(course, tmp_path)
    assert (tmp_path / "pages" / "proof.md").exists() is proven
    for page in ("index.md", "engine.md"):
        assert (
            "proof" in (tmp_path / "pages" / page).read_text(encoding="utf-8").split("mistakes |")[-1]
        ) is proven


def test_every_page_has_its_picture_in_both_themes_for_desk_and_phone(tmp_path: Path) -> None:
    (tmp_path / "site" / "slides").mkdir(parents=True)
    for name in ("index.html", "slides/01_one.html"):
        (tmp_path / "site" / name).write_text("<p>words")
    taken = {path.stem for path in take_pictures(tmp_path / "site", tmp_path / "pictures")}
    assert taken == {
        f"{page}-{theme}-{screen}"
        for page in ("index", "slides-01_one")
        for theme in ("light", "dark")
        for screen in ("desk", "phone")
    }


def test_pictures_of_no_site_name_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="run course site"):
        list(take_pictures(tmp_path, tmp_path / "pictures"))


def test_sections_without_an_exercise_can_be_skipped(course: Course) -> None:
    exercise = {"cell_type": "code", "source": "", "metadata": {"course": {"exercise": "mean"}}}
    text = {"cell_type": "markdown", "source": "## 1. Told\n\n…\n\n## 2. Done", "metadata": {}}
    end = {"cell_type": "markdown", "source": "## 3. End", "metadata": {}}
    assert teachers.to_skip(Released("01_one", (text, exercise, end), NO_CHECKS)) == ["1. Told", "3. End"]


def test_teachers_see_advice_and_no_code_of_the_bank(course: Course) -> None:
    lesson = lessons.read(course.solutions, "01_mean")
    told = teachers.stalls(lesson, read_released(course, "01_mean").key)
    assert told
    mistakes = {answer.title for answer in lesson.answers if answer.kind == "mistake"}
    assert {advice for stall in told for advice in stall.advice} <= mistakes


def test_a_page_takes_outputs_of_demonstrations_and_nothing_of_exercises(
    course: Course, tmp_path: Path
) -> None:
    import nbformat

    reference = course.solutions / "01_mean" / "01_mean.ipynb"
    notebook = nbformat.read(reference, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text=f"put out by {cell.id}\n")]
    nbformat.write(notebook, reference)
    lesson = read_released(course, "01_mean")
    write_lesson(course, lesson, tmp_path / "01_mean", "")
    page = nbformat.read(tmp_path / "01_mean" / "01_mean.ipynb", as_version=4)
    shown = {
        cell.id: "".join(output.text for output in cell.outputs)
        for cell in page.cells
        if cell.cell_type == "code"
    }
    roles = {
        cell["id"]: cell["metadata"].get("course", {}) for cell in lesson.cells if cell["cell_type"] == "code"
    }
    assert any(shown.values())
    for name, said in shown.items():
        assert bool(said) is not bool({"exercise", "setup", "check"} & set(roles[name]))


def test_a_lesson_that_is_not_built_is_named_with_the_next_command(mini: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match='run "course build 01_mean"'):
        build_site(mini, ["01_mean"], tmp_path / "site")
