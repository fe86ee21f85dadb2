"""The judge and its words: evidence against a key."""

import math

import pytest
import torch

from helper.judging.compare import compare
from helper.judging.evidence import Asked, Evidence, Failure, plain, sealed
from helper.judging.judge import _explained, judge, look_below
from helper.judging.key import CheckKey, Expectation, Key, Mistake, sealed_failure
from helper.judging.verdict import Case, Piece, Verdict

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
    assert (verdict.verdict, verdict.points, verdict.advice) == ("mistake", 2.0, ("You doubled it.",))


def test_mistakes_that_cannot_be_told_apart_are_told_as_one_or_the_other():
    verdict = judge(Evidence(RIGHT | {"word": plain("no")}), key(), SALT)
    assert verdict.advice == ("One of these: One way. Or: Another way.",)


MATRIX = {"small": plain(1.0), "large": plain(torch.tensor([0.5, 1.7, -2.2, 3.3])), "word": plain("yes")}
HALVED = plain(torch.tensor([0.25, 0.85, -1.1, 1.65]))


def matrix_key(*mistakes):
    expectations = tuple(Expectation(name, 1.0, sealed(value, SALT)) for name, value in MATRIX.items())
    known = (Mistake((advice,), Evidence(hidden(MATRIX | shown))) for advice, shown in mistakes)
    return CheckKey("double", 3.0, expectations, tuple(known))


def test_a_mistake_made_together_with_another_is_recognised_by_many_wrong_numbers():
    two = Evidence(MATRIX | {"large": HALVED, "word": plain("maybe")})
    verdict = judge(two, matrix_key(("You halved it.", {"large": HALVED})), SALT)
    assert (verdict.verdict, verdict.points, verdict.advice) == ("mistake", 1.0, ("You halved it.",))


def test_a_first_wrong_value_that_two_mistakes_share_names_neither():
    two = Evidence(MATRIX | {"large": HALVED, "word": plain("maybe")})
    mistakes = (
        ("You halved it.", {"large": HALVED}),
        ("You left a half.", {"large": HALVED, "word": plain("no")}),
    )
    assert judge(two, matrix_key(*mistakes), SALT).verdict == "not yet"


def test_a_mistake_that_would_show_elsewhere_too_is_not_named():
    known = matrix_key(("You halved it.", {"large": HALVED, "small": plain(0.5)}))
    assert (
        judge(Evidence(MATRIX | {"large": HALVED, "word": plain("maybe")}), known, SALT).verdict == "not yet"
    )


def test_mistakes_that_agree_within_the_tolerance_are_told_as_one_or_the_other():
    near = plain(torch.tensor([0.25, 0.85, -1.1, 1.650001]))
    known = matrix_key(("You halved it.", {"large": HALVED}), ("You took a half.", {"large": near}))
    told = judge(Evidence(MATRIX | {"large": HALVED}), known, SALT)
    assert told.advice == ("One of these: You halved it. Or: You took a half.",)


@pytest.mark.parametrize(
    "value", [2.0, 7, [True, False], torch.full((5,), 0.3), torch.tensor([1.0, 2.0, 3.0, 4.0])]
)
def test_a_single_number_a_constant_or_counts_are_no_fingerprint(value):
    wrong = {"large": plain(value)}
    both = Evidence(MATRIX | wrong | {"word": plain("maybe")})
    verdict = judge(both, matrix_key(("You did so.", wrong)), SALT)
    assert verdict.verdict == "not yet"
    assert judge(Evidence(MATRIX | wrong), matrix_key(("You did so.", wrong)), SALT).verdict == "mistake"


def test_a_mistake_that_shows_in_words_or_truth_values_alone_is_told_as_likely():
    right = {
        "words": plain(["good", "slow"]),
        "deep": plain([[1, 2], [3]]),
        "number": plain(0.25),
        "flag": plain(True),
    }
    items = tuple(Expectation(name, 1.0, sealed(value, "stem")) for name, value in right.items())

    def kind(**wrong):
        shown = right | {name: plain(value) for name, value in wrong.items()}
        mistake = Mistake(("Why?",), Evidence(sealed(shown, "stem")))
        return judge(Evidence(shown), CheckKey("f", 3.0, items, (mistake,)), "stem").pieces[0].kind

    assert kind(words=["good", "good"]) == "likely"
    assert kind(flag=False) == "likely"
    assert kind(number=0.75) == "mistake"
    assert kind(flag=1) == "mistake", "another kind of value"
    assert kind(words=["good"]) == "mistake", "fewer of them"
    assert kind(deep=[[1, 2, 3], [3]]) == "mistake", "more of them, further in"
    assert kind(deep=[[1, 2], [4]]) == "likely"
    assert kind(words=["good", "good"], number=float("nan")) == "mistake"


def test_numbers_that_are_right_are_no_fingerprint_of_a_mistake():
    def both(loss):
        return plain({"the loss": loss, "the input afterwards": torch.tensor([0.5, 1.7, -2.2, 3.3])})

    expectations = (
        Expectation("found", 1.0, sealed(both(1.0), SALT)),
        Expectation("rest", 1.0, sealed(plain(2.0), SALT)),
    )
    known = Mistake(("You did so.",), Evidence(hidden({"found": both(3.5), "rest": plain(2.0)})))
    check = CheckKey("double", 2.0, expectations, (known,))
    assert judge(Evidence({"found": both(3.5), "rest": plain(5.0)}), check, SALT).verdict == "not yet"
    assert judge(Evidence({"found": both(3.5), "rest": plain(2.0)}), check, SALT).verdict == "mistake"


def test_a_verdict_survives_json():
    import json
    from dataclasses import asdict

    asked = {"large": Asked("expect(...)", (("x", "[1, 2]"),))}
    verdict = judge(Evidence(RIGHT | {"large": plain(torch.tensor([1.0, 3.0]))}, asked=asked), key(), SALT)
    assert verdict.case == Case("large", "expect(...)", (("x", "[1, 2]"),), "[1., 3.]", "[1., 2.]")
    assert Verdict.from_json(json.loads(json.dumps(asdict(verdict)))) == verdict


def test_both_sides_of_a_case_have_digits_enough_to_differ():
    verdict = judge(Evidence(RIGHT | {"small": plain(1.0002)}), key(), SALT)
    assert (verdict.case.came, verdict.case.expected) == ("1.0002", "1.")


def test_secret_inputs_stay_secret():
    asked = {"large": Asked("expect(...)", (("x", "[1, 2]"),))}
    shown = Evidence(RIGHT | {"large": plain(torch.tensor([1.0, 3.0]))}, asked=asked)
    assert judge(shown, key(), SALT, reveal=False).case == Case("large", "expect(...)")


def test_a_text_of_ones_own_is_shown_and_the_expected_one_is_not():
    verdict = judge(Evidence(RIGHT | {"word": plain("maybe")}), key(), SALT)
    assert verdict.pieces == (Piece("text", {"came": "maybe"}),)
    assert (verdict.case.came, verdict.case.expected) == ("'maybe'", "another text")


def test_a_word_is_called_misspelt_only_where_the_answer_chooses_between_several():
    choice = CheckKey("f", 1.0, (Expectation("words", 1.0, sealed(plain(["good", "slow"]), SALT)),))
    misspelt = judge(Evidence({"words": plain(["god", "slow"])}), choice, SALT)
    assert misspelt.pieces == (Piece("unknown text", {"entry": "number 1", "came": "god"}),)
    made_by_the_check = judge(Evidence(RIGHT | {"word": plain("a list")}), key(), SALT)
    assert made_by_the_check.pieces[0].kind == "text"


def test_of_several_texts_the_wrong_one_is_named():
    right = plain(["good", "slow", "good"])
    words = CheckKey("f", 1.0, (Expectation("words", 1.0, sealed(right, SALT)),))
    verdict = judge(Evidence({"words": plain(["good", "good", "good"])}), words, SALT)
    assert verdict.pieces[0].fields["entry"] == "number 2"
    assert verdict.case.expected == "['good', another text, 'good']"


def test_an_exception_counts_as_the_known_one_whatever_numbers_it_names_and_has_other_causes_too():
    verdict = judge(Evidence({}, Failure("ValueError", "size 5")), key(), SALT)
    assert verdict.verdict == "mistake"
    assert verdict.advice == ("It looks like this: It stops.", "The code stopped with `ValueError: size 5`.")


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
        (Failure("NotImplementedError", "later", "raise NotImplementedError('later')"), "not attempted"),
        (Failure("NotImplementedError", "\"log_softmax\" not implemented for 'Long'"), "error"),
        (
            Failure("NotImplementedError", "Subtraction, with a bool tensor, is not supported.", "1 - mask"),
            "error",
        ),
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
    assert told.pieces[1:] == wrong.pieces
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


def test_what_ran_and_is_forbidden_forfeits_the_points_and_says_so():
    verdict = judge(Evidence(RIGHT, ran=("softmax",)), key(without=("softmax",)), SALT)
    assert (verdict.verdict, verdict.points) == ("mistake", 0.0)
    assert "softmax" in verdict.advice[0]


def test_a_forbidden_word_that_did_not_run_costs_nothing_and_is_hinted_at():
    verdict = judge(Evidence(RIGHT), key(without=("softmax",)), SALT, ("softmax",))
    assert (verdict.verdict, verdict.points) == ("right", 4.0)
    assert "`softmax`" in verdict.notes[0].text


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


ODD = torch.tensor([0.31, 1.73, -2.19, 0.57, 1.01])
SHARES = torch.tensor([0.31, 0.73, 0.19, 0.57, 0.11])
TABLE = torch.tensor([[0.3, 1.7, -0.2, 0.9], [1.1, -0.6, 0.4, 0.8], [-1.3, 0.2, 0.5, 1.9]])


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (torch.tensor([1.0, 2.0]), torch.tensor([-1.0, -2.0]), "the sign is not"),
        (ODD, 8 * ODD, "8 times too large, and 8 is one of the sizes"),
        (ODD / 8, ODD, "8 times too large, and 8 is one of the sizes"),
        (ODD, ODD / 8, "8 times too small"),
        (ODD, 3 * ODD, "exactly 3 times too large"),
        (0.92, 92.0, "between 0 and 1"),
        (torch.ones(2, 3), torch.ones(3, 2), "transposed"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, float("nan")]), "NaN"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, float("inf")]), "infinite"),
        (torch.tensor([1.0, float("inf")]), torch.tensor([1.0, 2.0]), "there is none"),
        (ODD, ODD + 3, "off by the same amount"),
        (ODD, ODD.flip(0), "In which order"),
        (torch.tensor([1.4, 0.26]), torch.tensor([0.26, 1.4]), "In which order"),
        (TABLE[:, :3], TABLE[:, :3].T, "Which axis is which"),
        (torch.ones(8), torch.ones(8, 8), "broadcast"),
        (torch.ones(8), torch.ones(8, 8), "met every other"),
        (torch.ones(8), torch.ones(8, 1), "`squeeze(dim)` takes it away"),
        (torch.ones(8, 1), torch.ones(8), "keeps it with `keepdim=True`"),
        (torch.ones(8, 4), torch.ones(8), "An axis is missing"),
        (ODD, 0.8 * ODD, "It is 8/10 of what is right"),
        (torch.tensor(0.7310585), torch.tensor(0.7310585 * 10 / 8), "divided by 8 where 10 belongs"),
        (ODD, 1 - ODD, "1 minus what is expected"),
        (torch.tensor(0.7310585), torch.tensor(0.7310585).log(), "the logarithm of what is expected"),
        (
            {"a": "yes", "b": "no", "c": "?"},
            {"a": "no", "b": "yes", "c": "?"},
            "changed places: `no` and `yes`",
        ),
        (
            {"a": "yes", "b": "no", "c": "?"},
            {"a": "?", "b": "?", "c": "?"},
            "2 of 3 answers are wrong, and all",
        ),
        (TABLE, TABLE + torch.tensor([[1.0], [2.0], [3.0]]), "an amount of its own"),
        (TABLE, TABLE * torch.tensor([1.0, 2.0, 3.0, 4.0]), "a factor of its own"),
        (ODD, ODD.clamp(max=1), "all of these came out as"),
        (ODD * torch.tensor([1, 0, 1, 1, 1]), ODD, "1 of 5 numbers differ: all that should be 0"),
        (ODD, ODD * torch.tensor([1, 0, 0, 1, 1]), "2 of 5 numbers differ, and all of these came out as 0"),
        (ODD, ODD * torch.tensor([1, -1, 1, -1, 1]), "The sign is wrong in 2 of 5"),
        ({"loss": 1.0, "`x` afterwards": 2.0}, {"loss": 1.0, "`x` afterwards": 3.0}, "belongs to the caller"),
        (torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0]), "Every number is 0"),
        ([1.0, 2.0], [1.0, 3.0], "The first that differs is number 2."),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": -2.0}, "The first that differs is `b`. The size is right"),
        (0.5, torch.tensor(0.5), "`.item()`"),
        (torch.tensor(0.5), 0.5, "can carry no gradient"),
        (1.0, None, "`return`"),
        (torch.tensor([1.0, 5.0]), torch.tensor([1.0, 6.0]), "1 of 2 numbers differ"),
        (
            torch.tensor([1.12, 0.87]),
            8 * torch.tensor([1.12, 0.87]),
            "8 times too large, and 8 is one of the sizes",
        ),
        (0.625, 5, "Is it a count?"),
        (0.625, 0.0, "The number is 0"),
        (17, 18, "one too many"),
        (17, 16, "one too few"),
        (1.23317, 18 * 1.23317, "Exactly 18 times too large"),
        ({"a": 7804, "b": 15608}, {"a": 8 * 7804, "b": 8 * 15608}, "Exactly 8 times too large"),
        (ODD, 8**0.5 * ODD, "the root of 8 times too large"),
        (ODD, 8 / 7 * ODD, "that of 8 and 7"),
        (ODD, ODD / math.log(2), "natural logarithm of 2"),
        (SHARES, 1 - SHARES, "the wrong way round"),
        (SHARES, SHARES**2, "Is a root missing"),
        (SHARES**2, SHARES, "Is a square missing"),
        (SHARES, SHARES.log(), "`exp` missing"),
        (SHARES, SHARES.exp(), "Is a logarithm missing"),
        (SHARES, 1 / SHARES, "Was the division turned round"),
        (ODD.repeat(2) - 1, (ODD.repeat(2) - 1).abs(), "absolute value"),
        (ODD.repeat(2) - 1, (ODD.repeat(2) - 1).clamp(min=0), "every negative one became 0"),
        (SHARES, torch.cat([SHARES[1:], torch.ones(1)]), "one place too early"),
        (SHARES, torch.cat([torch.zeros(1), SHARES[:-1]]), "one place too late"),
        (SHARES, SHARES.cumsum(0), "never set back"),
        (SHARES, SHARES[:1].expand(5), "The same number came 5 times"),
        (torch.softmax(TABLE, 1), torch.softmax(TABLE, 0), "Each row should add up to 1"),
        (torch.softmax(TABLE, 1), TABLE.exp(), "Each row has the right proportions"),
        (torch.log_softmax(TABLE, 1), TABLE, "Each row is right but for an amount of its own"),
        (TABLE - TABLE.mean(0), TABLE, "Each column is right but for an amount of its own"),
        (SHARES, torch.cat([SHARES[:2], SHARES[2:] + torch.arange(3) + 1]), "the first numbers are right"),
        (TABLE, torch.cat([TABLE[:2], TABLE[2:] * TABLE[2:]]), "only the last row"),
        (
            TABLE,
            torch.cat([TABLE[:, :3], TABLE[:, 3:] + torch.tensor([[0.0], [0.3], [0.1]])], 1),
            "all in one column",
        ),
        (SHARES, 0.5, "only the last one kept"),
        (TABLE, TABLE.flatten(), "axes were joined"),
        (TABLE, torch.zeros(4), "An axis is missing"),
        (SHARES, SHARES[:1], "too few"),
        (TABLE, TABLE.round().long(), "chosen by `argmax`"),
        (TABLE, (TABLE, TABLE), "in the place of one tensor"),
    ],
)
def test_numbers_betray_their_cause(expected, got, words):
    assert words in compare(plain(expected), plain(got), sizes=(8, 10)).text


@pytest.mark.parametrize(
    ("expected", "got", "kind"),
    [
        (0.4, 0.2, "number"),  # half of a fraction: chance
        (3 / 7, 4 / 7, "number"),  # 1 minus a fraction, and one count more: chance
        (2.0, 4.0, "number"),
        (torch.tensor([4, 2]), torch.tensor([2, 1]), "numbers"),
        (torch.tensor([1.0, 2.0, float("inf")]), torch.tensor([1.0, 2.0, 3.0]), "finite"),
        (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0002, 2.0, 3.0]), "numbers"),
        (torch.ones(2, 6), torch.ones(3, 4), "kinds"),
        (0.5, torch.ones(3), "kinds"),
        (1, 0, "number"),  # a yes or no
        (44 / 71, 4 / 71, "number"),
        (0.731, 0.731 * 8 / 7 * 1.00001, "number"),
        (TABLE, TABLE * 1.0002, "numbers"),
        ({"a": 2, "b": 4}, {"a": 4, "b": 9}, "number"),
    ],
)
def test_what_may_be_chance_is_told_as_what_it_is(expected, got, kind):
    piece = compare(plain(expected), plain(got), sizes=(2, 8))
    assert piece.kind == kind
    assert "hint" not in piece.fields


def test_wrong_numbers_are_counted_with_the_judges_tolerance():
    expected, got = torch.ones(5), torch.tensor([1.0, 1.0002, 1.0, 1.00001, 1.0])
    piece = compare(plain(expected), plain(got))
    assert piece.fields == {"wrong": 1, "of": 5}
    assert compare(plain(expected), plain(got), tolerance=1e-6).fields == {"wrong": 2, "of": 5}


def test_advice_quotes_no_expected_number():
    said = compare(plain(torch.tensor([1.25, 5.5])), plain(torch.tensor([1.25, 6.75]))).text
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


def _w():
    return torch.ones(2, requires_grad=True)


def _parts(number):
    one, two = range(number)
    return one + two


def _leaf():
    w = torch.ones(2, requires_grad=True)
    w -= 1


def _saved():
    w = torch.ones(2, requires_grad=True)
    y = w.exp()
    y += 1
    y.sum().backward()


def _three():
    a, b = 1, 2, 3
    return a + b


def _unbound():
    if LOGITS is None:
        total = 0
    return total


def _endless():
    return _endless()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.nn.Linear(784, 10)(torch.ones(64, 1, 28, 28)), "flattened"),
        (lambda: torch.nn.Linear(3, 1)(torch.ones(4, 3, dtype=torch.uint8)), "different dtypes met"),
        (lambda: torch.nn.functional.cross_entropy(LOGITS, LABELS.float()), "int64"),
        (lambda: torch.nn.functional.cross_entropy(LOGITS, LABELS.unsqueeze(1)), "one dimension too many"),
        (lambda: torch.nn.functional.cross_entropy(LOGITS, LABELS + 1), "classes - 1"),
        (lambda: torch.nn.functional.cross_entropy(LABELS, LOGITS), "change places"),
        (lambda: bool(LABELS), "yes or no is needed"),
        (_leaf, "under `torch.no_grad()`"),
        (_saved, "overwritten in place"),
        (_twice, "forward pass again"),
        (lambda: torch.ones(1).backward(), "tape was cut"),
        (lambda: torch.ones(2, requires_grad=True).exp().backward(), "one number"),
        (lambda: torch.ones(1, requires_grad=True).numpy(), "NumPy cannot carry"),
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
        (lambda: 1 - torch.ones(3).bool(), "a mask"),
        (lambda: torch.nn.Linear(1, 1).load_state_dict({}, strict=False).parameters(), "a report"),
        (lambda: torch.save("a.pt", {}), "then where"),
        (lambda: max(3, 4)(5), "`del` it"),
        (lambda: sum(None), "without `return`"),
        (lambda: LOGITS.abs.mean(), "brackets `()`"),
        (lambda: LOGITS.abs[0], "square ones"),
        (lambda: LOGITS.abs - 1, "brackets `()`"),
        (lambda: LOGITS - LOGITS.max(1), "the values and their places"),
        (lambda: torch.exp(LOGITS.max(1)), "the values and their places"),
        (lambda: torch.nn.Sequential([torch.nn.Linear(2, 2)]), "unpacked with `*`"),
        (lambda: torch.nn.Sequential(torch.nn.ReLU), "that make a layer of it"),
        (lambda: max([None, 1]), "without `return`"),
        (lambda: list(torch.tensor(1.0)), "Is `range` missing"),
        (lambda: iter(1.5), "Is `range` missing"),
        (lambda: [*zip(1.5)], "Is `range` missing"),
        (lambda: _three(), "as many parts"),
        (lambda: _three(1), "compare the call with its definition"),
        (lambda: math.log(-1.0), "for which it has no value"),
        (lambda: math.exp(1000.0), "too large for a float"),
        (lambda: math.exp("a"), "wants a plain number"),
        (lambda: torch.stack([1.0, 2.0]), "join tensors"),
        (lambda: torch.cat([torch.tensor(1.0)] * 2), "`stack` makes one"),
        (lambda: torch.exp(1.0), "wants a tensor and got something else"),
        (lambda: (1.0).mean(), "make a number of it before"),
        (lambda: [1, 2] - [1, 2], "do not calculate element by element"),
        (lambda: LOGITS[0, 0, 0], "fewer axes than the index"),
        (lambda: LOGITS.gather(1, LABELS), "as many axes as the table"),
        (lambda: LOGITS[1.0], "must be a whole number"),
        (lambda: (LOGITS > 0).mean(), "into floats first"),
        (lambda: object() > 1, "no size to compare"),
        (lambda: [][1], "shorter than the code assumes"),
        (lambda: _unbound(), "before anything was stored"),
        (lambda: _endless(), "again and again"),
        (lambda: torch.ones(3, 5) @ torch.ones(3, 5), "of the same shape were multiplied"),
        (lambda: None + 1, "end without `return`"),
        (lambda: None.parameters(), "end without `return`"),
        (lambda: [1, 2][2], "shorter than the code assumes"),
        (lambda: (1.5).backward(), "make a number of it before"),
        (lambda: list(5), "Is `range` missing"),
        (lambda: torch.autograd.grad(_w().sum(), [_w()]), "does not depend on this tensor"),
        (lambda: _parts(3), "as many parts"),
        (lambda: torch.ones(2, 3).T.view(6), "`reshape`"),
        (lambda: torch.ones(3)[torch.ones(4) > 0], "A mask must have the shape"),
        (lambda: torch.arange(3).mul_(0.5), "cannot take up floats"),
        (lambda: torch.exp([2.0]), "wants a tensor"),
        (lambda: len(x for x in ()), "A generator"),
        (lambda: math.sqrt(-1), "for which it has no value"),
        (lambda: undefined, "spelt alike"),  # noqa: F821
    ],
)
def test_pytorchs_own_errors_are_explained(call, words):
    (piece,) = _explained(raised(call), reveal=True)
    assert words in piece.text
    assert "y = f(x)" in piece.text
    assert "y = f(x)" not in piece.gist


def test_an_error_that_the_answer_raised_itself_is_told_as_such():
    (piece,) = _explained(
        Failure("ValueError", "shapes differ", 'raise ValueError("shapes differ")'), reveal=True
    )
    assert "Your own `raise`" in piece.text


def test_a_criterion_built_with_the_data_is_told_from_an_if_on_a_tensor():
    words = "Boolean value of Tensor with more than one value is ambiguous"
    built = Failure("RuntimeError", words, "loss = nn.CrossEntropyLoss(logits, labels)")
    (piece,) = _explained(built, reveal=True)
    assert "First build the criterion" in piece.text
    (piece,) = _explained(Failure("RuntimeError", words, "if logits > 0:"), reveal=True)
    assert "criterion" not in piece.text


def test_an_argmax_over_the_examples_is_told_from_other_shapes():
    words = "The size of tensor a (3) must match the size of tensor b (9) at non-singleton dimension 0"
    (piece,) = _explained(
        Failure("RuntimeError", words, "right += (out.argmax(dim=0) == y).sum()"), reveal=True
    )
    assert "the best *row* of each column" in piece.text
    (piece,) = _explained(
        Failure("RuntimeError", words, "right += (out.argmax(dim=1) == y).sum()"), reveal=True
    )
    assert "Print both" in piece.text


def test_an_exceptions_text_may_hold_the_inputs_and_is_kept_back():
    (piece,) = _explained(Failure("ValueError", "x is 0.731"), reveal=False)
    assert "0.731" not in piece.text
    (piece,) = _explained(Failure("NameError", "name 'torhc' is not defined"), reveal=False)
    assert "torhc" in piece.text


def varied_key(**flags):
    values = {"drawn": plain(1.7), "fixed": plain(0.5), "more": plain(2.3)}
    marks = {"fixed": {"constant": True}, "more": flags}
    expectations = tuple(
        Expectation(name, 1.0, sealed(value, SALT), **marks.get(name, {})) for name, value in values.items()
    )
    return values, CheckKey("f", 3.0, expectations)


def test_what_never_changes_pays_only_together_with_what_does():
    values, check = varied_key()
    wrong = {"drawn": plain(9.9), "fixed": values["fixed"], "more": plain(9.9)}
    assert judge(Evidence(wrong), check, SALT).points == 0
    assert judge(Evidence(wrong | {"drawn": values["drawn"]}), check, SALT).points == 1.5
    assert judge(Evidence(values), check, SALT).points == 3


def test_who_misses_more_than_details_earns_at_most_half():
    values, check = varied_key()
    assert judge(Evidence(values | {"more": plain(9.9)}), check, SALT).points == 1.5
    values, check = varied_key(detail=True)
    assert judge(Evidence(values | {"more": plain(9.9)}), check, SALT).points == 2
    assert judge(Evidence(values | {"drawn": plain(9.9)}), check, SALT).points == 1.5


def test_the_first_letter_of_an_exit_question_needs_no_company():
    """A question whose whole evidence is one choice is paid for the choice."""
    choice = Expectation("the choice", 1.0, sealed(plain("b"), SALT), constant=True)
    check = CheckKey("exit", 1.0, (choice,))
    assert judge(Evidence({"the choice": plain("b")}), check, SALT).points == 1
    assert judge(Evidence({"the choice": plain("a")}), check, SALT).points == 0
