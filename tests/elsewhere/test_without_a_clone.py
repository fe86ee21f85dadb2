"""Where else students land: `pip install` without a clone, a read-only folder, only the notebook."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

from helper.authoring.build import compose
from helper.course import Course
from helper.desk import cells
from helper.lessons.lesson import read

STEM = "01_mean"
RIGHT = "def mean_square(x):\n    return x.pow(2).mean()"

# Hide the course as installed in this environment: a kernel elsewhere does not have it.
HIDE = """import importlib.util, pathlib, sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
for place in list(sys.path):
    if (pathlib.Path(place or ".") / "helper" / "__init__.py").exists():
        sys.path.remove(place)
sys.modules.pop("helper", None)"""


FILES = ("pyproject.toml", "setup.py", "README.md", "constraints.txt", "LICENSE")


@pytest.fixture(scope="session")
def wheel(built_mini, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel of this course, with the miniature lesson as its only one."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "helper", source / "helper", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(built_mini.notebooks, source / "notebooks")
    for name in FILES:
        shutil.copyfile(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source))
    return next(target.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a Python that has the course from the wheel, and its libraries from this one."""
    site = tmp_path_factory.mktemp("site")
    pip("install", "--no-deps", "--target", str(site), str(wheel))
    return os.environ | {"PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}


def pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PIP_NO_INDEX": "1"},
    )
    assert done.returncode == 0, done.stderr


def run_course(folder: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "helper.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_in_an_empty_folder_the_lessons_of_the_package_are_laid_out(
    installed: dict[str, str], tmp_path: Path
) -> None:
    run_course(tmp_path, installed, "update")
    assert sorted(path.name for path in (tmp_path / "work" / STEM).iterdir()) == [
        f"{STEM}.ipynb",
        "again.json",
        "key.json",
    ]
    assert "0 of 4 points" in run_course(tmp_path, installed, "progress")
    assert "Everything is in order" in run_course(tmp_path, installed, "doctor")


def run(notebook: object, folder: Path, environment: dict[str, str]) -> str:
    """Run a notebook and return all that its cells say."""
    client = NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment)
    return "\n".join(
        str(
            output.get("text")
            or output.get("data", {}).get("text/plain")
            or f"{output.ename}: {output.evalue}"
        )
        for cell in notebook.cells  # type: ignore[attr-defined]
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def answered(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cells.grade_id(cell) == "mean_square" and cells.is_exercise(cell):
            cell.source = RIGHT
    return notebook


def test_a_notebook_alone_finds_the_key_that_came_with_the_installation(
    installed: dict[str, str], built_mini: Course, tmp_path: Path
) -> None:
    notebook = answered(built_mini.notebooks / STEM / f"{STEM}.ipynb")
    assert "Right: mean_square (3 of 3 points)" in run(notebook, tmp_path, installed)


def test_where_the_course_is_not_installed_the_first_cell_says_so(built_mini: Course, tmp_path: Path) -> None:
    notebook = answered(built_mini.notebooks / STEM / f"{STEM}.ipynb")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(HIDE))
    said = run(notebook, tmp_path, {})
    assert "The course is not installed where this notebook runs" in said
    assert "%pip install FOLDER" in said


@pytest.fixture
def server(wheel: Path) -> object:
    """Serve the wheel on this machine, and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(wheel.parent))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/{wheel.name}"
        running.shutdown()


def test_with_an_address_the_first_cell_installs_the_course_and_its_key(
    server: str, mini: Course, tmp_path: Path
) -> None:
    (mini.root / "pyproject.toml").write_text(f'[tool.course]\naddress = "{server}"\n')
    notebook = compose(read(mini.solutions, STEM))
    site, folder = tmp_path / "site", tmp_path / "content"
    for place in (site, folder):
        place.mkdir()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"{HIDE}\nsys.path.insert(0, {str(site)!r})"))
    # Where pip installs to, and that the libraries are there already, as on Colab.
    said = run(notebook, folder, {"PIP_TARGET": str(site), "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1"})
    assert "Right: mean_square (3 of 3 points)" in said
    assert (site / "helper" / "released" / STEM / "key.json").exists()


def test_a_folder_that_cannot_be_written_to_still_gives_verdicts(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helper.checking import progress

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    folder = course.notebooks / STEM
    monkeypatch.setattr(progress.Path, "write_text", refuse)
    assert progress.note_progress(folder, "mean_square", 3.0, "right")["mean_square"].best == 3.0
    assert not (folder / "progress.json").exists()


def test_a_folder_whose_name_has_spaces_and_other_scripts_works(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "Übungen 数据 – мои файлы"
    place.mkdir()
    for name in (f"{STEM}.ipynb", "key.json"):
        (place / name).write_bytes((course.notebooks / STEM / name).read_bytes())
    said = run(answered(place / f"{STEM}.ipynb"), place, {})
    assert "Right: mean_square (3 of 3 points)" in said
    assert json.loads((place / "progress.json").read_text())["mean_square"]["best"] == 3.0


def test_a_kernel_that_starts_in_the_workspaces_root_finds_the_key(course: Course, tmp_path: Path) -> None:
    place = tmp_path / "workspace" / "notebooks" / STEM
    place.mkdir(parents=True)
    for name in (f"{STEM}.ipynb", "key.json"):
        (place / name).write_bytes((course.notebooks / STEM / name).read_bytes())
    said = run(answered(place / f"{STEM}.ipynb"), tmp_path / "workspace", {})
    assert "Right: mean_square (3 of 3 points)" in said


def test_a_codespace_is_set_up_as_everybody_else_is() -> None:
    setting = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    target = setting["postCreateCommand"].split()[1]
    assert (
        f"\n{target}:" in (ROOT / "Makefile").read_text()
    )  # the versions of constraints.txt, the same .venv
    python = re.fullmatch(r"python:(\d+\.\d+)-\w+", setting["image"])
    assert python
    assert tuple(map(int, python[1].split("."))) >= (3, 11)
