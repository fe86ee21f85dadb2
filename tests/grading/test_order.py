"""Own cells that no answer needs run last; whatever an answer may need stays in its place."""

import pytest

from helper.grading.handed_in.canonical import Canonical, CanonicalCell
from helper.grading.order import in_order


def order(
    *own: str, answer: str = "def area(r):\n    return PI * square(r)", before: bool = True
) -> list[str]:
    """Return the ids in the order they run: own cells above the answer, or below it."""
    cells = [
        CanonicalCell(
            "setup_1", "setup", "code", "import torch\nfrom torch import nn\nfrom helper import check"
        )
    ]
    extras = [CanonicalCell(f"own_{number}", "extra", "code", source) for number, source in enumerate(own)]
    cells += extras if before else []
    cells.append(CanonicalCell("area", "exercise", "code", answer, "area"))
    check = '@check("area")\ndef _(given, expect):\n    expect("it", area(given.number()))'
    cells.append(CanonicalCell("check_area", "check", "code", check, "area"))
    cells += [] if before else extras
    return [name for name, _, _ in in_order(Canonical("l", tuple(cells)))]


FIRST, LAST = ["setup_1", "own_0", "area", "check_area"], ["setup_1", "area", "check_area", "own_0"]


@pytest.mark.parametrize(
    "source",
    [
        "print(torch.ones(3))",
        "import torch\nfrom torch import nn\nmodel = nn.Linear(1, 1)\nfor _ in range(10**9): model(torch.ones(1))",
        "torch.manual_seed(0)\nprint(area(2))",
        "while True: pass",
        "!sleep 100",
        "%timeit area(3)",
        "%%time\nmodel = nn.Linear(1, 1)",
        "# a thought",
        "def try_it(PI):\n    square = 2\n    return PI * square",
        "results = []\nresults.append(area(1))",
    ],
)
def test_an_experiment_runs_last(source: str) -> None:
    assert order(source) == LAST


@pytest.mark.parametrize(
    "source",
    [
        "PI = 3.14",
        "def square(x):\n    return x * x",
        "from math import pi as PI",
        "from mine import *",
        "area = None",
        "globals()['PI'] = 3",
        "exec('PI = 3')",
        "%run mine.py",
        "%%time\nPI = 3",
        "get_ipython().run_line_magic('run', 'mine.py')",
        "import sys\nsys.setrecursionlimit(9)",
        "setattr(torch, 'x', 1)",
        "this is no Python",
        "if True:\n    PI = 3",
        "for PI in range(4): pass",
    ],
)
def test_what_an_answer_may_need_stays_in_its_place(source: str) -> None:
    assert order(source) == FIRST


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("torch.set_default_dtype(torch.float64)", "def area(r):\n    return torch.ones(1) * r"),
        ("torch.Tensor.double = None", "def area(r):\n    return torch.ones(1) * r"),
    ],
)
def test_what_changes_a_library_that_an_answer_uses_stays(source: str, answer: str) -> None:
    assert order(source, answer=answer) == FIRST


def test_what_a_needed_cell_needs_is_needed() -> None:
    ids = order("TWO = 2", "def square(x):\n    return x**TWO", "print(1)")
    assert ids == ["setup_1", "own_0", "own_1", "area", "check_area", "own_2"]


def test_what_may_change_a_value_that_an_answer_uses_stays() -> None:
    ids = order("PI = [3.14]", "shuffle(PI)", answer="def area(r):\n    return PI[0] * r")
    assert ids == ["setup_1", "own_0", "own_1", "area", "check_area"]


def test_cells_below_the_answer_keep_their_order_too() -> None:
    assert order("print(1)", "print(2)", before=False) == ["setup_1", "area", "check_area", "own_0", "own_1"]
