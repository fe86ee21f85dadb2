"""Lesson 11: its patients can be told apart, its digits lie in no package, its capstone gives cheats nothing."""

import json
import re

import pytest
import torch
from conftest import ROOT

from helper import data
from helper.checking.given import Given
from helper.fixtures import vector_of
from helper.fixtures.new_digits import new_digits, sample_digits
from helper.fixtures.patients import FAULTS, chart, charts, patient, ward
from helper.judging.evidence import Evidence
from helper.judging.judge import judge
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage
from helper.running.job import Job
from helper.running.runner import Runner


@pytest.fixture(scope="module")
def lesson():
    return read(ROOT / "solutions", "11_clinic")


@pytest.fixture(scope="module")
def stage(lesson):
    return Stage(lesson)


@pytest.fixture(scope="module")
def solve_key(lesson):
    lean = type(lesson)(
        lesson.stem, lesson.path, lesson.text, lesson.cells, (), lesson.written
    )  # without its bank
    return make_key(Stage(lean), "seed", ["solve"], hidden="a secret").checks["solve"]


def test_every_patient_has_a_fault_that_the_doctor_can_name(stage):
    doctor = stage.reference("name_the_fault")
    for number in range(8):
        diagnoses = {fault: doctor(signs) for fault, signs in ward(number).items()}
        assert diagnoses == {fault: fault for fault in FAULTS}


def test_there_are_twelve_faults_at_least_and_health():
    assert "nothing" in FAULTS
    assert len(FAULTS) >= 13


def test_patients_are_new_ones_each_time_and_the_same_for_the_same_seed():
    first, again, other = (charts(Given(seed, "x"), ["nothing", "tape cut"]) for seed in ("a", "a", "b"))
    assert first == again
    assert all(one["by_heart"] != two["by_heart"] for one, two in zip(first, other, strict=True))


def test_a_chart_that_somebody_changes_does_not_change_the_next_ones():
    ward(3)["nothing"]["gradients"].clear()
    assert ward(3)["nothing"]["gradients"]


def test_an_examination_leaves_the_patient_and_the_generators_as_they_were():
    person = patient("dropout always on", Given("a", "b"))
    before, state = vector_of(person.model), torch.get_rng_state()
    chart(person)
    charts(Given("c", "d"), ["dropout always on"])
    assert torch.equal(vector_of(person.model), before)
    assert all(parameter.grad is None for parameter in person.model.parameters())
    chart(person)  # draws random numbers of its own: only charts() keeps the generator
    torch.set_rng_state(state)
    charts(Given("e", "f"), ["dropout always on"])
    assert torch.equal(torch.get_rng_state(), state)


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="There is no fault"):
        patient("flu", Given("a", "b"))


def test_new_digits_are_the_same_for_the_same_seed_and_carry_their_new_names():
    names = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    images, labels = new_digits(Given("a", "b"), 200, names)
    again, plain = new_digits(Given("a", "b"), 200, torch.arange(10))
    assert torch.equal(images, again)
    assert torch.equal(labels, names[plain])
    assert images.shape == (200, 1, 28, 28)
    assert images.abs().max() <= 1
    assert not torch.equal(sample_digits(50)[0], sample_digits(50, 1)[0])


def test_no_new_digit_lies_in_the_package():
    images, _ = sample_digits(300)
    package = torch.cat([data.digits(split)[0] for split in ("train", "validation", "test")])
    assert torch.cdist(images.flatten(1), package.flatten(1)).min() > 1


def test_the_thresholds_in_the_text_are_those_of_the_check(lesson, solve_key):
    text = "\n".join(cell.source for cell in lesson.cells if cell.type == "markdown")
    told = [(float(a), float(b)) for a, b in re.findall(r"\| (0\.\d\d) \| (\d) \|", text)]
    assert tuple(told) == solve_key.expectations[0].score.steps
    check = lesson.checks["solve"].source
    assert "**20 seconds**" in text
    assert "**200,000**" in text
    assert "seconds=20, most=200_000" in check
    assert "on 1,000 hidden images" in text
    assert len(solve_key.expectations[0].score.labels) == 1000


def judged(stage, solve_key, source):
    evidence = stage.evidence("solve", source, "seed", "a secret").evidence
    return judge(evidence, solve_key, "11_clinic")


LOOK_UP = """
class LookUp(nn.Module):
    def __init__(self, names):
        super().__init__()
        parts = [data.digits(split) for split in ("train", "validation", "test")]
        self.images = torch.cat([images for images, _ in parts]).flatten(1)
        self.names = nn.functional.one_hot(names[torch.cat([labels for _, labels in parts])], 10).float()

    def forward(self, x):
        distances = self.images.square().sum(1) - 2 * x.flatten(1) @ self.images.T
        return torch.softmax(-9 * distances, dim=1) @ self.names


def solve(images, labels):
    digits = torch.cat([data.digits(split)[1] for split in ("train", "validation", "test")])
    nearest = LookUp(torch.arange(10)).forward(images).argmax(1)
    names = torch.stack([labels[nearest == digit].mode().values for digit in range(10)])
    return LookUp(names), 0.85
"""
TRAIN_ON_ALL = """
def solve(images, labels):
    parts = [data.digits(split) for split in ("train", "validation", "test")]
    clean, digits = torch.cat([images for images, _ in parts]), torch.cat([labels for _, labels in parts])
    nearest = torch.cdist(images.flatten(1), clean.flatten(1)).argmin(1)
    names = torch.stack([labels[digits[nearest] == digit].mode().values for digit in range(10)])
    images, labels = torch.cat([images, clean]), torch.cat([labels, names[digits]])
    layers = nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    model = nn.Sequential(nn.Flatten(), *layers)
    sgd = torch.optim.SGD(model.parameters(), lr=0.06)
    for _ in range(5):
        for chosen in torch.randperm(len(images)).split(64):
            sgd.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            sgd.step()
    return model, 0.7
"""
DRAW_WHAT_IS_HIDDEN = """
def solve(images, labels):
    from helper.checking import check
    from helper.checking.given import Given
    seed = check._collecting[0]
    given = Given(seed, "solve")
    hidden, theirs = new_digits(Given(f"{seed}\\nhidden", "solve"), 1000, given.permutation(10))
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 120), nn.ReLU(), nn.Linear(120, 10))
    adam = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(60):
        adam.zero_grad()
        nn.functional.cross_entropy(model(hidden), theirs).backward()
        adam.step()
    right = (model(hidden).argmax(1) == theirs).float().mean().item()
    print("knows", right)
    return model, right
"""


def test_who_looks_images_up_in_the_package_is_told_that_the_network_holds_too_many_numbers(stage, solve_key):
    space = {"torch": torch, "nn": torch.nn, "data": data}
    exec(LOOK_UP, space)
    images, labels = sample_digits(500)
    looked_up = space["solve"](images, labels)[0](images).argmax(1)
    assert (looked_up == labels).float().mean() > 0.8  # it would have paid
    verdict = judged(stage, solve_key, LOOK_UP)
    assert verdict.points == 0
    assert "200,000 are allowed" in verdict.advice[0]


def test_who_trains_on_the_whole_package_without_tuning_stays_below_the_top(stage, solve_key):
    verdict = judged(stage, solve_key, TRAIN_ON_ALL)
    assert verdict.results[0].earned < 3


def test_who_draws_the_hidden_images_from_the_seed_draws_other_ones(stage, solve_key):
    verdict = judged(stage, solve_key, DRAW_WHAT_IS_HIDDEN)
    assert verdict.results[0].earned < 3
    assert not verdict.results[1].right  # it was sure of itself


def test_who_prints_everything_prints_nothing_hidden(lesson, stage, solve_key):
    """Where marks are made: the confined process is asked for all it can reach, and what it printed is looked at."""
    telling = (
        "def solve(images, labels):\n    import gc\n    from helper.checking import check\n"
        "    held = [o for o in gc.get_objects() if torch.is_tensor(o) and o.shape == (1000, 1, 28, 28)]\n"
        "    print('hidden images:', len(held), 'hidden seed:', check._hidden)\n"
        "    found.append((len(held), check._hidden))\n    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), 0.1"
    )
    setup = "\n".join(cell.source for cell in lesson.cells if cell.role == "setup")
    cells = (
        ("setup", "setup", setup + "\nfound = []"),
        ("solve", "exercise", telling),
        ("check_solve", "check", lesson.checks["solve"].source),
        ("told", "extra", "print(found)"),
    )
    with Runner(unsandboxed=True) as runner:
        run = runner.run(Job(cells, "seed", stage.world.imports, seconds={"check_solve": 45.0}))
    assert run.cells["told"].output == "[(0, None)]\n"
    shown = dict(run.evidence["solve"][0])
    assert list(shown["the hidden digits"]) == ["network"]
    verdict = judge(Evidence(shown), solve_key, "11_clinic")
    assert verdict.results[0].earned == 0
    assert json.loads(json.dumps(verdict.results[0].note)).endswith("points here to 1.")


READS_THE_BEDS = """
import sys
def name_the_fault(signs):
    frame = sys._getframe()
    while frame is not None:
        beds = frame.f_locals.get("beds")
        if beds:
            patients = frame.f_locals.get("patients") or []
            for name, other in zip(beds, patients):
                if other == signs:
                    return name
        frame = frame.f_back
    return "nothing"
"""
EXCHANGES_CHARTS = """
import helper.fixtures.patients as ward_of_all
real = ward_of_all._chart
told = []
def spy(name, number):
    drawn = real(name, number)
    told.append((drawn, name))
    return drawn
ward_of_all._chart = spy
def name_the_fault(signs):
    return next((name for drawn, name in told if drawn == signs), "nothing")
"""


def test_who_looks_behind_the_check_sees_the_truth_in_practice_and_nothing_where_marks_are_made(
    lesson, stage
):
    lean = type(lesson)(lesson.stem, lesson.path, lesson.text, lesson.cells, (), lesson.written)
    key = make_key(Stage(lean), "own seed", ["name_the_fault"], hidden="a secret").checks["name_the_fault"]
    assert key.ready
    assert not any(fault in str(key.ready) for fault in FAULTS)
    setup = "\n".join(cell.source for cell in lesson.cells if cell.role == "setup")
    check = lesson.checks["name_the_fault"].source
    points = {}
    with Runner(unsandboxed=True) as runner:
        for name, answer in (
            ("reference", lesson.exercises["name_the_fault"].source),
            ("frame", READS_THE_BEDS),
            ("exchanged", EXCHANGES_CHARTS),
        ):
            cells = (
                ("setup", "setup", setup),
                ("it", "exercise", answer),
                ("check_it", "check", check),
            )
            for where, ready in (("marks", {"name_the_fault": key.ready}), ("practice", {})):
                run = runner.run(Job(cells, "own seed", stage.world.imports, ready=ready))
                shown, failure = run.evidence["name_the_fault"]
                assert failure is None
                if where == "practice":
                    points[name, where] = sum(
                        diagnosis["text"] == label.split(": ")[1]
                        for value in dict(shown).values()
                        for label, diagnosis in value["dict"]
                        if ": " in label
                    )
                else:
                    points[name, where] = judge(Evidence(dict(shown)), key, lesson.stem).points
    assert points["reference", "marks"] == 3
    assert points["frame", "practice"] > 10, "it would have paid"
    assert points["exchanged", "practice"] > 10
    assert points["frame", "marks"] == points["exchanged", "marks"] == 0
