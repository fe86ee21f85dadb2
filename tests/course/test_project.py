"""The project's own promises: versions agree, text is whole, commands and documents name what there is."""

import itertools
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT

from helper.lessons.lesson import read, stems

TEXTS = [
    path
    for pattern in (
        "*.md",
        "*.toml",
        "*.txt",
        "*.yml",
        "Makefile",
        "LICENSE",
        "solutions/*.py",
        "helper/**/*.py",
    )
    for path in ROOT.glob(pattern)
] + [
    path
    for pattern in ("img/*.py", "tests/*.py", ".ci/run", ".github/**/*.yml")
    for path in ROOT.glob(pattern)
]


def constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def bare(requirement):
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower()


def test_every_dependency_has_one_exact_version():
    pinned = {name.lower() for name in constraints()}
    optional = [item for extra in project()["optional-dependencies"].values() for item in extra]
    wanted = [item for item in (*project()["dependencies"], *optional) if bare(item) != project()["name"]]
    assert {bare(item) for item in wanted} <= pinned
    assert all(bare(item) == item.split("[")[0].lower() for item in wanted), (
        "versions live in constraints.txt alone"
    )


def test_what_is_installed_is_what_constraints_say():
    installed: dict[str, str] = {}
    for item in metadata.distributions():
        installed.setdefault(
            item.metadata["Name"].lower(), item.version
        )  # the first on the path is what imports
    pinned = {name.lower(): version for name, version in constraints().items()}
    checked = {name for name in installed if name in pinned}
    assert {"torch", "torchvision", "nbgrader", "nbval", "jupytext"} <= checked
    assert {name: installed[name] for name in checked} == {name: pinned[name] for name in checked}


def test_conda_users_get_the_same_versions():
    text = (ROOT / "environment.yml").read_text()
    assert "--constraint constraints.txt" in text
    assert "--editable .\n" in text
    assert "==" not in text
    python = re.search(r"python=(\d+\.\d+)", text)[1]
    assert python in project()["requires-python"] or tuple(map(int, python.split("."))) >= (3, 11)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_character_was_damaged_by_a_wrong_encoding(path):
    if path.name in ("lesson.py", "test_lesson.py", "test_project.py"):
        return  # they name the damage to look for
    assert not re.search("[\u011f\ufffd]|\u00e2[^a-zA-Z\\s]", path.read_text(encoding="utf-8"))


def test_every_lesson_is_in_the_readmes_table():
    text = (ROOT / "README.md").read_text()
    for stem in stems(ROOT / "solutions"):
        assert f"notebooks/{stem}/{stem}.ipynb" in text


def test_the_heading_of_an_exit_question_asks_something():
    for stem in stems(ROOT / "solutions"):
        cells = read(ROOT / "solutions", stem).cells
        for above, cell in itertools.pairwise(cells):
            if cell.role == "exercise" and cell.name.startswith("exit_"):
                heading = rf"^### Exit question: [^\n]+\? `{cell.name}` \(1 point\)\n\n\S"
                assert re.search(heading, above.source, re.M), f"{stem}/{cell.name}"


def test_links_in_the_documents_lead_somewhere():
    for name in sorted(path.name for path in ROOT.glob("*.md")):
        text = re.sub(r"```.*?```|`[^`]*`", "", (ROOT / name).read_text(), flags=re.S)
        for target in re.findall(r"\]\((?!http|#)([^)\s#]+)", text):
            assert (ROOT / target).exists(), f"{name}: {target}"


def test_the_written_lessons_can_never_be_released():
    for stem in stems(ROOT / "solutions"):
        names = {
            path.name for folder in ("solutions", "notebooks") for path in (ROOT / folder / stem).iterdir()
        }
        assert names <= {f"{stem}.ipynb", "key.json", "again.json", ".ipynb_checkpoints"}


def test_no_built_notebook_names_a_place_on_the_builders_machine():
    for path in [*ROOT.glob("solutions/*/*.ipynb"), *ROOT.glob("notebooks/*/*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        assert str(Path(sys.prefix)) not in text, path
        assert str(ROOT) not in text, path
        assert not re.search(r"(?<![\w/])/(home|root|tmp|Users)/", text), path
        assert " at 0x" not in text, path


def test_figures_have_words_for_those_who_do_not_see_them():
    for stem in stems(ROOT / "solutions"):
        for alt, target in re.findall(
            r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / "solutions" / f"{stem}.py").read_text()
        ):
            assert len(alt) > 20, f"{stem}: {target}"


def test_without_python_make_says_what_to_install(tmp_path):
    for tool in ("make", "sh", "touch", "rm", "test", "echo"):
        found = subprocess.run(["which", tool], capture_output=True, text=True, check=False).stdout.strip()
        if found:
            (tmp_path / tool).symlink_to(found)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "lab"], cwd=copy, capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)}
    )
    assert done.returncode != 0
    assert "No Python 3.11 or newer was found" in done.stdout + done.stderr
    assert not (copy / ".venv").exists()
