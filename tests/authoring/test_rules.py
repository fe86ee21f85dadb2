"""What every check and bank must have: each rule refuses what it is there to refuse."""

from helper.authoring import rules
from helper.authoring.proof import try_answers
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage


def staged(course, old="", new=""):
    path = course.solutions / "01_mean.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return Stage(read(course.solutions, "01_mean"))


def lucky(stage):
    return list(rules.broken_by_luck(stage, "mean_square", make_key(stage, "seed 1")))


def test_values_that_can_be_learned_by_heart_are_refused(mini):
    assert lucky(staged(mini)) == []
    few = staged(mini, "x = given.normal(3, 5)", "x = torch.arange(15.0).reshape(3, 5) + given.integer(1, 2)")
    assert any("what was right in practice earns 3 of 3 points" in sentence for sentence in lucky(few))


WRONG = '''

# %% mistake="mean_square"{}
"""A single number is not squared."""


def mean_square(x):
    return (x * x).mean() if x.numel() > 1 else x.mean()
'''


def test_a_mistake_that_earns_more_than_half_is_refused_unless_the_bank_calls_it_a_slip(mini):
    bank = mini.solutions / "01_mean_answers.py"
    text = bank.read_text()
    staged(mini, ".abs()))", ".abs()), detail=True)")
    for slip, refused in (("", 1), (" slip=true", 0)):
        bank.write_text(text + WRONG.format(slip))
        stage = staged(mini)
        problems = [item.problem for item in try_answers(stage, make_key(stage, "seed 1")) if item.problem]
        assert sum("let it earn at most half" in problem for problem in problems) == refused
        assert len(problems) == refused
