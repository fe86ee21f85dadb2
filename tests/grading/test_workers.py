"""What workers do with a submission that others disturbed."""

import subprocess
import sys
import threading

import pytest

from helper.grading import workers
from helper.grading.handed_in.canonical import Canonical
from helper.grading.keys import own_seed
from helper.grading.marking import Marked
from helper.grading.workers import DISTURBED, Task, Workers
from helper.running.runner import DisturbedError

SHARED = {"01_mean": "{}"}
NOTEBOOK = Canonical("01_mean", ()).dumps()
SECRET = "the classroom's secret"


@pytest.fixture
def marking(monkeypatch):
    """Stand in for marking: those named are disturbed as often as told. Returns who ran while how many others did."""
    beside, at_work, lock = [], set(), threading.Lock()
    disturbed = {}
    names = {own_seed(SECRET, name, "01_mean", "1"): name for name in ["ada", "bob", *"bcdefgh"]}

    def mark(notebook, questions, runner):
        name = names[questions.seed]
        with lock:
            at_work.add(name)
            others = len(at_work) - 1
            left = disturbed.get(name, 0)
            disturbed[name] = left - 1
        beside.append((name, others))
        threading.Event().wait(0.05)
        with lock:
            at_work.discard(name)
        if left > 0:
            raise DisturbedError("killed")
        return Marked("01_mean", (), {})

    monkeypatch.setattr(workers, "mark", mark)
    return disturbed, beside


def outcomes(names):
    with Workers(2) as hands:
        tasks = [Task(name, "01_mean", NOTEBOOK, name, "1") for name in names]
        return dict(hands.run(tasks, SHARED, SECRET))


def test_who_was_disturbed_is_tried_again_alone(marking):
    disturbed, beside = marking
    disturbed["ada"] = 2  # the first try and its repetition
    found = outcomes(["ada", *"bcdefgh"])
    assert isinstance(found["ada"], Marked)
    assert len(found) == 8
    assert beside[-1] == ("ada", 0)
    assert any(others for _, others in beside), "nothing ever ran beside another"


def test_who_is_disturbed_alone_too_gets_no_mark(marking):
    disturbed, _ = marking
    disturbed["ada"] = 99
    found = outcomes(["ada", "bob"])
    assert found["ada"] == DISTURBED
    assert isinstance(found["bob"], Marked)


def test_marking_here_loads_nothing_of_dask_nor_of_certificates_before_there_is_work():
    code = "import sys, helper.commands.instructor; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"distributed", "dask", "cryptography", "importlib.metadata"} & set(loaded)
