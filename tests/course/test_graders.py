"""The proof of the graders, for every lesson: right answers pass, mistakes fail with their own advice."""

import json
from functools import cache

import pytest
from conftest import ROOT

from helper.authoring import rules
from helper.authoring.mutants import survivors
from helper.authoring.proof import try_answers
from helper.checking.given import Given
from helper.judging.evidence import Evidence, plain
from helper.judging.judge import judge
from helper.judging.key import Key
from helper.judging.verdict import NOT_ATTEMPTED
from helper.lessons.key_of import PRACTICE, make_key
from helper.lessons.lesson import read, stems
from helper.lessons.stage import Stage

SOLUTIONS = ROOT / "solutions"
LESSONS = stems(SOLUTIONS)
SEEDS = (PRACTICE, *(f"seed {number}" for number in range(1, 30)))
QUICK = 3  # so many of them while one works
# Banks that take long are proved under fewer seeds here; `course try LESSON --seeds 30` does the rest.
FEWER = {"04_backpropagation": 10, "05_autograd_engine": 10, "07_training_loop": 10, "11_clinic": 3}
CASES = [
    pytest.param(stem, seed, marks=[pytest.mark.slow] if number >= QUICK else [])
    for stem in LESSONS
    for number, seed in enumerate(SEEDS[: FEWER.get(stem, len(SEEDS))])
]


@cache
def stage(stem):
    return Stage(read(SOLUTIONS, stem))


@cache
def key(stem, seed):
    return make_key(stage(stem), seed)


EXERCISES = [(stem, exercise) for stem in LESSONS for exercise in read(SOLUTIONS, stem).exercises]


@pytest.mark.parametrize(("stem", "seed"), CASES)
def test_right_answers_pass_and_every_mistake_gets_its_own_advice(stem, seed):
    tried = try_answers(stage(stem), key(stem, seed))
    assert [(item.answer.title, item.problem) for item in tried if item.problem] == []


@pytest.mark.parametrize("stem", LESSONS)
def test_the_key_in_the_repository_is_the_one_the_lesson_gives(stem):
    for folder in (SOLUTIONS / stem, ROOT / "notebooks" / stem):
        kept = Key.load(folder / "key.json")
        computed = key(stem, PRACTICE)
        assert kept.written == computed.written
        assert set(kept.checks) == set(computed.checks)
        for name, check in kept.checks.items():
            evidence = Evidence({item.name: item.value for item in check.expectations})
            again = {item.name: item.value for item in computed.checks[name].expectations}
            # Compared with tolerance: another processor may round differently in the last digit.
            assert judge_sealed(evidence, again)


def judge_sealed(evidence, again):
    from helper.judging.evidence import same

    return evidence.shown.keys() == again.keys() and all(
        same(value, again[name]) for name, value in evidence.shown.items()
    )


@pytest.mark.parametrize("stem", LESSONS)
def test_every_lesson_keeps_the_rules_of_its_points_and_its_bank(stem):
    lesson = read(SOLUTIONS, stem)
    banks = [sentence for exercise in lesson.exercises for sentence in rules.broken_by_bank(lesson, exercise)]
    assert rules.broken_by_lesson(lesson) + banks == []


@pytest.mark.parametrize(("stem", "exercise"), EXERCISES)
def test_no_small_mutation_of_a_reference_passes(stem, exercise):
    keys = [key(stem, seed) for seed in SEEDS[:3]]
    assert [(mutant.line, mutant.change) for mutant in survivors(stage(stem), exercise, keys)] == []


def released(stem):
    return json.loads((ROOT / "notebooks" / stem / f"{stem}.ipynb").read_text(encoding="utf-8"))


@pytest.mark.parametrize("stem", LESSONS)
def test_the_untouched_release_earns_nothing_and_is_not_attempted_everywhere(stem):
    sources = {cell["id"]: "".join(cell["source"]) for cell in released(stem)["cells"]}
    for exercise in read(SOLUTIONS, stem).exercises:
        evidence = stage(stem).evidence(exercise, sources[exercise], PRACTICE).evidence
        verdict = judge(evidence, key(stem, PRACTICE).checks[exercise], stem)
        assert (verdict.verdict, verdict.points) == (NOT_ATTEMPTED, 0.0), exercise


@pytest.mark.parametrize("stem", LESSONS)
def test_no_line_of_a_solution_is_released(stem):
    lesson = read(SOLUTIONS, stem)
    text = (ROOT / "notebooks" / stem / f"{stem}.ipynb").read_text(encoding="utf-8")
    released_lines = {
        line.strip() for cell in released(stem)["cells"] for line in "".join(cell["source"]).split("\n")
    }
    assert "BEGIN SOLUTION" not in text
    for cell in lesson.exercises.values():
        shown = [
            line for other in lesson.cells if other.role != "exercise" for line in other.source.split("\n")
        ]
        given = {line.strip() for line in [*shown, *_outside_solution(cell.source)]}
        inside = [line.strip() for line in _inside_solution(cell.source)]
        # What a demonstration shows anyway, or is too short to tell anything, is no secret.
        secret = [
            line for line in inside if len(line) > 12 and not line.startswith("#") and line not in given
        ]
        assert [line for line in secret if line in released_lines] == []


def _inside_solution(source):
    inside = False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line or "END SOLUTION" in line:
            inside = "BEGIN" in line
        elif inside:
            yield line


def _outside_solution(source):
    return [line for line in source.split("\n") if line not in list(_inside_solution(source))]


@pytest.mark.parametrize(("stem", "exercise"), EXERCISES)
def test_an_answer_without_thought_earns_at_most_a_third(stem, exercise):
    assert list(rules.broken_by_luck(stage(stem), exercise, key(stem, "seed 1"))) == []


def test_evidence_of_a_check_is_small_enough_for_the_grader():
    from helper.sandbox.limits import Limits

    for stem in LESSONS:
        for check in key(stem, PRACTICE).checks.values():
            assert len(json.dumps([item.value for item in check.expectations])) < Limits().evidence_bytes / 4


def test_given_numbers_are_plain_evidence():
    assert "values" in plain(Given("a", "b").normal(2))
