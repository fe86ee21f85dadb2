"""Validate, and an nbgrader that knows nothing of this course, agree with the checks."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.validator import Validator

from helper.course import Course
from helper.desk import cells

STEM = "01_mean"
RIGHT = "def mean_square(x):\n    return x.pow(2).mean()"
PARTLY = "def mean_square(x):\n    return (x * x).mean() if x.numel() == 1 else x.sum()"


def answered(course: Course, answers: dict[str, str]) -> Path:
    """Write answers into the release and return the notebook."""
    path = course.notebooks / STEM / f"{STEM}.ipynb"
    notebook = cells.read(path)
    for cell in notebook["cells"]:
        if cells.is_exercise(cell) and cells.grade_id(cell) in answers:
            cell["source"] = answers[cells.grade_id(cell)]
    cells.write(path, notebook)
    return path


def validated(path: Path) -> str:
    validator = Validator()
    validator.stream = io.StringIO()
    validator.validate_and_print(str(path))
    return str(validator.stream.getvalue())


def test_validate_fails_an_untouched_notebook_with_the_panels_words(course: Course) -> None:
    said = validated(answered(course, {}))
    assert "VALIDATION FAILED ON 2 CELL(S)" in said
    assert "Not attempted: mean_square" in said
    assert "Traceback" not in said


def test_validate_fails_a_mistake_with_its_advice_uncut(course: Course) -> None:
    wrong = "def mean_square(x):\n    return (x * x).sum()"
    said = validated(answered(course, {"mean_square": wrong, "exit_mean": 'exit_mean = "b"'}))
    assert "VALIDATION FAILED ON 1 CELL(S)" in said
    assert "You added the squares; divide by how many there are." in said


def test_validate_passes_what_is_right(course: Course) -> None:
    path = answered(course, {"mean_square": RIGHT, "exit_mean": 'exit_mean = "b"'})
    assert "Success! Your notebook passes all the tests." in validated(path)


@pytest.mark.parametrize("key", ["missing", "damaged"])
def test_validate_without_a_key_is_no_success(course: Course, key: str) -> None:
    path = answered(course, {"mean_square": RIGHT, "exit_mean": 'exit_mean = "b"'})
    (path.parent / "key.json").write_text("{") if key == "damaged" else (path.parent / "key.json").unlink()
    said = validated(path)
    assert "Success" not in said
    assert "key.json" in said


def test_validating_is_no_progress(course: Course) -> None:
    path = answered(course, {"mean_square": RIGHT})
    validated(path)
    assert not (path.parent / "progress.json").exists()


def test_stock_autograde_gives_nothing_for_an_untouched_notebook_and_points_for_parts(
    course: Course, tmp_path: Path
) -> None:
    root = tmp_path / "stock"
    (root / "source" / STEM).mkdir(parents=True)
    (root / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
    for name in (f"{STEM}.ipynb", "key.json"):
        (root / "source" / STEM / name).write_bytes((course.solutions / STEM / name).read_bytes())
    fresh = (course.notebooks / STEM / f"{STEM}.ipynb").read_bytes()
    people = {
        "untouched": {},
        "partly": {"mean_square": PARTLY},
        "right": {"mean_square": RIGHT, "exit_mean": 'exit_mean = "b"'},
    }
    for person, answers in people.items():
        (course.notebooks / STEM / f"{STEM}.ipynb").write_bytes(fresh)
        path = answered(course, answers)
        place = root / "submitted" / person / STEM
        place.mkdir(parents=True)
        for name in (path.name, "key.json"):
            (place / name).write_bytes((path.parent / name).read_bytes())
    nbgrader(root, "generate_assignment", STEM)
    nbgrader(root, "autograde", STEM)
    assert marks(root) == {"untouched": 0.0, "partly": 0.5, "right": 4.0}


def nbgrader(root: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def marks(root: Path) -> dict[str, float]:
    code = (
        "import json, sys; from nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db', 'stock') as book:\n"
        f"    print(json.dumps({{s.student.id: s.score for s in book.find_assignment('{STEM}').submissions}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))
