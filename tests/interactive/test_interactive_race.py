"""The race of lesson 09, in a real browser: what JavaScript walks is what Python and PyTorch walk."""

import re
from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from helper.interactive.race import ALPHA, BETA2, CURVATURES, FALLEN, NAMES, START, STEPS, loss, path, race

SETTINGS = [(0.03, 0.1, 0.9), (0.1, 1.0, 0.9), (0.2, 0.3, 0.99), (0.05, 0.02, 0.0)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(offline=True, reduced_motion="reduce")
    opened = context.new_page()
    opened.set_default_timeout(5000)
    opened.set_content("<!doctype html>" + race()._repr_html_())
    yield opened
    context.close()


def move(page: Page, lr: float, adaptive: float, mu: float) -> None:
    for label, value in (
        ("Rate (descent, momentum)", lr),
        ("Rate (RMSprop, Adam)", adaptive),
        ("Momentum", mu),
    ):
        page.get_by_role("slider", name=label, exact=True).fill(str(value))


def fates(page: Page) -> list[str]:
    texts = (page.locator(f'[data-name="loss{number}"]').text_content() for number in range(len(NAMES)))
    return [(text or "").replace("−", "-") for text in texts]


def expected(points: list[tuple[float, float]], turned: bool) -> tuple[str, float]:
    last = loss(points[-1], turned)
    return ("fallen at step", len(points) - 1) if last > FALLEN else ("loss", last)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_optimiser_ends_where_pythons_ends(
    page: Page, setting: tuple[float, float, float], turned: bool
) -> None:
    move(page, *setting)
    if turned:
        page.get_by_role("button", name="Turn").click()
    for name, fate in zip(NAMES, fates(page), strict=True):
        words, number = expected(path(name, *setting, turned=turned), turned)
        assert fate.startswith(words)
        assert float(re.findall(r"[\d.]+(?:e[+-]\d+)?", fate)[0]) == pytest.approx(
            number, rel=0.051, abs=1e-30
        )


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("turned", [False, True])
def test_pythons_paths_are_those_of_torch_optim(setting: tuple[float, float, float], turned: bool) -> None:
    lr, adaptive, mu = setting
    makers = {
        "gradient descent": lambda params: torch.optim.SGD(params, lr=lr),
        "momentum": lambda params: torch.optim.SGD(params, lr=lr, momentum=mu),
        "RMSprop": lambda params: torch.optim.RMSprop(params, lr=adaptive, alpha=ALPHA),
        "Adam": lambda params: torch.optim.Adam(params, lr=adaptive, betas=(mu, BETA2)),
    }
    half = 0.5**0.5
    turning = torch.tensor(
        [[half, -half], [half, half]] if turned else [[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64
    )
    curvatures = torch.tensor(CURVATURES, dtype=torch.float64)
    for name, make in makers.items():
        ours = path(name, lr, adaptive, mu, turned=turned)
        w = (turning @ torch.tensor(START, dtype=torch.float64)).requires_grad_()
        optimizer = make([w])
        for point in ours[1:]:
            optimizer.zero_grad()
            ((turning.T @ w).square() * curvatures).sum().div(2).backward()
            optimizer.step()
            assert w.tolist() == pytest.approx(point, rel=1e-6, abs=1e-9), name


def test_the_step_of_the_fall_is_marked_on_the_map_and_on_the_curve(page: Page) -> None:
    for mark in ("fall0", "crash0"):
        assert page.locator(f'[data-name="{mark}"]').get_attribute("visibility") == "hidden"
    move(page, 0.1, 0.1, 0.9)
    for mark in ("fall0", "crash0"):
        assert page.locator(f'[data-name="{mark}"]').get_attribute("visibility") == "visible"
    assert fates(page)[0] == f"fallen at step {len(path('gradient descent', 0.1, 0.1, 0.9)) - 1}"
    page.get_by_role("slider", name="Steps").fill("2")
    assert page.locator('[data-name="crash0"]').get_attribute("visibility") == "hidden"


def test_the_race_can_be_run_and_moved_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider", name="Rate (descent").input_value() == "0.035"
    words, number = expected(path("gradient descent", 0.035, 0.1, 0.9), False)
    assert fates(page)[0].startswith(words)
    assert float(fates(page)[0].split()[-1]) == pytest.approx(number, rel=0.051)
    steps = page.get_by_role("slider", name="Steps")
    steps.fill("0")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Race").press("Enter")
    expect(steps).to_have_value(str(STEPS))


def test_without_reduced_motion_the_race_runs_by_itself_to_the_end(browser: Browser) -> None:
    context = browser.new_context(offline=True)
    opened = context.new_page()
    opened.clock.install()
    opened.set_content("<!doctype html>" + race()._repr_html_())
    steps = opened.get_by_role("slider", name="Steps")
    opened.get_by_role("button", name="Race").click()
    expect(steps).to_have_value("0")
    opened.clock.run_for(80 * STEPS + 1000)
    expect(steps).to_have_value(str(STEPS))
    context.close()


def test_the_lowest_of_those_still_standing_is_named(page: Page) -> None:
    expect(page.locator('[data-name="lowest"]')).to_have_text("RMSprop")
    move(page, 0.03, 1.0, 0.9)  # RMSprop falls in its first step
    expect(page.locator('[data-name="lowest"]')).to_have_text("Adam")


def test_the_still_picture_says_what_it_shows_and_every_build_gives_the_same_bytes() -> None:
    assert race().page == race().page
    for name in NAMES:
        assert name in repr(race())
    assert "fallen at step" in repr(race(lr=0.1))
