"""The valley of lesson 03, in a real browser: what JavaScript walks is what Python walks."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from helper.interactive.descent import MIDDLE, STEPS, UNIT, descent, loss, path


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    opened = browser.new_context(offline=True).new_page()
    opened.set_default_timeout(5000)
    opened.set_content("<!doctype html>" + descent()._repr_html_())
    return opened


def move(page: Page, label: str, value: float) -> None:
    page.get_by_role("slider", name=label).fill(str(value))


def numbers(page: Page, name: str) -> list[float]:
    text = (page.locator(f'[data-name="{name}"]').text_content() or "").replace("−", "-")
    return [float(number) for number in re.findall(r"-?\d+\.\d+(?:e[+-]\d+)?", text)]


@pytest.mark.parametrize(
    ("lr", "start"),
    [(0.05, (-4.0, 1.0)), (0.2, (3.0, -1.5)), (0.215, (-4.8, 0.7)), (0.15, (1.2, 1.8))],
    ids=["slow", "edge", "divergent", "good"],
)
def test_the_path_ends_where_python_s_path_ends(page: Page, lr: float, start: tuple[float, float]) -> None:
    for label, value in (("Learning rate", lr), ("Start, w1", start[0]), ("Start, w2", start[1])):
        move(page, label, value)
    end = path(lr, start)[-1]
    assert numbers(page, "end") == pytest.approx(end, abs=0.00051)
    assert numbers(page, "loss") == pytest.approx([loss(end)], rel=0.05, abs=0.00051)
    assert numbers(page, "factors") == pytest.approx([1 - lr, 1 - 10 * lr], abs=0.00051)


def test_dragging_the_start_moves_the_path(page: Page) -> None:
    move(page, "Learning rate", 0.1)
    handle = page.locator('[data-name="start"]')
    handle.scroll_into_view_if_needed()
    box = page.locator(".course-figure svg").bounding_box()
    here = handle.bounding_box()
    assert box
    assert here
    scale = box["width"] / 760
    page.mouse.move(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + scale * (MIDDLE[0] + 2 * UNIT), box["y"] + scale * (MIDDLE[1] - 0.5 * UNIT))
    page.mouse.up()
    expect(page.get_by_role("slider", name="Start, w1")).to_have_value("2")
    expect(page.get_by_role("slider", name="Start, w2")).to_have_value("0.5")
    assert numbers(page, "end")[0] == pytest.approx(path(0.1, (2.0, 0.5))[-1][0], abs=0.00051)


def test_the_still_picture_shows_the_same_path_and_every_build_the_same_bytes() -> None:
    assert descent(lr=0.1).page == descent(lr=0.1).page
    end = path(0.05, (-4.0, 1.0))[-1]
    assert len(path(0.05, (-4.0, 1.0))) == STEPS + 1
    assert f"({end[0]:.2f}, {end[1]:.2f})" in repr(descent())
