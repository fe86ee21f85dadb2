"""Scored evidence: a network or its predictions go out, labels and images stay with the key, the judge counts."""

import json
from pathlib import Path

import pytest

from helper.grading.keys import Keys, Questions, lesson_text, own_hidden, own_seed
from helper.judging.evidence import Evidence
from helper.judging.judge import judge
from helper.judging.key import Key
from helper.judging.score import Forecast, Score, compare, count
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage
from helper.running.forkserver import ForkServer
from helper.running.job import Job
from helper.running.runner import Runner
from helper.sandbox.limits import Limits

SALT = "lesson"
LABELS = [number % 4 for number in range(100)]
SCORE = Score.of({0.5: 1, 0.9: 3}, LABELS, SALT)
TEXT = """
# %% setup=true
import torch
from torch import Tensor, nn
from helper import check
from helper.fixtures.network import attempt

# %% exercise="sort_out"
def sort_out(images: Tensor, labels: Tensor):
    ### BEGIN SOLUTION
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    model[1].weight.data = torch.tensor([[-1.0] * 4, [1.0] * 4])
    model[1].bias.data.zero_()
    return model, 1.0
    ### END SOLUTION

# %% check="sort_out" points=4 seconds=25
@check("sort_out")
def _(given, expect):
    def draw(given, n):
        images = given.normal(n, 1, 2, 2)
        return images, (images.sum(dim=(1, 2, 3)) > 0).long()

    model, expected = attempt(sort_out, *draw(given, 30), seconds=0.5, most=50)
    expect("the hidden images", model, score={0.4: 1, 0.95: 3}, examples=lambda given: draw(given, 200))
    expect("the accuracy you expect", expected, forecast="the hidden images", points=1)
"""
ANSWERS = '''
# %% mistake="sort_out"
"""The wrong way round."""
def sort_out(images, labels):
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    model[1].weight.data = torch.tensor([[1.0] * 4, [-1.0] * 4])
    model[1].bias.data.zero_()
    return model, 1.0
'''
CONSTANT = (
    "import torch\ndef sort_out(images, labels):\n    return nn.Sequential(nn.Flatten(), One()), 0.5\n"
    + (
        "class One(nn.Module):\n    def forward(self, x):\n        return x[:, :2] * 0 + torch.tensor([0.0, 1.0])"
    )
)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("solutions")
    (folder / "01_scored.py").write_text(TEXT)
    (folder / "01_scored_answers.py").write_text(ANSWERS)
    return read(folder, "01_scored")


@pytest.fixture(scope="module")
def secret_key(lesson):
    return make_key(Stage(lesson), "seed", hidden="a secret")


def judged(stage: Stage, key: Key, source: str | None = None):
    return judge(stage.evidence("sort_out", source, key.seed).evidence, key.checks["sort_out"], key.lesson)


def right(share: float) -> list[int]:
    """Return predictions of which so large a share is right."""
    return [label if place < 100 * share else 9 for place, label in enumerate(LABELS)]


@pytest.mark.parametrize(("share", "points"), [(0.49, 0), (0.5, 1), (0.89, 1), (0.9, 3), (1.0, 3)])
def test_points_come_by_thresholds(share, points):
    counted = count(SCORE, {"predictions": right(share)}, SALT)
    assert (counted.points, counted.full, counted.accuracy) == (points, points == 3, share)


def test_the_words_say_what_was_reached_and_what_comes_next():
    words = count(SCORE, {"predictions": right(0.6)}, SALT).words
    assert "0.600" in words
    assert "0.9" in words
    assert "next" not in count(SCORE, {"predictions": right(1.0)}, SALT).words


@pytest.mark.parametrize(
    "evidence",
    [{}, {"predictions": [1] * 99}, {"predictions": 3}, {"predictions": [[]] * 100}, {"predictions": [True] * 100},
     {"number": 1}, {"network": {}}, {"text": "no"}, {"predictions": [2**70] * 100}],
)  # fmt: skip
def test_what_is_no_prediction_earns_nothing_and_never_stops_the_judge(evidence):
    assert count(SCORE, evidence, SALT).points == 0


def test_a_key_names_no_label():
    key_text = json.dumps(SCORE.labels)
    assert len(set(SCORE.labels)) == 100  # equal labels are sealed differently
    assert all(f'"{label}"' not in key_text for label in range(4))


def test_an_expected_accuracy_counts_within_its_band_and_only_with_the_first_threshold():
    forecast = Forecast("it", 200)
    reached = count(SCORE, {"predictions": right(0.8)}, SALT)
    band = 2 * (0.8 * 0.2 / 200) ** 0.5
    assert compare(forecast, 1, {"number": 0.8 + 0.99 * band}, reached).points == 1
    assert compare(forecast, 1, {"number": 0.8 + 1.01 * band}, reached).points == 0
    assert "any part in training" in compare(forecast, 1, {"number": 1.0}, reached).words
    assert compare(forecast, 1, {"number": 0.3}, count(SCORE, {"predictions": right(0.3)}, SALT)).points == 0
    for value in ({"number": "nan"}, {"number": 80}, {"bool": True}, {"text": "0.8"}, {}):
        assert compare(forecast, 1, value, reached).points == 0


def test_a_score_survives_the_key_file(secret_key):
    assert Key.from_json(json.loads(secret_key.dumps())) == secret_key
    assert secret_key.checks["sort_out"].seconds == 25


def test_the_reference_earns_all_and_a_known_mistake_its_own_advice(lesson):
    stage = Stage(lesson)
    key = make_key(stage, "seed")
    verdict = judged(stage, key)
    assert (verdict.verdict, verdict.points) == ("right", 4)
    verdict = judged(stage, key, lesson.answers[0].source)
    assert (verdict.verdict, verdict.points, verdict.advice) == ("mistake", 0, ("The wrong way round.",))


def test_a_part_of_the_points_can_be_earned(lesson):
    stage = Stage(lesson)
    verdict = judged(stage, make_key(stage, "seed"), CONSTANT)
    assert (verdict.verdict, verdict.points) == ("not yet", 2)  # a coin knows that it is one
    assert "next threshold" in verdict.advice[0]


def test_the_key_of_practice_holds_no_images_and_the_secret_one_does(lesson, secret_key):
    assert make_key(Stage(lesson), "seed").checks["sort_out"].expectations[0].score.examples == ""
    assert secret_key.checks["sort_out"].expectations[0].score.examples


def test_what_is_hidden_depends_on_the_secret_and_not_on_the_seed(lesson, secret_key):
    same = make_key(Stage(lesson), "another seed", hidden="a secret").checks["sort_out"].expectations[0]
    other = make_key(Stage(lesson), "seed", hidden="another secret").checks["sort_out"].expectations[0]
    first = secret_key.checks["sort_out"].expectations[0]
    assert first.score == same.score != other.score


LAYERS = "m = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))"
BROKEN = {
    "212 numbers, and 50 are allowed": "m = nn.Sequential(nn.Flatten(), nn.Linear(4, 30), nn.Linear(30, 2))",
    "as a pair": "return 0.9",
    "could not answer a batch of 100 images": "m = nn.Linear(5, 2)",
    "more than 0.5 seconds of processor time": "while True: pass",
    "random numbers when it predicts": f"{LAYERS}; m.forward = lambda x: nn.functional.dropout(m[1](x.flatten(1)))",
    "cannot be tried": "m = nn.Flatten(); m.forward = lambda x: torch.cdist(x.flatten(1), torch.ones(2, 4))",
    "same steps for every image": "m = nn.Flatten(); m.forward = lambda x: x.flatten(1)[:, : int(x.sum() > 0) + 1]",
    "0 of 200 right": "m = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)); m[1].bias.data[2] = 99",
}


@pytest.mark.parametrize("words", BROKEN)
def test_a_broken_limit_is_told_where_it_is_broken(lesson, words):
    stage = Stage(lesson)
    verdict = judged(
        stage,
        make_key(stage, "seed"),
        f"def sort_out(images, labels):\n    {BROKEN[words]}\n    return m, 0.9",
    )
    assert words in verdict.advice[0]
    assert verdict.points == 0


def test_nothing_hidden_is_drawn_beside_a_students_code_and_the_judge_lets_the_network_answer(
    lesson, secret_key
):
    cells = [(cell.name or "setup", cell.role, cell.source) for cell in lesson.cells if cell.role]
    spying = (
        "before = given.__class__.normal\nseen = []\n"
        "given.__class__.normal = lambda self, *a, **k: seen.append(a) or before(self, *a, **k)\n"
    )
    spying = "from helper.checking.given import Given\n" + spying.replace("given.__class__", "Given")
    cells = [(f"{role} {name}", role, source) for name, role, source in cells]
    cells.insert(1, ("spy", "extra", spying))
    cells.append(("told", "extra", "print(seen)"))
    imports = Stage(lesson).world.imports
    with Runner(unsandboxed=True) as runner:
        run = runner.run(Job(tuple(cells), "seed", imports, seconds={"check sort_out": 25.0}))
    evidence = dict(run.evidence["sort_out"][0])
    assert list(evidence["the hidden images"]) == ["network"]
    assert run.cells["told"].output == "[(30, 1, 2, 2)]\n"  # what the answer is given, and nothing else
    verdict = judge(Evidence(evidence), secret_key.checks["sort_out"], secret_key.lesson)
    assert (verdict.verdict, verdict.points) == ("right", 4)


def test_a_check_that_needs_longer_gets_longer():
    cells = (
        ("setup", "setup", "import time\nfrom helper import check"),
        ("slow", "check", "time.sleep(1.2)"),
    )
    with Runner(Limits(cell_seconds=0.6), unsandboxed=True) as runner:
        assert runner.run(Job(cells, "seed")).cells["slow"].status == "time-out"
        assert runner.run(Job(cells, "seed", seconds={"slow": 5.0})).cells["slow"].status == "ok"


def test_each_attempt_is_scored_on_images_of_its_own(lesson):
    whose = "the classroom's secret", "ada", "01_scored", "1"
    assert len({own_seed(*whose), own_hidden(*whose), own_hidden(*whose[:3], "2")}) == 3
    text = lesson_text(lesson.path.parent, lesson.stem)
    with ForkServer() as parent, Keys(parent) as keys:
        first = Questions(text, own_seed(*whose), keys, own_hidden(*whose)).reference()
        failed = {"sort_out": Evidence({})}
        other = Questions(text, own_seed(*whose), keys, own_hidden(*whose[:3], "2")).with_mistakes(failed)
    scores = [key.checks["sort_out"].expectations[0].score for key in (first, other)]
    assert all(score.examples for score in scores)
    assert scores[0].examples != scores[1].examples
    assert other.checks["sort_out"].mistakes == ()  # a trained network is like no other
