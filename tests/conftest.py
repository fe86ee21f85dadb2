"""What several tests share: the miniature course, copied so that a test may change it, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper.course import Course

ROOT = Path(__file__).parent.parent
MINI = Path(__file__).parent / "mini"


# Folders and files whose tests need a browser, a sandbox, a database, a built course or much time.
SLOW = ("sandbox", "running", "grading", "nbgrading", "hostile", "interactive", "authoring/test_build.py",
        "authoring/test_new.py", "site", "course/test_graders.py", "course/test_installation.py",
        "course/test_example_class.py", "commands", "elsewhere", "desk/test_in_jupyterlab.py", "desk/test_update.py",
        "desk/test_review.py", "checking/test_under_nbgrader.py", "plot/test_alt.py")  # fmt: skip


# Files that take longest, though some have few tests: they come first, so that no processor waits for them at the end.
LONGEST = ("grading/test_large.py", "grading/test_hosts.py", "grading/test_recipes.py", "hostile", "running", "sandbox",
           "course", "grading", "site")  # fmt: skip


def _when(item: pytest.Item) -> int:
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    return next((number for number, start in enumerate(LONGEST) if place.startswith(start)), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_when)
    for item in items:
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        if place.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def mini(tmp_path: Path) -> Course:
    """Return a copy of the miniature course, not built."""
    root = tmp_path / "course"
    shutil.copytree(MINI, root, ignore=shutil.ignore_patterns("notebooks", "01_mean", ".build-*"))
    return Course(root)


@pytest.fixture(scope="session")
def built_mini(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a copy of the miniature course, built once; do not change it."""
    from helper.authoring.build import build

    root = tmp_path_factory.mktemp("built") / "course"
    shutil.copytree(MINI, root, ignore=shutil.ignore_patterns("notebooks", "01_mean", ".build-*"))
    assert build(Course(root), "01_mean") == []
    return Course(root)


@pytest.fixture
def course(built_mini: Course, tmp_path: Path) -> Course:
    """Return a copy of the built miniature course that a test may change."""
    root = tmp_path / "course"
    shutil.copytree(built_mini.root, root)
    return Course(root)


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Path]:
    """Run a test in an empty working folder."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Return a headless Chromium, the system's or the one that `playwright install chromium` brought.

    Not for the whole session: while it is open, an event loop counts as running, and other tests start their own.
    """
    from helper.site.browser import open_browser

    with open_browser() as opened:
        if opened is None:
            pytest.fail("No browser: install Chromium, or run .venv/bin/playwright install chromium.")
        yield opened
