"""The check and the notebook share no name and no setting."""

import random
import warnings

import numpy as np
import pytest
import torch

from helper.checking.check import check, collecting
from helper.checking.world import World, imports_of, own_settings

SETUP = """
import math
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from helper import check
from helper.fixtures import choice, gradient
torch.set_num_threads(1)
"""
WORLD = World(imports_of([SETUP]), {"answer": ("softmax",)})
CHECK = """
@check("answer")
def _(given, expect):
    rows = given.normal(4, 3)
    loss = sum(len(row) for row in rows)
    expect("the sum", answer(rows))
    expect("a gradient", gradient(lambda x: answer(x), rows))
    expect("the settings", [loss, torch.ones(1).dtype is torch.float32, math.pi, choice("B"), torch.rand(2)])
"""


def evidence(notebook, *, world=WORLD):
    """Run cells of a notebook and the check, and return what it shows and how it ended."""
    space, records = {}, []
    exec(SETUP, space)
    with collecting("seed", records.append, world):
        for cell in notebook:
            exec(cell, space)
        space["check"] = check
        exec(CHECK, space)
    return {record["expect"]: record["value"] for record in records[:-1]}, records[-1]


ANSWER = "def answer(x): return x.square().sum()"
RIGHT = evidence([ANSWER])


def test_the_check_runs_at_all():
    assert len(RIGHT[0]) == 3
    assert RIGHT[1]["failure"] is None


@pytest.mark.parametrize(
    "own",
    [
        "rows = 3; loss = None; given = 1; expect = print",
        "gradient = 2.5",
        "choice = 'b'",
        "sum = 0; len = 1; check = 2",
        "torch = None; math = 'maths'",
        "from numpy import *",
        "from torch import *",
        "few = classes = size = sign = rows = far = loss = cases = model = 1",
        "from math import *",
        "def loss(x): return x",
        "import torch.nn.functional as gradient",
    ],
)
def test_names_of_the_notebook_change_nothing_in_the_check(own):
    assert evidence([own, "def answer(x): return (x * x).sum()"]) == RIGHT


@pytest.mark.parametrize("name", ["rows", "loss", "x", "given", "expect"])
def test_a_helper_called_like_a_variable_of_the_check_is_not_overwritten(name):
    cells = [f"def {name}(v): return v.square()", f"def answer(x_): return {name}(x_).sum()"]
    assert evidence(cells) == RIGHT


def test_the_checks_own_variables_do_not_reach_the_notebook():
    space = {}
    exec(SETUP + ANSWER, space)
    before = set(space)
    with collecting("seed", lambda record: None, WORLD):
        exec(CHECK, space)
    assert set(space) - before == {"_"}


SETTINGS = {
    "dtype": "torch.set_default_dtype(torch.float64)",
    "device": "torch.set_default_device('meta')",
    "gradients off": "torch.set_grad_enabled(False)",
    "no_grad left on": "torch.no_grad().__enter__()",
    "inference mode left on": "torch.inference_mode().__enter__()",
    "autocast": "torch.set_autocast_enabled('cpu', True)",
    "a seed": "torch.manual_seed(1)",
    "warnings as errors": "import warnings; warnings.simplefilter('error')",
    "numpy's errors": "import numpy; numpy.seterr(all='raise')",
    "threads": "torch.set_num_threads(2)",
    "anomalies": "torch.autograd.set_detect_anomaly(True)",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_notebook_changes_no_verdict(setting):
    guard = torch.inference_mode if "inference" in setting else None
    modes, threads = np.geterr(), torch.get_num_threads()
    with warnings.catch_warnings():
        try:
            if guard:
                with guard():
                    assert evidence([ANSWER]) == RIGHT
                    assert torch.is_inference_mode_enabled()
            else:
                assert evidence([SETTINGS[setting], ANSWER]) == RIGHT
        finally:
            torch.set_default_device(None)
            torch.set_default_dtype(torch.float32)
            torch.set_grad_enabled(True)
            torch.set_autocast_enabled("cpu", False)
            torch.autograd.set_detect_anomaly(False)
            torch.set_num_threads(threads)
            np.seterr(**modes)


def test_settings_are_as_they_were_after_the_check():
    modes = np.geterr()
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
        np.seterr(all="raise")
        state = random.getstate()
        with own_settings("seed", "answer") as changed:
            assert torch.ones(1).dtype is torch.float32
            assert torch.ones(1).device.type == "cpu"
            torch.set_default_dtype(torch.bfloat16)  # an answer's own doing
            random.random()
        assert changed == [
            "torch.set_default_device",
            "torch.set_default_dtype",
            "torch.set_grad_enabled",
            "np.seterr",
        ]
        assert torch.ones(1).dtype is torch.float64
        assert torch.ones(1).device.type == "meta"
        assert not torch.is_grad_enabled()
        assert np.geterr()["over"] == "raise"
        assert random.getstate() == state
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        np.seterr(**modes)


def test_a_student_may_have_turned_warnings_into_errors():
    warns = "import warnings\ndef answer(x):\n    warnings.warn('mind this')\n    return x.square().sum()"
    with warnings.catch_warnings(record=True):
        assert evidence(["import warnings; warnings.simplefilter('error')", warns]) == RIGHT


def test_an_untouched_exercise_is_not_filled_by_a_star_import():
    world, records = World(WORLD.imports, {"softmax": ("softmax",)}), []
    space = {"check": check}
    exec("from torch.nn.functional import *", space)
    with collecting("seed", records.append, world):
        exec("@check('softmax')\ndef _(given, expect): expect('rows', softmax(given.normal(2, 3), 1))", space)
    assert records[-1]["ran"] == ["softmax"]


def test_an_undefined_answer_is_a_name_error_of_that_name():
    _, end = evidence([])
    assert end["failure"][:2] == ["NameError", "name 'answer' is not defined"]


def test_only_imports_are_taken_from_the_setup_cell():
    assert "set_num_threads" not in WORLD.imports
    assert "from helper.fixtures import choice, gradient" in WORLD.imports
