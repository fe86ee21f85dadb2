"""The graph of lesson 04, in a real browser: its steps, its numbers, and what is left without scripts."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page

from helper.interactive import graph as module
from helper.interactive.graph import graph, numbers


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(offline=True)
    context.set_default_timeout(5000)
    page = context.new_page()
    page.set_content("<!doctype html>" + graph()._repr_html_())
    yield page
    context.close()


def press(page: Page, name: str, times: int = 1) -> None:
    for _ in range(times):
        page.get_by_role("button", name=name).click()


def visible(page: Page) -> set[str]:
    """Return the names of the values and gradients that can be seen."""
    return {name for name in numbers() if value(page, name).get_attribute("visibility") == "visible"}


def value(page: Page, name: str) -> Locator:
    return page.locator(f'g[data-name="{name}"]')


def test_its_gradients_are_those_of_autograd() -> None:
    leaves = {
        name: torch.tensor(getattr(module, name), dtype=torch.float64) for name in ("W1", "B1", "W2", "B2")
    }
    for leaf in leaves.values():
        leaf.requires_grad_()
    l1 = leaves["W1"] * module.X + leaves["B1"]
    s = torch.sigmoid(l1)
    l2 = leaves["W2"] * s + leaves["B2"]
    loss = (l2 - module.Y) ** 2
    found = torch.autograd.grad(loss, [l1, s, l2, *leaves.values()])
    names = ("dL1", "dS", "dL2", "dW1", "db1", "dW2", "db2")
    assert numbers()["loss"] == pytest.approx(loss.item())
    assert {name: numbers()[name] for name in names} == pytest.approx(
        {name: slope.item() for name, slope in zip(names, found, strict=True)}
    )


def test_values_come_forwards_and_gradients_after_them_backwards(page: Page) -> None:
    seen = [visible(page)]
    for _ in numbers():
        press(page, "Next step")
        seen.append(visible(page))
    new = [after - before for before, after in pairwise(seen)]
    assert seen[0] == set()
    assert new == [{name} for name in numbers()]
    assert page.get_by_role("button", name="Next step").is_disabled()


def test_one_back_and_start_again_take_back_what_was_shown(page: Page) -> None:
    press(page, "Next step", 3)
    press(page, "One back")
    assert visible(page) == {"L1", "S"}
    press(page, "Show all")
    assert visible(page) == set(numbers())
    press(page, "Start again")
    assert visible(page) == set()


def test_the_sentence_tells_the_step_with_its_numbers(page: Page) -> None:
    press(page, "Next step", 9)
    assert page.locator('[data-name="says"]').text_content() == "dS = dL2 · W2 = −3.467 · (−1.5) = 5.201"
    assert page.locator('[data-name="number"]').text_content() == "step 9 of 12"


def test_the_still_picture_and_its_text_hold_every_number(page: Page) -> None:
    alt = page.locator("img").get_attribute("alt") or ""
    assert all(f"{name} = " in alt for name in numbers())
    assert "hidden" not in module._drawing("")
