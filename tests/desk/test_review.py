"""Review: questions from lessons done, checked like exit questions, again after 1, 3, 7 and 21 days."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from helper.checking import compare
from helper.checking.progress import note_progress
from helper.commands.review import review_lessons
from helper.course import Course, CourseError
from helper.desk import cells, recall, review
from helper.desk.places import Desk
from helper.desk.review import Card, Question
from helper.desk.update import lay_out
from helper.lessons.lesson import read
from helper.lessons.stage import Stage

STEM = "01_mean"
DAY = date(2026, 11, 25)
OPTIONS = (
    "## Questions\n\nWrite a letter.\n\n### Question: `exit_mean`\n\nWhich?\n\n- a) the sum\n- b) the mean"
)
PREDICT = [
    "**Predict.** What does it print?",
    "print(1 + 1)",
    "<details><summary>Explain</summary>\n\nTwo.\n</details>",
]


@pytest.fixture
def desk(course: Course, monkeypatch: pytest.MonkeyPatch) -> Desk:
    path = course.notebooks / STEM / f"{STEM}.ipynb"
    notebook = cells.read(path)
    place = next(
        number for number, cell in enumerate(notebook["cells"]) if cells.grade_id(cell) == "exit_mean"
    )
    notebook["cells"][place - 1]["source"] = OPTIONS
    for number, text in enumerate(PREDICT):
        kind = "code" if number == 1 else "markdown"
        notebook["cells"].append({"cell_type": kind, "id": f"p{number}", "metadata": {}, "source": text})
    cells.mark_as_released(notebook)
    cells.write(path, notebook)
    desk = Desk(course.work, course.notebooks)
    lay_out(desk)
    monkeypatch.chdir(course.root)
    return desk


@pytest.fixture
def done(desk: Desk, course: Course) -> Desk:
    """Return a desk on which both exercises have passed."""
    stage = Stage(read(course.solutions, STEM))
    opens, _ = compare.opened(
        desk.work / STEM,
        "mean_square",
        "",
        lambda seed: stage.evidence("mean_square", None, seed).evidence.shown,
    )
    note_progress(desk.work / STEM, "mean_square", 3.0, "right", opens)
    note_progress(desk.work / STEM, "exit_mean", 1.0, "right")
    return desk


def by_kind(desk: Desk) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in review.questions(desk):
        found.setdefault(question.kind, []).append(question)
    return found


def test_nothing_is_asked_of_a_lesson_that_is_not_done(desk: Desk) -> None:
    assert review.questions(desk) == []
    with pytest.raises(CourseError, match="begins when a first check has passed"):
        review_lessons()


def test_exit_questions_programs_that_fail_and_predictions_are_asked(done: Desk) -> None:
    found = by_kind(done)
    assert set(found) == {"choice", "fault", "prediction"}
    assert found["choice"][0].right == "b"
    assert "the sum" in found["choice"][0].text
    assert not found["choice"][0].text.startswith("#")
    assert "print(1 + 1)" in found["prediction"][0].text
    assert found["prediction"][0].after == "Two."


def test_of_an_exit_question_only_what_stands_below_its_heading_is_asked(done: Desk) -> None:
    texts = [question.text for question in review.questions(done) if question.kind == "choice"]
    assert texts == [OPTIONS[OPTIONS.index("Which?") :]]


def test_an_answer_is_checked_like_an_exit_question_with_the_mistakes_own_advice(done: Desk) -> None:
    question = by_kind(done)["choice"][0]
    assert review.verdict(question, " B ")[0]
    known, said = review.verdict(question, "a")
    assert not known
    assert "No: think of the mean of -1 and 1." in said


def test_a_program_that_fails_is_asked_for_the_first_expectation_it_misses(done: Desk) -> None:
    summed = next(question for question in by_kind(done)["fault"] if "(x * x).sum()" in question.text)
    assert "- a) the mean of the squares" in summed.text
    assert summed.right == "a"
    assert "divide by how many there are" in review.verdict(summed, "a")[1]
    assert "divide by how many there are" not in summed.text


def test_programs_of_an_exercise_that_has_not_passed_stay_sealed(desk: Desk) -> None:
    note_progress(desk.work / STEM, "exit_mean", 1.0, "right")
    assert "fault" not in by_kind(desk)


def test_what_is_known_comes_again_after_1_3_7_and_21_days() -> None:
    card, day, gaps = None, DAY, []
    for _ in range(5):
        card = review.answered(card, True, day)
        gaps.append((card.due - day).days)
        day = card.due
    assert gaps == [1, 3, 7, 21, 21]


def test_what_was_not_known_comes_again_tomorrow_and_begins_anew() -> None:
    card = review.answered(Card(3, DAY), False, DAY)
    assert (card.due - DAY).days == 1
    assert (review.answered(card, True, DAY).due - DAY).days == 1


def plain(name: str, kind: str = "choice") -> Question:
    return Question(name, kind, "text", "a", "", {})


def test_what_is_due_comes_first_then_new_ones_of_several_kinds_and_never_more_than_five() -> None:
    asked = [plain(f"new {kind} {number}", kind) for kind in review.KINDS for number in range(4)]
    asked += [plain("due"), plain("overdue"), plain("later")]
    state = {
        "due": Card(1, DAY),
        "overdue": Card(2, DAY - timedelta(days=3)),
        "later": Card(1, DAY + timedelta(days=1)),
    }
    drawn = review.draw(asked, state, DAY)
    assert [question.id for question in drawn[:2]] == ["overdue", "due"]
    assert len(drawn) == 5
    assert {question.kind for question in drawn[2:]} == set(review.KINDS)
    assert "later" not in [question.id for question in drawn]
    assert drawn == review.draw(asked, state, DAY)


def test_in_the_terminal_answers_are_checked_and_noted(
    done: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    by_id = {question.id: question for question in review.questions(done)}
    drawn = review.draw(list(by_id.values()), {}, DAY)
    replies = [reply for question in drawn for reply in ([question.right] if question.right else ["", "n"])]
    assert review_lessons(today=DAY, ask=lambda _: replies.pop(0)) == 0
    said = capsys.readouterr().out
    lost = sum(not question.right for question in drawn)
    assert f"{len(drawn) - lost} of {len(drawn)} known." in said
    assert "It comes again on 26 November." in said
    assert set(review.read_state(done)) == {question.id for question in drawn}


def test_when_nothing_is_due_the_next_day_is_named(done: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for question in review.questions(done):
        review.note(done, question.id, True, DAY)
    assert review_lessons(today=DAY) == 0
    assert "Come back on 26 November." in capsys.readouterr().out


def test_as_a_notebook_each_question_has_a_cell_that_takes_the_answer(
    done: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    review_lessons(as_notebook=True, today=DAY)
    path = done.work / "review 2026-11-25.ipynb"
    code = [cells.source(cell) for cell in cells.read(path)["cells"] if cell["cell_type"] == "code"]
    assert code[0] == "from helper.desk.recall import recall"
    assert f'recall("{STEM}/exit_mean", "")' in code
    path.write_text(path.read_text().replace('\\"\\")', '\\"b\\")'))
    before = path.read_bytes()
    review_lessons(as_notebook=True, today=DAY)
    assert path.read_bytes() == before


def test_a_cell_of_that_notebook_checks_and_notes_the_answer(done: Desk) -> None:
    name = f"{STEM}/exit_mean"
    assert "between the quotes" in repr(recall.recall(name, ""))
    assert review.read_state(done) == {}
    assert "✓ Right." in repr(recall.recall(name, "b"))
    assert review.read_state(done)[name].step == 1


def test_a_damaged_state_is_set_aside_and_everything_counts_as_new(done: Desk) -> None:
    (done.work / "review.json").write_text("{")
    assert review.read_state(done) == {}
    assert (done.work / "review-damaged.json").read_text() == "{"


def test_a_damaged_lesson_gives_no_question_and_no_error(done: Desk) -> None:
    (done.work / STEM / "key.json").write_text(json.dumps({"lesson": 3}))
    assert review.questions(done) == []
    assert Path(done.work / STEM / f"{STEM}.ipynb").exists()
