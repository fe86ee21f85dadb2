"""Draw the README's pictures from the real thing: a page of the site, the panel under a check, a class's report.

Needs a Chromium, built lessons and the extra `site`. Run from the course's folder: .venv/bin/python img/readme.py
"""

import html
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from helper.checking.panel import to_html
from helper.course import Course
from helper.judging.judge import judge
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read, stems
from helper.lessons.stage import Stage
from helper.site.browser import open_browser
from helper.site.build import build_site

ROOT = Path(__file__).parent.parent
LESSON, EXERCISE = "02_cross_entropy", "softmax"
ANSWER = """def softmax(logits, dim):
    exp = (logits - logits.max()).exp()
    return exp / exp.sum(dim, keepdim=True)"""
PAGE = """<body style="margin:0;font:15px/1.5 system-ui,sans-serif;width:1000px"><div style="padding:14px">
<pre style="background:#f6f7f9;padding:10px 14px;margin:0 0 8px;white-space:pre-wrap">{answer}</pre>
<pre style="background:#f6f7f9;padding:10px 14px;margin:0 0 8px;white-space:pre-wrap">{check}</pre>
{panel}</div></body>"""
SCREEN = {"width": 1200, "height": 760}


def main() -> None:
    with TemporaryDirectory() as folder:
        course = Course(ROOT)
        site = build_site(course, stems(course.solutions), Path(folder) / "site").parent
        with open_browser() as browser:
            if browser is None:
                raise SystemExit("Pictures need a browser: install Chromium.")
            draw_advice(browser)
            draw_site(browser, site)
            draw_report(browser, Path(folder))


def draw_advice(browser: Browser) -> None:
    """What a student sees under a check, from the lesson, its key and the judge."""
    stage = Stage(read(ROOT / "solutions", LESSON))
    key = make_key(stage)
    verdict = judge(stage.evidence(EXERCISE, ANSWER, key.seed).evidence, key.checks[EXERCISE], key.lesson)
    check = stage.lesson.checks[EXERCISE].source
    page = browser.new_page(device_scale_factor=2)
    page.set_content(
        PAGE.format(answer=html.escape(ANSWER), check=html.escape(check), panel=to_html(verdict))
    )
    page.locator("div").first.screenshot(path=ROOT / "img" / "readme_advice.png")


def draw_site(browser: Browser, site: Path) -> None:
    """A lesson's page, at its first exercise, with the check unfolded."""
    page = browser.new_page(viewport=SCREEN, color_scheme="light")
    page.goto((site / LESSON / f"{LESSON}.html").as_uri())
    page.locator("details.check summary").first.click()
    page.evaluate("document.querySelector('.tag_exercise').scrollIntoView({block: 'center'})")
    page.screenshot(path=ROOT / "img" / "readme_site.png")


def draw_report(browser: Browser, folder: Path) -> None:
    """What the class of `make demo` gets its instructor to see."""
    course = [sys.executable, "-m", "helper.cli"]
    room = folder / "classroom"
    made = [*course, "example-class", str(room), "--students", "12", "--lesson", LESSON]
    subprocess.run(made, cwd=ROOT, check=True)
    marked = [*course, "grade", str(room / "submitted"), "--classroom", str(room)]
    subprocess.run(marked, cwd=ROOT, check=True)
    page = browser.new_page(viewport=SCREEN, color_scheme="light")
    page.goto((room / "report.html").as_uri())
    page.screenshot(path=ROOT / "img" / "readme_report.png")


if __name__ == "__main__":
    main()
