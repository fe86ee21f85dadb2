"""The whole site, built once from what lies in notebooks/: its pages, read as files and in a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, expect

from helper.bench.site import LARGEST, size_of
from helper.course import Course
from helper.lessons import lesson as lessons
from helper.site.build import build_site, outer_links
from helper.site.pictures import address, html_pages

ROOT = Path(__file__).parent.parent.parent
COURSE = Course(ROOT)
STEMS = lessons.stems(COURSE.solutions)
# Most of a lesson is code and formulas, and to look at the colour of each word takes minutes: one of a kind stays.
ONE_OF_A_KIND = """() => {
  const seen = new Set();
  for (const part of document.querySelectorAll(".highlight span[class], math")) {
    const around = part.closest(".highlight")?.parentElement.className ?? part.parentElement.tagName;
    const kind = `${part.tagName} ${part.className} in ${around}`;
    if (seen.has(kind)) part.remove();
    seen.add(kind);
  }
}"""
# What has the focus; the page itself has it after the last thing.
WHERE = """() => {
  const places = {
    "skip": "#pst-skip-link *", "search": ".search-button-field", "lessons": ".bd-links a",
    "theme": ".theme-switch-button", "hint": "article summary", "figure": ".course-figure button",
    "neighbours": ".prev-next-footer a", "the end": "body",
  };
  return Object.keys(places).find(name => document.activeElement.matches(places[name]));
}"""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site."""
    return build_site(COURSE, STEMS, tmp_path_factory.mktemp("build") / "site").parent


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(offline=True)
    context.set_default_timeout(10_000)
    yield context
    context.close()


class Parts(HTMLParser):
    """What a page links to, what it loads, and the names its own anchors have."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loaded = given.get("src") or (given.get("href") if tag == "link" else "")
        if loaded and not loaded.startswith("data:"):
            self.loads.append(loaded)


def words_of(page: str) -> str:
    """Return a page's text as it is read: without markup, every gap one blank."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", bare)).split())


def solution_lines() -> set[str]:
    """Return each line of a reference solution that students do not get with their notebooks anyway."""
    lines: set[str] = set()
    for stem in STEMS:
        lesson = lessons.read(COURSE.solutions, stem)
        for cell in lesson.exercises.values():
            for solution in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.S):
                lines |= {" ".join(line.split()) for line in solution.splitlines()}
    shown = "\n".join(" ".join(line.split()) for line in _released_text().splitlines())
    return {line for line in lines if len(line) > 12 and line not in shown}


def _released_text() -> str:
    import nbformat

    notebooks = [nbformat.read(COURSE.notebooks / stem / f"{stem}.ipynb", as_version=4) for stem in STEMS]
    return "\n".join(cell.source for notebook in notebooks for cell in notebook.cells)


def test_no_page_holds_a_line_of_a_solution(site: Path) -> None:
    lines = solution_lines()
    assert len(lines) > 20 * len(STEMS)
    found = [
        (page.relative_to(site).as_posix(), line)
        for page in [*html_pages(site), site / "searchindex.js"]
        for text in [words_of(page.read_text(encoding="utf-8"))]
        for line in lines
        if line in text
    ]
    assert found == []


def test_a_solution_on_a_page_would_be_found(site: Path) -> None:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    for line in solution_lines():
        assert line in words_of(highlight(f"def f():\n    {line}\n", PythonLexer(), HtmlFormatter()))


def test_every_lesson_has_its_page_and_its_half_page_for_teachers(site: Path) -> None:
    for stem in STEMS:
        assert (site / stem / f"{stem}.html").exists()
        assert (site / stem / "teaching.html").exists()


def test_every_link_inside_the_site_leads_somewhere(site: Path) -> None:
    parts = {page.resolve(): Parts(page) for page in html_pages(site)}
    broken = []
    for page, found in parts.items():
        for link in found.links + found.loads:
            address = urlsplit(link)
            if address.scheme in ("http", "https", "mailto"):
                continue
            target = (page.parent / unquote(address.path)).resolve() if address.path else page
            if not target.is_file() or (
                address.fragment and target in parts and unquote(address.fragment) not in parts[target].names
            ):
                broken.append((page.name, link))
    assert broken == []


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    loads = [load for page in html_pages(site) for load in Parts(page).loads]
    assert len(loads) > 100
    assert [load for load in loads if urlsplit(load).netloc] == []
    for style in site.rglob("*.css"):
        assert not re.search(r"""(url\(|@import)\s*["']?(https?:)?//""", style.read_text(encoding="utf-8"))


def test_every_page_with_its_pictures_is_small(site: Path) -> None:
    sizes = [size_of(page) for page in html_pages(site)]
    assert max(sizes) < LARGEST
    assert max(sizes) > (site / "index.html").stat().st_size  # pictures count


def test_outer_links_are_listed_with_the_pages_that_have_them(site: Path) -> None:
    listed = dict(outer_links(site))
    assert all(address.startswith("http") for address in listed)
    assert f"{STEMS[0]}/{STEMS[0]}.html" in {page for found in listed.values() for page in found}


def test_every_picture_has_words(site: Path) -> None:
    for page in html_pages(site):
        for picture in re.findall(r"<img\b[^>]*>", page.read_text(encoding="utf-8")):
            assert re.search(r'alt="[^"]{8,}"', picture), (page, picture[:200])


def test_every_formula_and_every_word_of_code_is_drawn(site: Path) -> None:
    unseen = r"<(pre|code|script|style)\b.*?</\1>|<p style=.position:absolute.*?</p>"
    for page in html_pages(site):
        text = words_of(re.sub(unseen, " ", page.read_text(encoding="utf-8"), flags=re.S))
        assert re.findall(r"\$[^$]{1,80}\$|`[^`]{1,80}`|\*\*|attachment:", text) == [], page.name


def test_on_a_phone_no_page_is_wider_than_the_screen_and_nothing_goes_wrong(
    site: Path, context: BrowserContext
) -> None:
    wrong = []
    page = context.new_page()
    page.set_viewport_size(PHONE)
    page.on("pageerror", lambda error: wrong.append((page.url, str(error))))
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or wrong.append(asked.url))
    for path in html_pages(site):
        page.goto(path.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wrong.append(path.name)
    assert wrong == []


def test_axe_finds_nothing_serious_on_any_page_in_both_themes(site: Path, context: BrowserContext) -> None:
    found = []
    page = context.new_page()
    axe = AXE_FILE_PATH.read_text(encoding="utf-8")
    for path in html_pages(site):
        page.emulate_media(color_scheme="light")
        page.goto(address(path))
        page.add_style_tag(content="* { transition: none !important }")  # a colour on its way is no colour
        page.evaluate(ONE_OF_A_KIND)
        page.evaluate(axe)
        violations = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        page.emulate_media(color_scheme="dark")  # which changes colours and nothing else
        if path.parent.name != "slides":  # they are white
            expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            violations += page.evaluate(
                "axe.run({resultTypes: ['violations'], runOnly: ['color-contrast']})"
            )["violations"]
        for violation in violations:
            if violation["impact"] in ("serious", "critical"):
                found.append((path.name, violation["id"], violation["nodes"][0]["html"][:200]))
    assert found == []


def test_a_check_is_folded_and_says_what_it_expects(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "02_cross_entropy" / "02_cross_entropy.html").as_uri())
    fold = page.locator("details.check").filter(has_text="Check softmax")
    expect(fold.get_by_text("large scores", exact=False).first).to_be_hidden()
    fold.locator("summary").click()
    expect(fold.get_by_text("large scores (0.75 points)")).to_be_visible()
    expect(fold.locator("pre")).to_contain_text('@check("softmax")')
    exercise = page.locator(".tag_exercise").filter(has_text="def softmax(")
    expect(exercise).to_contain_text("raise NotImplementedError()")
    expect(page.get_by_text("exit_cliff = ...")).to_be_visible()


def test_a_figure_moves_on_its_page(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "07_training_loop" / "07_training_loop.html").as_uri())
    figure = page.locator(".course-figure").first
    expect(figure.locator("[data-name=curve-name]")).to_have_text("")
    figure.get_by_role("button", name="no backward").click()
    expect(figure.locator("[data-name=curve-name]")).to_have_text("no backward")


def test_every_lesson_has_slides_and_they_are_printed(site: Path) -> None:
    for stem in STEMS:
        deck = (site / "slides" / f"{stem}.html").read_text(encoding="utf-8")
        printed = (site / "slides" / f"{stem}.pdf").read_bytes()
        slides = len(re.findall(r"<h[12]\b", deck))
        assert slides == 1 + deck.count('class="question"') + deck.count("<img ") > 1
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == slides


def test_a_figure_moves_on_its_slide_and_its_buttons_are_seen(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "slides" / "07_training_loop.html").as_uri())
    figure = page.locator(".course-figure").first
    page.wait_for_function("Reveal.isReady()")
    page.evaluate("Reveal.slide(Reveal.getSlides().findIndex(one => one.querySelector('.course-figure')))")
    figure.get_by_role("button", name="no backward").click()
    expect(figure.locator("[data-name=curve-name]")).to_have_text("no backward")


def test_the_keyboard_reaches_everything_in_order(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "07_training_loop" / "07_training_loop.html").as_uri())
    reached: list[str] = []
    while not reached or reached[-1] != "the end":
        page.keyboard.press("Tab")
        place = page.evaluate(WHERE)
        if not place or place in reached:
            continue
        reached.append(place)
        if place == "theme":  # a menu; its third entry is the dark one
            for key in ("Enter", "Tab", "Tab", "Tab", "Enter"):
                page.keyboard.press(key)
            expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        if place == "figure":
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(page.locator(".course-figure [data-name=curve-name]").first).to_have_text("no next batch")
    assert reached == ["skip", "search", "lessons", "theme", "hint", "figure", "neighbours", "the end"]
    page.keyboard.press("Control+k")
    page.keyboard.type("saturation")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results li").first).to_contain_text("Cross-entropy")


def test_the_search_works_from_the_disk(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "search.html").as_uri() + "?q=saturation")
    expect(page.locator("#search-results li").first).to_contain_text("Cross-entropy")


def test_the_cheat_sheet_is_one_printed_page(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "cheat_sheet.html").as_uri())
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_on_paper_what_is_folded_is_open(site: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((site / "02_cross_entropy" / "02_cross_entropy.html").as_uri())
    page.emulate_media(media="print")
    expect(page.locator("details.check ul").first).to_be_visible()
