"""Names an exercise does without, however they are written."""

import pytest

from helper.source import forbidden_names

WITHOUT = ("log_softmax", "softmax")


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return torch.log_softmax(x, 1)"],
        ["def f(x): return x.log_softmax(1)"],
        ["def f(x): return torch.nn.functional.log_softmax(x, 1)"],
        ["def f(x):\n    from torch.nn.functional import log_softmax as g\n    return g(x, 1)"],
        ["from torch.nn.functional import log_softmax as g", "def f(x): return g(x, 1)"],
        ["def f(x): return getattr(torch, 'log_softmax')(x, 1)"],
        ["mine = torch.log_softmax", "def f(x): return mine(x, 1)"],
        ["def mine(x): return torch.log_softmax(x, 1)", "def f(x): return mine(x)"],
        ["f = lambda x: torch.log_softmax(x, 1)"],
        ["def f(x): return x", "def f(x): return torch.log_softmax(x, 1)"],
        ["%time\ndef f(x): return torch.log_softmax(x, 1)"],
        ["f: object = torch.log_softmax"],
    ],
)
def test_a_forbidden_name_is_found(cells):
    assert forbidden_names(cells, "f", WITHOUT) == ("log_softmax",)


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return x - x.logsumexp(1)"],
        ["def f(x):\n    '''Like log_softmax, by hand.'''\n    return x  # not log_softmax"],
        ["def f(x): return x", "print(torch.log_softmax(x, 1) - f(x))"],
        ["def compare(x): return torch.log_softmax(x, 1)", "def f(x): return x"],
        ["def f(x): return torch.log_softmax(x, 1)", "def f(x): return x"],
        ["def f(x: this is not python"],
        [],
    ],
)
def test_comparing_explaining_and_old_versions_are_no_use_of_it(cells):
    assert forbidden_names(cells, "f", WITHOUT) == ()


def test_code_made_to_hurt_the_reader_is_survived():
    nested = "def f(x): return " + "(" * 5000 + "x" + ")" * 5000
    assert forbidden_names([nested, "def f(x): return " + "-" * 50_000 + "x", "\0"], "f", WITHOUT) == ()


def test_definitions_that_use_each_other_end():
    cells = ["def f(x): return g(x)", "def g(x): return f(x)"]
    assert forbidden_names(cells, "f", WITHOUT) == ()
