"""The pins can be installed wherever the README says so: resolved for each system, nothing is installed."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

SYSTEMS = {
    "Linux on x86_64": "x86_64-unknown-linux-gnu",
    "Linux on aarch64": "aarch64-unknown-linux-gnu",
    "macOS on arm64": "aarch64-apple-darwin",
    "Windows": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.11.2", "3.12", "3.13", "3.14")  # 3.11.2 is Debian 12's

# Parts of Jupyter that exist for one system only: their versions follow from those that are pinned.
ONLY_THERE = {"Windows": {"colorama", "pywinpty"}, "macOS on arm64": {"appnope"}}


def resolve(python, platform, extra=""):
    """Return what uv would install of the course, "name==version" each, or its complaint."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--python-version", python, "--python-platform", platform, "--constraint", "constraints.txt"]
    command += ["--extra", extra] if extra else []
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}
    for way in (["--offline"], []):  # what an earlier resolution has loaded is enough for most of the others
        done = subprocess.run(
            [*command, *way, "pyproject.toml"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.split()
    return done.stderr


@pytest.fixture(scope="module")
def resolved():
    """Resolve everything once."""
    cases = [(python, system, "") for python in PYTHONS for system in SYSTEMS]
    cases += [(python, "Linux on x86_64", "dev") for python in PYTHONS]
    return {case: resolve(case[0], SYSTEMS[case[1]], case[2]) for case in cases}


def names(resolution):
    assert isinstance(resolution, list), resolution
    return {re.split(r"[\[=]", line)[0].lower() for line in resolution if "==" in line}


def pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_pins_of_a_student_resolve(resolved, system, python):
    found = names(resolved[python, system, ""])
    assert "torch" in found
    assert found - pinned() <= ONLY_THERE.get(system, set()), "every package has one exact version"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_pins_of_a_developer_resolve_where_ci_runs(resolved, python):
    found = names(resolved[python, "Linux on x86_64", "dev"])
    assert {"pytest", "ruff", "playwright", "myst-nb"} <= found
    assert found <= pinned(), "every package has one exact version"


def test_the_lower_bound_is_the_same_everywhere():
    bound = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert f"Python {bound} or newer" in (ROOT / "README.md").read_text()
    assert f"Python {bound} or newer" in (ROOT / "Makefile").read_text()
    assert PYTHONS[0].startswith(bound)
