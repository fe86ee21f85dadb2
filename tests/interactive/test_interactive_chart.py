"""The chart of lesson 11, in a real browser: tests appear when they are ordered, the diagnosis when it is asked for."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from helper.fixtures.patients import FAULTS, ward
from helper.interactive.chart import TESTS, chart


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(offline=True)
    context.set_default_timeout(5000)
    page = context.new_page()
    page.set_content("<!doctype html>" + chart(ward())._repr_html_())
    yield page
    context.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def text(page: Page, name: str) -> str:
    return page.locator(f'[data-name="{name}"]').text_content() or ""


def dots(page: Page) -> int:
    return page.locator('circle[data-name][visibility="visible"]').count()


def test_a_chart_begins_empty_and_shows_what_is_ordered(page: Page) -> None:
    assert dots(page) == 0
    press(page, "spread of the pixels")
    assert dots(page) == 1
    assert text(page, "value0")
    assert text(page, "count") == "1 test ordered"


def test_each_patient_has_a_chart_of_its_own(page: Page) -> None:
    press(page, "leak between images")
    press(page, "patient ▶")
    assert text(page, "who") == "patient B"
    assert dots(page) == 0
    press(page, "◀ patient")
    assert dots(page) == 1


def test_the_diagnosis_comes_only_when_it_is_asked_for(page: Page) -> None:
    assert text(page, "words") == ""
    told = set()
    for _ in FAULTS:
        press(page, "Diagnosis")
        told.add(text(page, "words").split(":")[0])
        press(page, "patient ▶")
    assert told == set(FAULTS)


def test_a_sound_patient_has_no_number_outside_its_range_and_every_other_has_one() -> None:
    for number in range(6):
        for fault, signs in ward(number).items():
            strange = [
                test.name for test in TESTS if not test.normal[0] <= test.read(signs) <= test.normal[1]
            ]
            assert bool(strange) == (fault != "nothing"), (number, fault, strange)


def test_without_scripts_a_whole_chart_is_seen(browser: Browser) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.set_content("<!doctype html>" + chart(ward())._repr_html_())
    assert "dead units" in (page.locator("img").get_attribute("alt") or "")
    context.close()


def test_no_patients_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one chart"):
        chart({})


def test_equal_patients_give_equal_bytes() -> None:
    assert chart(ward()).page == chart(ward()).page
