"""The figure of lesson 08, in a real browser: what the sliders show is what Python measured."""

import pytest
from playwright.sync_api import Browser, Page, expect

from helper.interactive.generalization import HEIGHT, HIGHEST, TOP, generalization

UPDATES = [1, 10, 100]
# (loss, accuracy) on the own and on new images, at each of the three; every number occurs once.
RUNS = {
    (units, count): [
        (
            2.4 - 0.7 * step - units / 1000,
            0.1 + 0.3 * step + units / 1000,
            2.3 - 0.5 * step - count / 9000,
            0.2 * step + 0.1,
        )
        for step in range(3)
    ]
    for units in (4, 64)
    for count in (100, 500, 3000)
}


@pytest.fixture
def page(browser: Browser) -> Page:
    opened = browser.new_context(offline=True).new_page()
    opened.set_default_timeout(5000)
    opened.set_content("<!doctype html>" + generalization(UPDATES, RUNS)._repr_html_())
    return opened


def move(page: Page, label: str, value: int) -> None:
    page.get_by_role("slider", name=label).fill(str(value))


@pytest.mark.parametrize("chosen", [(0, 0, 0), (1, 2, 1), (0, 1, 2)], ids=["first", "middle", "last"])
def test_three_sliders_choose_the_run_and_the_moment(page: Page, chosen: tuple[int, int, int]) -> None:
    for label, place in zip(("Hidden units", "Training images", "Updates"), chosen, strict=True):
        move(page, label, place)
    units, count = (4, 64)[chosen[0]], (100, 500, 3000)[chosen[1]]
    own_loss, own_share, new_loss, new_share = RUNS[units, count][chosen[2]]
    words = page.locator('[data-name="words"]')
    expect(words).to_contain_text(f"own images {own_loss:.2f}, on new ones {new_loss:.2f}.")
    expect(page.locator('[data-name="own-share"]')).to_have_text(f"{100 * own_share:.0f} %")
    expect(page.locator('[data-name="new-share"]')).to_have_text(f"{100 * new_share:.0f} %")
    height = float(page.locator('[data-name="own-dot"]').get_attribute("cy") or "nan")
    assert height == pytest.approx(TOP + HEIGHT - HEIGHT * own_loss / HIGHEST, abs=0.1)
    points = (page.locator('[data-name="new-until"]').get_attribute("points") or "").split()
    assert len(points) == chosen[2] + 1


def test_the_keyboard_moves_what_the_mouse_moves_and_says_the_number(page: Page) -> None:
    slider = page.get_by_role("slider", name="Training images")
    expect(slider).to_have_attribute("aria-valuetext", "500")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "3,000")
    expect(page.locator('[data-name="count-shown"]')).to_have_text("3,000")
    own_share, new_share = (RUNS[64, 3000][2][place] for place in (1, 3))
    spoken = page.locator(".voice")
    expect(spoken).to_contain_text(f"right on own images {100 * own_share:.0f} %")
    expect(spoken).to_contain_text(f"right on new images {100 * new_share:.0f} %")


def test_the_lowest_loss_so_far_comes_with_its_moment(browser: Browser) -> None:
    rising = {(4, 100): [(2.0, 0.1, 2.1, 0.1), (1.0, 0.5, 1.2, 0.4), (0.1, 1.0, 1.9, 0.4)]}
    page = browser.new_context(offline=True).new_page()
    page.set_content("<!doctype html>" + generalization(UPDATES, rising)._repr_html_())
    expect(page.locator('[data-name="words"]')).to_contain_text(
        "Lowest so far on new ones: 1.20, after 10 updates."
    )


def test_the_still_picture_shows_the_same_run_and_every_build_the_same_bytes() -> None:
    made = generalization(UPDATES, RUNS)
    assert made.page == generalization(UPDATES, dict(reversed(RUNS.items()))).page
    own_loss, own_share, new_loss, new_share = RUNS[64, 500][-1]
    for text in (
        f"{own_loss:.2f} on these",
        f"{new_loss:.2f} on new",
        f"{100 * own_share:.0f} and {100 * new_share:.0f}",
    ):
        assert text in repr(made)


def test_runs_with_a_gap_or_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="leave gaps"):
        generalization(UPDATES, {pair: run for pair, run in RUNS.items() if pair != (4, 500)})
    with pytest.raises(ValueError, match="leave gaps"):
        generalization(UPDATES, {})
    with pytest.raises(ValueError, match="needs 2 measurements"):
        generalization(UPDATES[:2], RUNS)
