"""What may be seen after passing: every right answer opens it, rounding does not matter, nothing else does."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helper.authoring.sealed import sealed_answers
from helper.checking import compare
from helper.course import Course
from helper.desk import seal
from helper.judging.evidence import plain, same
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage

STEM = "01_mean"
finite = st.floats(-1e6, 1e6, allow_nan=False)


def opened(reference: Any, other: Any) -> bool:
    """Say whether evidence `other` opens what was sealed with evidence `reference`."""
    shown = {"one": plain(reference)}
    sketched = seal.sketch(shown, ["one"])
    box = seal.lock("secret", seal.password(shown, sketched))
    return seal.unlock(box, seal.password({"one": plain(other)}, sketched)) == "secret"


@given(st.lists(finite, min_size=1, max_size=80), st.floats(-1, 1))
def test_what_the_judge_takes_for_equal_opens_the_seal(numbers: list[float], part: float) -> None:
    tensor = torch.tensor(numbers, dtype=torch.float64)
    near = tensor + 0.9e-4 * part * tensor
    assert same(plain(tensor), plain(near))
    assert opened(tensor, near)


@given(st.lists(finite, min_size=1, max_size=20), st.integers(0, 19), st.floats(0.01, 10))
def test_a_number_that_is_off_by_a_hundredth_opens_nothing(
    numbers: list[float], place: int, off: float
) -> None:
    tensor = torch.tensor(numbers, dtype=torch.float64)
    wrong = tensor.clone()
    wrong[place % len(numbers)] += off * max(1.0, float(tensor.abs().max()))
    assert not opened(tensor, wrong)


@pytest.mark.parametrize(
    ("reference", "other"),
    [
        ("b", "a"),
        (True, False),
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        ({"a": 1.0}, {"b": 1.0}),
        ([1.0, 2.0], [1.0, 2.0, 0.0]),
        (math.inf, -math.inf),
        (torch.ones(3), torch.ones(3).int()),
        (None, 0.0),
    ],
)
def test_what_is_no_number_has_to_be_the_same(reference: Any, other: Any) -> None:
    assert opened(reference, reference)
    assert not opened(reference, other)


def test_a_whole_number_and_its_float_open_the_same() -> None:
    assert opened(3.0, 3)


@given(st.text(max_size=60))
def test_a_damaged_seal_is_no_error(text: str) -> None:
    assert seal.unlock(text, "password") is None


@pytest.mark.parametrize("shown", [{}, {"one": 3}, {"one": {"number": "x"}}, {"one": {"values": [[[]]]}}])
def test_whatever_was_shown_a_password_never_raises(shown: Any) -> None:
    sketched = seal.sketch({"one": plain(torch.ones(3))}, ["one"])
    assert isinstance(seal.password(shown, sketched), str)


def test_every_right_answer_of_the_bank_opens_the_seal_and_no_mistake_does(mini: Course) -> None:
    stage = Stage(read(mini.solutions, STEM))
    sealed = sealed_answers(stage, make_key(stage))["mean_square"]
    for answer in stage.lesson.answers:
        if answer.exercise == "mean_square":
            shown = stage.evidence("mean_square", answer.source, seal.SEED).evidence.shown
            content = seal.unlock(sealed["box"], seal.password(shown, sealed["sketch"]))
            assert (content is not None) == (answer.kind == "right"), answer.title


def test_an_answer_to_compare_with_comes_with_the_helpers_it_needs(mini: Course) -> None:
    bank = mini.solutions / f"{STEM}_answers.py"
    helped = "\n\ndef square(x):\n    return x * x\n\n\ndef mean_square(x):\n    return square(x).mean()\n"
    bank.write_text(f'# %% right="mean_square"\n"""with a helper"""{helped}\n' + bank.read_text())
    stage = Stage(read(mini.solutions, STEM))
    sealed = sealed_answers(stage, make_key(stage))["mean_square"]
    shown = stage.evidence("mean_square", None, seal.SEED).evidence.shown
    content = seal.unlock(sealed["box"], seal.password(shown, sealed["sketch"]))
    assert compare.others(content)[0].source == helped.strip()


def test_the_seal_holds_no_line_of_an_answer_and_neither_does_any_key(built_mini: Course) -> None:
    for folder in (built_mini.notebooks / STEM, built_mini.solutions / STEM):
        for name in ("key.json", "again.json"):
            text = (folder / name).read_text()
            assert "pow(2)" not in text
            assert "total + value" not in text


def test_numbers_under_the_practice_seed_open_nothing(built_mini: Course) -> None:
    folder = built_mini.notebooks / STEM
    sealed = json.loads((folder / "again.json").read_text())["sealed"]["mean_square"]
    for name in ("key.json", "again.json"):
        check = json.loads((folder / name).read_text())["checks"]["mean_square"]
        shown = {item["name"]: item["value"] for item in check["expectations"]}
        assert seal.unlock(sealed["box"], seal.password(shown, sealed["sketch"])) is None


def test_once_opened_it_opens_again_without_asking_the_answer(built_mini: Course) -> None:
    folder = built_mini.notebooks / STEM
    stage = Stage(read(built_mini.solutions, STEM))

    def evidence(seed: str) -> Any:
        return stage.evidence("mean_square", None, seed).evidence.shown

    def refuse(seed: str) -> Any:
        raise AssertionError(seed)

    opens, content = compare.opened(folder, "mean_square", "", evidence)
    assert [other.title for other in compare.others(content)] == ["a loop", "the library's power"]
    assert compare.opened(folder, "mean_square", opens, refuse) == (opens, content)
    assert compare.opened(folder / "elsewhere", "mean_square", "", evidence) == ("", None)
