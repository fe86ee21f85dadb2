"""What people read of marks, in a real browser: axe-core finds nothing that keeps somebody out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class
from helper.grading.grade import grade
from helper.grading.workers import Workers

STUDENTS = 9  # of an example class: each shows one thing


@pytest.fixture(scope="module")
def pages(built_mini: Course, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the report of a small class and every page of feedback in it."""
    room = Classroom(tmp_path_factory.mktemp("class"), built_mini)
    write_class(room, STUDENTS)
    with Workers(1) as workers:
        grade(room, room.submitted, workers)
    return sorted(room.root.rglob("*.html"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_report_and_feedback(
    browser: Browser, pages: list[Path], scheme: str
) -> None:
    assert {"report.html", "01_mean.html"} <= {path.name for path in pages}
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    found = []
    for path in pages:
        page.goto(path.as_uri())
        page.locator("details").evaluate_all("all => all.forEach(item => item.open = true)")
        folder = os.environ.get("COURSE_SCREENSHOTS")
        if folder and path in (pages[0], pages[-1]):
            page.screenshot(path=f"{folder}/{path.stem}-{scheme}.png", full_page=True)
        for item in Axe().run(page).response["violations"]:
            if item["impact"] in ("serious", "critical"):
                found += [f"{path.name} {item['id']}: {node['html'][:200]}" for node in item["nodes"]]
    context.close()
    assert found == []
