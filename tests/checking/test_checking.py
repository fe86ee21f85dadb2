"""The check cell: inputs, evidence, and what a student reads."""

import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from helper.checking import check as checking
from helper.checking import panel, practice
from helper.checking.check import check, collecting
from helper.checking.given import Given
from helper.course import CourseError
from helper.fixtures import NO_GRADIENT, choice, error_of, gradient, untouched


@pytest.fixture
def told(monkeypatch, course, in_folder):
    """Run in a copy of the mini lesson's folder, moved elsewhere, and collect what is displayed."""
    (in_folder / "key.json").write_bytes((course.notebooks / "01_mean" / "key.json").read_bytes())
    shown = []
    monkeypatch.setattr(panel, "_display", shown.append)
    return shown


def ask(answer):
    @check("mean_square")
    def _(given, expect):
        x = given.normal(3, 5)
        expect("the mean of the squares", answer(x))
        expect("a single number", answer(2 + x[:1, :1].abs()))
        expect("large numbers", answer(1000 * x), points=2)


def test_a_right_answer_is_told_at_once_and_offline(told):
    ask(lambda x: x.square().mean())
    assert repr(told[0]).startswith("✓ Right: mean_square (3 of 3 points)")


def test_a_mistake_is_told_with_its_advice(told):
    ask(lambda x: x.square().sum())
    assert "divide by how many there are" in repr(told[0])
    assert "divide by how many there are" in told[0]._repr_html_()


def test_the_form_of_earlier_versions_is_told_with_the_way_on():
    told = pytest.raises(CourseError, match=r'earlier version of the course.*Run "course update"')
    with told, check("mean_square") as (given, expect):
        expect("the mean of the squares", given)


def test_an_unwritten_answer_is_not_attempted(told):
    def answer(x):
        raise NotImplementedError

    ask(answer)
    assert repr(told[0]).startswith("○ Not attempted")


def test_an_answer_is_told_that_it_calls_one_that_has_not_passed(told, monkeypatch):
    cells = ["def half(x): return x / 3", "def mean_square(x): return half(x)", "exit_mean = mean_square(1)"]
    monkeypatch.setattr(practice, "cells_run", lambda: cells)
    monkeypatch.setattr(practice, "_failed", set())

    def ask_letter(letter):
        @check("exit_mean")
        def _(given, expect):
            expect("the choice", letter)

    ask_letter("a")
    ask(lambda x: x.square().sum())
    ask_letter("a")
    ask_letter("b")
    ask(lambda x: x.square().mean())
    ask_letter("a")
    assert ["builds on `mean_square`" in repr(panel) for panel in told] == [False, False, True, *3 * [False]]


def test_an_answer_that_calls_an_unwritten_one_is_told_so_though_nobody_checked_that(told, monkeypatch):
    cells = ["exit_mean = ...", "def mean_square(x): return exit_mean(x)"]
    monkeypatch.setattr(practice, "cells_run", lambda: cells)
    monkeypatch.setattr(practice, "_failed", set())

    def answer(x):
        raise NotImplementedError

    ask(answer)
    assert "builds on `exit_mean`" in repr(told[0])


def test_an_exception_is_explained_without_a_traceback(told):
    ask(lambda x: x @ x)
    assert "Traceback" not in repr(told[0])
    assert "RuntimeError" in repr(told[0])


def test_without_a_key_one_sentence_says_where_to_get_it(told, in_folder):
    (in_folder / "key.json").unlink()
    ask(lambda x: x.square().mean())
    assert "key.json is missing" in repr(told[0])
    assert str(in_folder) in repr(told[0])
    assert "notebooks/" in repr(told[0])


def test_a_damaged_key_is_told(told, in_folder):
    (in_folder / "key.json").write_text('{"lesson": "01_mean", "checks"')
    ask(lambda x: x.square().mean())
    assert "cannot be read" in repr(told[0])


def test_another_lessons_key_is_told(told):
    @check("softmax")
    def _(given, expect):
        expect("something", given.number())

    assert "01_mean" in repr(told[0])


def test_student_text_in_the_panel_is_escaped(told):
    def answer(x):
        raise ValueError("<script>alert(1)</script>")

    ask(answer)
    assert "<script" not in told[0]._repr_html_()


def test_ctrl_c_goes_through(told):
    def answer(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(answer)


def test_a_check_leaves_the_notebooks_random_numbers_alone(told):
    def draws():
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(1)
    expected = draws()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(1)
    ask(lambda x: x.square().mean() + torch.rand(()) + random.random() + np.random.rand())
    assert draws() == expected


def test_evidence_arises_one_by_one_and_ends_with_what_ended_it():
    records = []
    with collecting("seed", records.append):
        ask(lambda x: x.mean() if x.numel() > 1 else x.nothing)
    assert [record.get("expect") for record in records] == ["the mean of the squares", None]
    assert records[-1]["failure"][0] == "AttributeError"


def test_collecting_shows_nothing_and_ends_even_after_an_error(told):
    def stop():
        with collecting("seed", lambda record: None):
            ask(lambda x: x.mean())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop()
    assert told == []
    assert checking._collecting is None


def test_the_same_seed_draws_the_same_inputs_and_another_seed_others():
    one, again, other = (Given(seed, "softmax").normal(4, 3) for seed in ("a", "a", "b"))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_the_stream_of_inputs_never_changes():
    given = Given("practice", "softmax")
    drawn = [round(float(item), 4) for item in given.normal(3)], given.integers(10, 5).tolist()
    # Recorded once: a release of NumPy or torch that changes them would make every key wrong.
    assert drawn == ([1.4704, 0.758, -0.6274], [2, 9, 1, 8, 9])


def test_filling_a_module_reaches_biases_too():
    module = Given("seed", "check").fill(torch.nn.Linear(3, 2))
    assert module.bias.abs().min() > 0


def test_an_expectation_named_twice_is_refused(told):
    @check("mean_square")
    def _(given, expect):
        expect("one", 1)
        expect("one", 2)

    assert "twice" in repr(told[0])


def test_a_gradient_that_is_lost_is_evidence_not_an_error():
    x = torch.ones(3)
    assert gradient(lambda x: x.detach().sum(), x) == NO_GRADIENT
    assert torch.equal(gradient(lambda x: (x**2).sum(), x), torch.full((3,), 2.0, dtype=torch.float64))
    assert not x.requires_grad


def test_an_answer_that_changes_its_input_is_caught():
    assert untouched(lambda x: x + 1, torch.ones(2))
    assert not untouched(lambda x: x.add_(1), torch.ones(2))


def test_an_empty_answer_is_not_one_that_refuses():
    assert error_of(lambda: int("x")) == "ValueError"
    assert error_of(lambda: 1) == "no error"
    assert error_of(lambda: torch.ones(2).unflatten(0, (3,))) == "RuntimeError"
    with pytest.raises(NotImplementedError):
        error_of(lambda: (_ for _ in ()).throw(NotImplementedError()))


@pytest.mark.parametrize("typed", ["b", "B", " b ", "(b)", "b."])
def test_a_letter_counts_however_it_is_typed(typed):
    assert choice(typed) == "b"


def test_the_helper_imports_without_torch_until_it_is_needed():
    code = "import sys, helper; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_students_half_imports_nothing_of_authoring_or_grading():
    code = (
        "import sys, helper.checking.check, helper.checking.panel, helper.data, helper.plot, helper.fixtures\n"
        "import helper.judging.judge\n"
        "sys.exit(any(name.startswith(('helper.authoring', 'helper.grading')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_other_right_answers_are_shown_after_passing_and_not_before(told, course, in_folder):
    (in_folder / "again.json").write_bytes((course.notebooks / "01_mean" / "again.json").read_bytes())
    ask(lambda x: x.square().sum())
    ask(lambda x: x.square().mean())
    assert "total = total + value**2" not in repr(told[0])
    assert "total = total + value**2" in repr(told[1])
    assert "Compare your answer" in told[1]._repr_html_()


def test_the_panel_counts_the_lesson(told):
    ask(lambda x: x.square().mean())
    ask(lambda x: x.square().sum())
    assert all("This lesson so far: 3 of 4 points" in repr(panel) for panel in told)


def test_what_is_prepared_comes_with_its_truth_only_in_practice() -> None:
    def make(given: Given) -> tuple[list[float], str]:
        return [given.number()], "the truth"

    practice = Given("seed", "check").prepared("case", make)
    assert practice[1] == "the truth"
    assert Given("seed", "check").prepared("case", make) == practice
    where_the_key_is_made = Given("seed", "check", secret="a secret")
    data, truth = where_the_key_is_made.prepared("case", make)
    assert truth is None
    assert data != practice[0], "nobody draws it from the seed"
    beside_the_answer = Given("seed", "check", ready=where_the_key_is_made.kept)
    assert beside_the_answer.prepared("case", lambda given: pytest.fail("nothing is made here")) == (
        data,
        None,
    )
