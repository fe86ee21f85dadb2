"""What lesson 01 adds to the fixtures."""

import pytest

from helper.fixtures import outcome


def halve(number: float) -> float:
    if number == 0:
        raise ValueError("nothing to halve")
    if number < 0:
        raise NotImplementedError
    return number / 2


def test_an_outcome_is_what_comes_back_or_the_kind_of_error() -> None:
    assert [outcome(halve, 3.0), outcome(halve, 0.0)] == [1.5, "ValueError"]


def test_an_empty_answer_is_no_outcome() -> None:
    with pytest.raises(NotImplementedError):
        outcome(halve, -1.0)
