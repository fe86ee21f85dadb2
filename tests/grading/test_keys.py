"""Each submission answers its own questions: what one knows of its own is of no use to anybody, ever."""

import json
import re

import pytest
from conftest import ROOT

from helper.grading.handed_in.canonical import Canonical, canonical
from helper.grading.handed_in.notebook import read_notebook
from helper.grading.keys import Keys, lesson_text, own_seed
from helper.grading.workers import Task, Workers
from helper.judging.evidence import Evidence
from helper.judging.judge import judge
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage
from helper.running.forkserver import ForkServer

LESSON = "01_mean"
SMUGGLES = """seen = []
def mean_square(x):
    seen.append(x.flatten().tolist())
    return x.pow(2).mean()
"""
HARD_CODED = "numbers = iter({numbers})\ndef mean_square(x):\n    return torch.tensor(next(numbers))"


@pytest.fixture(scope="module")
def parent():
    with ForkServer() as warm:
        yield warm


def test_keys_computed_beside_are_those_computed_here(parent, built_mini):
    text = lesson_text(built_mini.solutions, LESSON)
    here = make_key(Stage(read(built_mini.solutions, LESSON)), "a seed").to_json()
    with Keys(parent) as keys:
        reference = keys.key(text, "a seed").to_json()
        known = keys.key(text, "a seed", {"mean_square": Evidence()}).to_json()
        assert keys.key(text, "another").to_json()["checks"] != reference["checks"]
    assert known["checks"] == {"mean_square": here["checks"]["mean_square"]}
    for name, check in here["checks"].items():
        assert reference["checks"][name] == check | {"mistakes": []}


@pytest.mark.slow
def test_leaving_mistakes_out_changes_no_verdict(parent, course_lesson):
    """Under new seeds, every answer of a real bank is judged with some mistakes as with all."""
    solutions, stem = course_lesson
    lesson = read(solutions, stem)
    stage, text = Stage(lesson), lesson_text(solutions, stem)
    with Keys(parent) as keys:
        for seed in ("first", "second"):  # at first all are run, and looked at
            whole = make_key(stage, seed)
            for answer in lesson.answers:
                shown = stage.evidence(answer.exercise, answer.source, seed).evidence
                some = keys.key(text, seed, {answer.exercise: shown}).checks[answer.exercise]
                told = [
                    judge(shown, check, stem, reveal=False) for check in (some, whole.checks[answer.exercise])
                ]
                assert told[0] == told[1], f"{stem}, line {answer.line}"


@pytest.fixture
def course_lesson():
    """A lesson in which some checks show shapes that are drawn."""
    return ROOT / "solutions", "03_gradient_descent"


def test_a_server_of_keys_that_died_is_replaced(parent, built_mini):
    text = lesson_text(built_mini.solutions, LESSON)
    with Keys(parent) as keys:
        before = keys.key(text, "a seed")
        keys._control.close()
        assert keys.key(text, "a seed") == before


def test_student_lesson_attempt_and_classroom_each_change_the_seed():
    seeds = {
        own_seed(*words)
        for words in (
            ("secret", "ada", "01_mean", "1"),
            ("secret", "ada", "01_mean", "2"),
            ("secret", "bob", "01_mean", "1"),
            ("secret", "ada", "02_sum", "1"),
            ("other", "ada", "01_mean", "1"),
            ("secret", "ad", "a01_mean", "1"),
        )
    }
    assert len(seeds) == 6
    assert not any("secret" in seed for seed in seeds)


def handed_in(release, mean_square, own=""):
    data = json.loads(json.dumps(release))
    for cell in data["cells"]:
        source = {"mean_square": mean_square, "exit_mean": 'exit_mean = "b"'}.get(cell["id"])
        cell["source"] = source or cell["source"]
    if own:
        data["cells"].append({"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "source": own})
    return canonical(release, read_notebook(json.dumps(data).encode())).dumps()


def test_what_one_submission_smuggles_out_is_worth_nothing_to_anybody(built_mini):
    release = json.loads((built_mini.notebooks / LESSON / f"{LESSON}.ipynb").read_text())
    shared = {LESSON: lesson_text(built_mini.solutions, LESSON)}

    def marks(hands, *tasks):
        return dict(hands.run([Task(f"{task[0]}, {task[1]}", LESSON, task[2], *task[:2]) for task in tasks],
                              shared, "the classroom's secret"))  # fmt: skip

    with Workers(1) as hands:
        smuggler = marks(hands, ("eve", "1", handed_in(release, SMUGGLES, "print('SEEN', seen)")))["eve, 1"]
        (said,) = re.findall(r"SEEN (.*)", "".join(smuggler.outputs.values()))
        numbers = [sum(value**2 for value in values) / len(values) for values in json.loads(said)]
        copy = handed_in(release, HARD_CODED.format(numbers=numbers))
        found = marks(hands, ("eve", "1", copy), ("eve", "2", copy), ("bob", "1", copy))
    assert smuggler.points == 4
    assert found["eve, 1"].points == 4, "the numbers are not those that were asked for: this shows nothing"
    assert (found["eve, 2"].points, found["bob, 1"].points) == (1, 1)


def test_the_classrooms_seed_goes_to_no_worker(built_mini, monkeypatch):
    from helper.grading import workers

    told = []
    monkeypatch.setattr(workers, "mark", lambda *arguments: told.append(arguments) or 1 / 0)
    shared = {LESSON: lesson_text(built_mini.solutions, LESSON)}
    with Workers(1) as hands:
        list(
            hands.run(
                [Task("a", LESSON, Canonical(LESSON, ()).dumps(), "ada", "1")],
                shared,
                "the classroom's secret",
            )
        )
    assert told
    assert "the classroom's secret" not in str(told)
    assert own_seed("the classroom's secret", "ada", LESSON, "1") in str(told)
