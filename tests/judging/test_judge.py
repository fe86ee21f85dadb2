"""The judge and its words: evidence against a key."""

import pytest
import torch

from helper.judging.compare import compare
from helper.judging.errors import explain
from helper.judging.evidence import Evidence, Failure, plain, sealed
from helper.judging.judge import judge, look_below
from helper.judging.key import CheckKey, Expectation, Key, Mistake, sealed_failure

SALT = "lesson"
RIGHT = {"small": plain(1.0), "large": plain(torch.tensor([1.0, 2.0])), "word": plain("yes")}


def hidden(values):
    return {name: sealed(value, SALT) for name, value in values.items()}


def key(**changes):
    expectations = tuple(
        Expectation(name, points, sealed(value, SALT))
        for (name, value), points in zip(RIGHT.items(), (1.0, 2.0, 1.0), strict=True)
    )
    mistakes = (
        Mistake(("You doubled it.",), Evidence(hidden(RIGHT | {"small": plain(2.0)}))),
        Mistake(("It stops.",), Evidence({}, sealed_failure(Failure("ValueError", "size 3"), SALT))),
        Mistake(("One way.", "Another way."), Evidence(hidden(RIGHT | {"word": plain("no")}))),
    )
    return CheckKey("double", 4.0, expectations, mistakes, sizes=(8,), **changes)


def test_the_references_evidence_is_right_and_earns_all_points():
    verdict = judge(Evidence(RIGHT), key(), SALT)
    assert (verdict.verdict, verdict.points, verdict.advice) == ("right", 4.0, ())


def test_a_known_mistake_gets_its_own_advice_and_keeps_what_is_right():
    verdict = judge(Evidence(RIGHT | {"small": plain(2.0)}), key(), SALT)
    assert (verdict.verdict, verdict.points, verdict.advice) == ("mistake", 3.0, ("You doubled it.",))


def test_mistakes_that_cannot_be_told_apart_are_both_named():
    verdict = judge(Evidence(RIGHT | {"word": plain("no")}), key(), SALT)
    assert verdict.advice == ("One way.", "Another way.")


def test_a_mistake_made_together_with_another_is_still_recognised():
    verdict = judge(Evidence(RIGHT | {"small": plain(2.0), "word": plain("maybe")}), key(), SALT)
    assert (verdict.verdict, verdict.points, verdict.advice) == ("mistake", 2.0, ("You doubled it.",))


def test_an_exception_counts_as_the_known_one_whatever_numbers_it_names():
    verdict = judge(Evidence({}, Failure("ValueError", "size 5")), key(), SALT)
    assert verdict.advice == ("It stops.",)


def test_what_was_shown_before_an_exception_keeps_its_points():
    verdict = judge(Evidence({"small": plain(1.0)}, Failure("KeyError", "x")), key(), SALT)
    assert (verdict.verdict, verdict.points) == ("error", 1.0)
    assert [result.right for result in verdict.results] == [True, None, None]


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (Failure("NotImplementedError", ""), "not attempted"),
        (Failure("NameError", "name 'double' is not defined"), "not attempted"),
        (Failure("NameError", "name 'torhc' is not defined"), "error"),
        (Failure("NotImplementedError", "\"log_softmax\" not implemented for 'Long'"), "error"),
        (Failure("TimeOut", ""), "time-out"),
        (Failure("MemoryError", ""), "out of memory"),
        (Failure("NotRun", ""), "not run"),
    ],
)
def test_each_way_of_ending_has_its_own_word(failure, word):
    assert judge(Evidence({}, failure), key(), SALT).verdict == word


def test_an_answer_is_told_first_of_what_it_calls():
    wrong = judge(Evidence(RIGHT | {"small": plain(2.0)}), key(), SALT)
    told = look_below(wrong, ("half",))
    assert told.advice[0].startswith("It builds on `half`, whose own check has not passed yet.")
    assert told.advice[1:] == wrong.advice
    assert (told.points, told.results) == (wrong.points, wrong.results)
    assert look_below(wrong, ()) == wrong
    assert "`half` and `third`, whose own checks" in look_below(wrong, ("half", "third")).advice[0]


def test_an_answer_that_calls_an_unwritten_one_is_written_itself():
    empty = judge(Evidence({}, Failure("NotImplementedError", "")), key(), SALT)
    told = look_below(empty, ("half",))
    assert (told.verdict, len(told.advice)) == ("not yet", 1)


def test_a_right_answer_may_call_what_it_likes():
    right = judge(Evidence(RIGHT), key(), SALT)
    assert look_below(right, ("half",)) == right


def test_an_unanswered_value_is_not_attempted():
    assert judge(Evidence({"small": plain(...)}), key(), SALT).verdict == "not attempted"


def test_no_evidence_at_all_is_not_run():
    assert judge(Evidence(), key(), SALT).verdict == "not run"


def test_a_forbidden_name_forfeits_the_points_and_says_so():
    verdict = judge(Evidence(RIGHT), key(without=("softmax",)), SALT, ("softmax",))
    assert (verdict.verdict, verdict.points) == ("mistake", 0.0)
    assert "softmax" in verdict.advice[0]


@pytest.mark.parametrize(
    "forged",
    [
        {"small": {"number": "1.0x"}, "large": {"tensor": True}, "word": {"text": 7}},
        {"small": {"number": True}, "large": {"values": "abc"}, "word": {}},
        {
            "small": {"number": 10**400},
            "large": {"tensor": 1, "shape": 1, "type": 1, "values": {}},
            "word": {"text": None},
        },
    ],
)
def test_forged_evidence_of_any_form_earns_nothing_and_breaks_nothing(forged):
    assert judge(Evidence(forged), key(), SALT).points == 0.0


def test_evidence_for_unknown_expectations_earns_nothing():
    assert judge(Evidence({"extra": plain(1.0)}), key(), SALT).points == 0.0


def test_a_key_survives_json():
    whole = Key("lesson", "seed", "hash", {"double": key()})
    import json

    assert Key.from_json(json.loads(whole.dumps())) == whole


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (torch.tensor([1.0, 2.0]), torch.tensor([-1.0, -2.0]), "the sign is not"),
        (torch.tensor([1.0, 2.0]), torch.tensor([8.0, 16.0]), "8 times too large"),
        (torch.tensor([8.0, 16.0]), torch.tensor([1.0, 2.0]), "8 times too small"),
        (0.92, 92.0, "between 0 and 1"),
        (torch.ones(2, 3), torch.ones(3, 2), "transposed"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, float("nan")]), "NaN"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, float("inf")]), "infinite"),
        (torch.tensor([1.0, 2.0]), torch.tensor([4.0, 5.0]), "off by the same amount"),
        (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 1.0, 2.0]), "wrong places"),
        (torch.ones(8), torch.ones(8, 8), "broadcast"),
        (torch.ones(8), torch.ones(8, 1), "an axis is missing, or one too many"),
        (torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0]), "Every number is 0"),
        ([1.0, 2.0], [1.0, 3.0], "The first that differs is number 2."),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": -2.0}, "The first that differs is b. The size is right"),
        (0.5, torch.tensor(0.5), "`.item()`"),
        (torch.tensor(0.5), 0.5, "carry no gradient"),
        (1.0, None, "`return`"),
        (torch.tensor([1.0, 5.0]), torch.tensor([1.0, 6.0]), "1 of 2 numbers differ"),
    ],
)
def test_numbers_betray_their_cause(expected, got, words):
    assert words in compare(plain(expected), plain(got), sizes=(8, 10))


def test_secret_inputs_keep_their_numbers_secret():
    said = compare(plain(torch.tensor([1.25, 5.5])), plain(torch.tensor([1.25, 6.75])), reveal=False)
    assert "5.5" not in said
    assert "1.25" not in said


def raised(call):
    try:
        call()
    except Exception as error:
        return Failure(type(error).__name__, str(error), "y = f(x)")
    raise AssertionError("nothing was raised")


LOGITS, LABELS = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])


def _twice():
    w = torch.ones(2, requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    loss.backward()


def _leaf():
    w = torch.ones(2, requires_grad=True)
    w -= 1


def _saved():
    w = torch.ones(2, requires_grad=True)
    y = w.exp()
    y += 1
    y.sum().backward()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.nn.Linear(784, 10)(torch.ones(64, 1, 28, 28)), "flattened"),
        (lambda: torch.nn.Linear(3, 1)(torch.ones(4, 3, dtype=torch.uint8)), "dtype"),
        (lambda: torch.nn.functional.cross_entropy(LOGITS, LABELS.float()), "int64"),
        (lambda: torch.nn.functional.cross_entropy(LOGITS, LABELS.unsqueeze(1)), "one dimension too many"),
        (lambda: torch.nn.functional.cross_entropy(LOGITS, LABELS + 1), "classes - 1"),
        (lambda: torch.nn.functional.cross_entropy(LABELS, LOGITS), "swapped"),
        (lambda: torch.nn.CrossEntropyLoss(LOGITS, LABELS), "First build the criterion"),
        (_leaf, "no_grad"),
        (_saved, "overwritten in place"),
        (_twice, "forward pass again"),
        (lambda: torch.ones(1).backward(), "tape was cut"),
        (lambda: torch.ones(2, requires_grad=True).exp().backward(), "one number"),
        (lambda: torch.ones(1, requires_grad=True).numpy(), "Detach"),
        (lambda: torch.optim.SGD([], lr=0.1), "plain Python list"),
        (
            lambda: torch.nn.functional.binary_cross_entropy(torch.tensor([2.0]), torch.tensor([1.0])),
            "made for logits",
        ),
        (lambda: torch.tensor([1], requires_grad=True), "1. instead of 1"),
        (lambda: torch.ones(3) + torch.ones(4), "Print both"),
        (lambda: torch.ones(3).sum(dim=2), "no such axis"),
        (lambda: float(torch.ones(3)), "One number was needed"),
        (lambda: 1 / 0, "divided by zero"),
    ],
)
def test_pytorchs_own_errors_are_explained(call, words):
    said = explain(raised(call))
    assert words in said
    assert "y = f(x)" in said
