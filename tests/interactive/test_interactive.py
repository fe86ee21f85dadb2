"""The frame of the figures that move, and the line of lesson 01, in a real browser."""

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect
from torch.nn.functional import l1_loss, mse_loss

from helper.interactive import Figure, button, figure, shown, slider
from helper.interactive.line import POINTS, best_mae_line, best_mse_line, line, losses, moved

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect id="@@box" data-name="box" width="5"/></svg>'
GROW = """
$("grow").addEventListener("click", () => { $("count").textContent = `${++clicks} of ${data.most}`; });
let clicks = 0;
"""


def counter(most: float = 3, script: str = GROW) -> Figure:
    controls = button("grow", "Grow") + shown("count", "Clicked")
    return figure(svg=SVG, script=script, data={"most": most}, alt='A "box" <small>', controls=controls)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(offline=True)
    context.set_default_timeout(5000)
    yield context.new_page()
    context.close()


def show(page: Page, *figures: Figure) -> list[str]:
    """Put figures on a page and return the list that its errors will go to."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    page.on("request", lambda request: errors.append(request.url))
    page.set_content("<!doctype html>" + "".join(shown._repr_html_() for shown in figures))
    return [error for error in errors if not error.startswith("data:")]


def slider_of(page: Page, label: str) -> Locator:
    return page.get_by_role("slider", name=label)


def move(page: Page, label: str, value: float) -> None:
    slider_of(page, label).fill(str(value))


def numbers(page: Page) -> tuple[float, float]:
    mse, mae = (page.locator(f'[data-name="{name}"]').text_content() for name in ("mse", "mae"))
    return float(mse or "nan"), float(mae or "nan")


def test_equal_arguments_give_equal_bytes_and_other_arguments_another_name() -> None:
    assert counter().page == counter().page
    assert counter().page.split("\n")[0] != counter(4).page.split("\n")[0]


def test_the_last_digits_of_a_float_do_not_reach_the_page() -> None:
    assert counter(0.1 + 0.2).page == counter(0.3).page


def test_no_mark_is_left_and_text_cannot_end_the_script() -> None:
    page = counter().page
    assert "@@" not in page
    assert page.count("</script>") == 1
    assert page.count('A "box" <small>') == 0


def test_a_script_that_would_end_too_early_is_refused() -> None:
    with pytest.raises(ValueError, match="end too early"):
        counter(script="/* </SCRIPT> */")


def test_a_drawing_that_is_no_picture_by_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="add xmlns"):
        figure(svg="<svg></svg>", script="", data={}, alt="nothing")


def test_outside_a_notebook_a_figure_is_its_alt_text() -> None:
    assert repr(counter()) == 'Interactive figure: A "box" <small>'


def test_figures_on_one_page_do_not_disturb_each_other(page: Page) -> None:
    assert show(page, counter(), counter(), counter(9)) == []
    for place in (0, 1, 1, 2):
        page.get_by_role("button", name="Grow").nth(place).click()
    counts = page.locator('[data-name="count"]').all_text_contents()
    assert counts == ["1 of 3", "2 of 3", "1 of 9"]
    assert page.locator("img:visible").count() == 0


def test_without_scripts_the_still_picture_is_there_and_nothing_that_cannot_move(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    show(page, line())
    picture = page.get_by_role("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.naturalWidth && picture.clientWidth") == 720
    assert "Mean squared error 3.08" in (picture.get_attribute("alt") or "")
    assert page.get_by_role("slider").count() == page.get_by_role("button").count() == 0
    context.close()


def test_a_script_that_throws_leaves_the_still_picture(page: Page) -> None:
    show(page, counter(script="missing.part = 1;"))
    expect(page.get_by_role("img")).to_be_visible()
    assert page.get_by_role("button").count() == 0


def test_moving_the_line_shows_the_losses_that_torch_computes(page: Page) -> None:
    assert show(page, line()) == []
    x, y = torch.tensor(POINTS).T
    for slope, intercept in ((0.1, 5.0), (-0.5, 4.25), (1.2, -0.4)):
        move(page, "Slope", slope)
        move(page, "Intercept", intercept)
        fit = slope * x + intercept
        assert numbers(page) == pytest.approx((mse_loss(fit, y).item(), l1_loss(fit, y).item()), abs=0.00501)


def test_the_line_can_be_moved_with_the_keyboard_alone(page: Page) -> None:
    show(page, line())
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert slider_of(page, "Slope").input_value() == "0.11"
    # In JupyterLab, an element without this would lose its arrow keys to the notebook.
    assert slider_of(page, "Slope").get_attribute("data-lm-suppress-shortcuts") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert numbers(page) == pytest.approx(losses(POINTS, 0.11, 4.99), abs=0.00501)


def test_what_moved_is_said_once_in_one_sentence_with_its_names(page: Page) -> None:
    show(page, line())
    voice = page.get_by_role("status").filter(has_text="Mean squared error")
    expect(voice).to_have_count(0)
    move(page, "Slope", 0.2)
    expect(voice).to_have_count(1)
    mse, mae = numbers(page)
    expect(voice).to_have_text(f"Mean squared error {mse:.2f}, mean absolute error {mae:.2f}")
    assert voice.evaluate("voice => voice.clientWidth") == 1
    assert page.locator('[aria-live="polite"]').count() == 0  # nothing else speaks in between


def test_dragging_a_handle_lifts_the_line(page: Page) -> None:
    show(page, line())
    handle = page.locator('[data-name="lift"]')
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    unit = page.locator("svg").evaluate("svg => svg.getScreenCTM().a") * 40
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 2 * unit)
    page.mouse.up()
    assert float(slider_of(page, "Intercept").input_value()) == pytest.approx(3, abs=0.03)


def test_the_buttons_go_to_the_best_line_with_and_without_the_outlier(page: Page) -> None:
    show(page, line())
    for points in (POINTS, moved()):
        for name, best in (("MSE", best_mse_line), ("MAE", best_mae_line)):
            page.get_by_role("button", name=f"Best line for {name}").click()
            assert numbers(page) == pytest.approx(losses(points, *best(points)), abs=0.02)
        page.locator('[data-name="outlier"]').click()


def test_no_line_nearby_is_better_than_the_best_ones() -> None:
    for points in (POINTS, moved()):
        for place, best in ((0, best_mse_line(points)), (1, best_mae_line(points))):
            lowest = losses(points, *best)[place]
            around = [(best[0] + i / 20, best[1] + j / 10) for i in range(-20, 21) for j in range(-20, 21)]
            assert all(losses(points, *other)[place] >= lowest - 1e-9 for other in around)


def test_a_slider_says_what_it_is_and_where_it_starts() -> None:
    made = slider("lr", "Learning rate < 1", 0, 1, value=0.25, step=0.05)
    assert "Learning rate &lt; 1" in made
    assert 'min="0" max="1" step="0.05" value="0.25"' in made
