"""The student's desk in a real JupyterLab and a real browser: from the start page to what is handed in.

Screenshots of what a student sees are written where COURSE_SCREENSHOTS says, to be looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT
from playwright.sync_api import Browser, Locator, Page, expect

STEMS = ("00_start_here", "01_loss")
WRONG = "def average(values):\n    return values.sum()"
RIGHT = "def average(values):\n    return values.sum() / len(values)"
PATIENCE = 120_000  # ms: a kernel that imports torch on a busy machine


@dataclass(frozen=True)
class Lab:
    """A running `course lab`. url: with its token; root: the course folder; said: what the server wrote."""

    url: str
    root: Path
    said: Path

    def page(self, browser: Browser, stem: str = "", *, width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1000})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        base, token = re.split(r"/lab\S*\?", self.url)
        page.goto(f"{base}/lab/tree/{stem}/{stem}.ipynb?{token}&reset" if stem else self.url)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.get_by_text(re.compile("Python 3.*Idle")).first.wait_for()
        return page


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("desk") / "course"
    (root / "solutions").mkdir(parents=True)
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    shutil.copyfile(ROOT / "constraints.txt", root / "constraints.txt")
    for stem in STEMS:
        shutil.copytree(ROOT / "notebooks" / stem, root / "notebooks" / stem)
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Cells out of sight stay in the page, so that they can be found; nothing else is changed.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "HOME": str(home),
    }
    said = home / "said.txt"
    with said.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "helper.cli", "lab", "--no-browser"],
            cwd=root,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Lab(_url(server, said), root, said)
    finally:
        server.terminate()
        server.wait(30)


def _url(server: subprocess.Popen[bytes], said: Path) -> str:
    """Wait for the address that the lab prints, and return it."""
    for _ in range(600):
        found = re.search(r"http://localhost\S*token=\w+", said.read_text())
        if found:
            return found[0]
        assert server.poll() is None, said.read_text()
        time.sleep(0.1)
    raise AssertionError(said.read_text())


@pytest.fixture
def page(lab: Lab, browser: Browser) -> Iterator[Page]:
    """Return the start page as released, in a kernel that has run nothing."""
    fresh = lab.root / "notebooks" / STEMS[0] / f"{STEMS[0]}.ipynb"
    shutil.copyfile(fresh, lab.root / "work" / STEMS[0] / fresh.name)
    page = lab.page(browser, STEMS[0])
    yield page
    page.context.close()


def seen(page: Page, name: str) -> None:
    """Take a picture of what a student sees, if somebody wants to look at it."""
    folder = os.environ.get("COURSE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


def cell(page: Page, text: str) -> Locator:
    return page.locator(".jp-CodeCell", has=page.locator(".cm-content", has_text=text)).first


def run(page: Page, text: str) -> Locator:
    """Run the cell that contains a text, wait until it has run, and return it."""
    found = cell(page, text)
    found.scroll_into_view_if_needed()
    found.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(found.locator(".jp-InputPrompt").first).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
    return found


def write(page: Page, text: str, new: str) -> None:
    cell(page, text).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(new)


def checked(page: Page, answer: str) -> Locator:
    """Write an answer for the exercise of the start page, run it and its check, and return the check's cell."""
    run(page, "import torch")
    write(page, "def average", answer)
    run(page, "def average")
    found = run(page, '@check("average")')
    found.locator('[role="status"]').wait_for()
    return found


def test_the_start_page_is_open_without_instructors_tools_and_warnings(lab: Lab, browser: Browser) -> None:
    page = lab.page(browser)
    expect(page.get_by_role("tab", name=STEMS[0])).to_be_visible()
    expect(page.get_by_role("heading", name="Start here")).to_be_visible()
    for tool in ("Create Assignment", "Formgrader", "Assignment List", "Course List"):
        expect(page.get_by_text(tool)).to_have_count(0)
    expect(page.get_by_role("menuitem", name="Nbgrader")).to_have_count(0)
    expect(page.get_by_role("button", name="Validate")).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    said = lab.said.read_text()
    assert not re.search(r"\[[WE] |Traceback|WARNING|ERROR", said), said
    seen(page, "start")
    page.context.close()


def test_a_bar_leads_to_the_next_lesson_and_back(page: Page) -> None:
    page.get_by_role("link", name=re.compile("1 · loss")).first.click()
    expect(page.get_by_role("tab", name=STEMS[1])).to_be_visible()
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").get_by_role(
        "link", name="All lessons"
    ).first.click()
    expect(page.get_by_role("heading", name="Start here")).to_be_visible()


def test_the_start_page_examines_the_installation_and_links_the_lessons(page: Page) -> None:
    run(page, "import torch")
    expect(run(page, "examine()").get_by_text("Everything is in order.")).to_be_visible()
    expect(run(page, "lessons()").get_by_role("link", name="1 · loss")).to_be_visible()


def test_a_mistake_is_told_then_the_right_answer_and_others_to_compare(page: Page) -> None:
    panel = checked(page, WRONG)
    expect(panel).to_contain_text("You added the numbers up.")
    expect(panel).to_contain_text("came")
    seen(page, "wrong")
    panel = checked(page, RIGHT)
    expect(panel).to_contain_text("✓ Right")
    expect(panel.get_by_text("a loop")).to_be_hidden()
    panel.locator("summary", has_text="Compare your answer").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_text("a loop")).to_be_visible()
    seen(page, "right")


def test_validate_reports_no_success_on_an_untouched_notebook(page: Page) -> None:
    page.get_by_role("button", name="Validate").click()
    dialog = (
        page.locator(".jp-Dialog, .validate, dialog")
        .filter(has_text=re.compile("Not attempted|Success"))
        .first
    )
    dialog.wait_for()
    expect(dialog).to_contain_text("Not attempted: average")
    expect(dialog).not_to_contain_text("Success")
    seen(page, "validate")


def test_a_restart_loses_no_progress_and_a_notebook_can_ask_for_it(lab: Lab, page: Page) -> None:
    checked(page, RIGHT)
    progress = lab.root / "work" / STEMS[0] / "progress.json"
    assert json.loads(progress.read_text())["average"]["verdict"] == "right"
    page.get_by_role("button", name="Restart the kernel").first.click()
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    page.get_by_text(re.compile("Python 3.*Idle")).first.wait_for()
    run(page, "import torch")
    expect(run(page, '@check("average")')).to_contain_text("Not attempted")
    assert json.loads(progress.read_text())["average"]["opens"]
    write(page, "lessons()", "!course progress")
    expect(run(page, "!course progress")).to_contain_text(re.compile("of 20 points"))


def test_handing_in_from_a_notebook_says_what_to_hand_in(lab: Lab, page: Page) -> None:
    write(page, "lessons()", "!course submit 1")
    expect(run(page, "!course submit 1")).to_contain_text(
        "Would be marked: 0 of 20 points", timeout=4 * PATIENCE
    )
    assert (lab.root / "hand_in" / f"{STEMS[1]}.ipynb").exists()


CONTRAST = """panel => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    if (!walker.currentNode.data.trim()) continue;
    const element = walker.currentNode.parentElement;
    const pair = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    found.push([(pair[0] + 0.05) / (pair[1] + 0.05), walker.currentNode.data.trim()]);
  }
  return found;
}"""


def contrasts(panel: Locator) -> list[tuple[float, str]]:
    panel.locator("details").evaluate_all("all => all.forEach(item => item.open = true)")
    found = panel.locator(".jp-OutputArea-output").first.evaluate(CONTRAST)
    assert len(found) > 5
    return [(ratio, text) for ratio, text in found]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_every_word_of_the_panel_can_be_read_in_light_and_dark(page: Page, theme: str) -> None:
    page.get_by_role("menuitem", name="Settings").click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).hover()
    page.locator(".lm-Menu-itemLabel").get_by_text(theme, exact=True).click()
    page.wait_for_function(
        "dark => document.body.dataset.jpThemeLight === String(!dark)", arg="Dark" in theme
    )
    for answer in (WRONG, RIGHT):
        panel = checked(page, answer)
        assert [item for item in contrasts(panel) if item[0] < 4.5] == []
        panel.scroll_into_view_if_needed()
        seen(page, f"{'dark' if 'Dark' in theme else 'light'}-{'right' if answer is RIGHT else 'wrong'}")


def test_in_a_narrow_window_nothing_of_the_panel_is_cut_off(lab: Lab, browser: Browser) -> None:
    page = lab.page(browser, STEMS[0], width=420)
    page.keyboard.press("Control+B")  # the file list away
    panel = checked(page, WRONG)
    output = panel.locator(".jp-OutputArea-output").first
    wide = output.evaluate(
        "output => [...output.querySelectorAll('div, li, summary')].filter(part => "
        "part.scrollWidth > part.clientWidth + 1 "
        "&& getComputedStyle(part).display !== 'inline').map(part => part.textContent)"
    )
    assert wide == []
    panel.scroll_into_view_if_needed()
    seen(page, "narrow")
    page.context.close()


def test_a_figure_moves_by_keyboard_and_mouse_and_jupyterlab_takes_no_key(lab: Lab, browser: Browser) -> None:
    page = lab.page(browser, STEMS[1])
    run(page, "from helper import check, data, plot")
    figure = run(page, "line()")
    slope = figure.get_by_role("slider", name="Slope")
    slope.focus()
    before = figure.locator('[data-name="mse"]').text_content()
    cells = page.locator(".jp-Cell").count()
    for key in ("ArrowRight", "ArrowRight", "a", "b", "x"):  # in JupyterLab: the cell above, below, cut
        page.keyboard.press(key)
    assert slope.input_value() == "0.12"
    assert figure.locator('[data-name="mse"]').text_content() != before
    assert page.locator(".jp-Cell").count() == cells
    expect(figure.locator(".voice")).to_contain_text("Mean squared error")
    handle = figure.locator('[data-name="lift"]')
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 60, steps=5)
    page.mouse.up()
    assert float(figure.get_by_role("slider", name="Intercept").input_value()) < 4.9
    seen(page, "figure")
    page.context.close()


def test_a_long_check_is_a_bar_that_names_it_runs_as_it_is_and_unfolds(lab: Lab, browser: Browser) -> None:
    page = lab.page(browser, STEMS[1])
    run(page, "from helper import check, data, plot")
    bar = page.locator(".jp-Placeholder", has_text='@check("mse_loss")')
    folded = page.locator(".jp-CodeCell", has=bar)
    expect(folded.get_by_text("shapes that differ")).to_be_hidden()
    cell(page, "def mse_loss").locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")  # the answer, and on to the check
    page.keyboard.press("Control+Enter")
    expect(folded.locator('[role="status"]')).to_contain_text("Not attempted", timeout=PATIENCE)
    expect(bar).to_be_visible()
    seen(page, "folded")
    bar.click()
    expect(cell(page, '@check("mse_loss")').locator(".cm-content")).to_contain_text("shapes that differ")
    page.context.close()


def test_notebook_7_shows_the_same(lab: Lab, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    base, token = re.split(r"/lab\S*\?", lab.url)
    page.goto(f"{base}/notebooks/{STEMS[0]}/{STEMS[0]}.ipynb?{token}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    panel = checked(page, WRONG)
    expect(panel).to_contain_text("You added the numbers up.")
    seen(page, "notebook-7")
    context.close()


def serious(page: Page, where: str) -> list[str]:
    """Return what axe-core finds that keeps somebody out, inside a part of the page."""
    found = Axe().run(page, context=where).response["violations"]
    return [
        f"{item['id']}: {node['html'][:200]}"
        for item in found
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


def test_axe_finds_nothing_serious_in_what_a_lesson_shows(page: Page) -> None:
    for answer in (WRONG, RIGHT):
        panel = checked(page, answer)
        panel.locator("details").evaluate_all("all => all.forEach(item => item.open = true)")
        assert serious(page, ".jp-OutputArea-output") == []
    run(page, "lessons()")
    assert serious(page, ".jp-OutputArea-output") == []
    assert serious(page, ".jp-RenderedMarkdown") == []
