"""Draw img/readme_advice.png: what a student sees under a check, from the real lesson, key and judge.

Needs a Chromium. Run from the course's folder: .venv/bin/python img/readme.py
"""

import html
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from helper.checking.panel import to_html
from helper.judging.judge import judge
from helper.lessons.key_of import make_key
from helper.lessons.lesson import read
from helper.lessons.stage import Stage

ROOT = Path(__file__).parent.parent
LESSON, EXERCISE = "02_cross_entropy", "softmax"
ANSWER = """def softmax(logits, dim):
    exp = (logits - logits.max()).exp()
    return exp / exp.sum(dim, keepdim=True)"""
PAGE = """<body style="margin:0;font:15px/1.5 system-ui,sans-serif;width:1000px"><div style="padding:14px">
<pre style="background:#f6f7f9;padding:10px 14px;margin:0 0 8px">{answer}</pre>
<pre style="background:#f6f7f9;padding:10px 14px;margin:0 0 8px">{check}</pre>{panel}</div></body>"""


def main() -> None:
    stage = Stage(read(ROOT / "solutions", LESSON))
    key = make_key(stage)
    verdict = judge(stage.evidence(EXERCISE, ANSWER, key.seed).evidence, key.checks[EXERCISE], key.lesson)
    check = stage.lesson.checks[EXERCISE].source
    page_text = PAGE.format(answer=html.escape(ANSWER), check=html.escape(check), panel=to_html(verdict))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(device_scale_factor=2)
        page.set_content(page_text)
        page.locator("div").first.screenshot(path=ROOT / "img" / "readme_advice.png")
        browser.close()


if __name__ == "__main__":
    main()
