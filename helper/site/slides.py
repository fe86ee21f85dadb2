"""A lesson as slides: each predict question and each figure, under the heading where it stands."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helper.site.lesson_pages import KERNEL, Released, alt_of, is_check, markdown, text_of
from helper.site.pictures import address
from helper.site.teachers import predictions

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = "slides"
SETTINGS: dict[str, Any] = {
    "extensions": ["myst_nb", "helper.site.mathml", "sphinx_revealjs"],
    "revealjs_html_theme": "revealjs-simple",
    "revealjs_style_theme": "slides.css",  # a theme of our own: most of those that come with it fetch letters
    "revealjs_static_path": [str(Path(__file__).parent / "static")],
    "revealjs_script_files": ["revealjs/dist/reveal.js"],
    "revealjs_script_conf": {
        "width": 1280,
        "height": 720,
        "hash": True,
        "center": False,
        "transition": "none",
    },
    "revealjs_use_section_ids": True,
    "nb_mime_priority_overrides": [("revealjs", "image/png", 0), ("revealjs", "text/html", 1)],
    "myst_heading_anchors": 0,
    "suppress_warnings": ["toc.not_included"],  # decks are reached from the pages for teachers
}
PICTURE = re.compile(r"!\[[^\]]*\]\(([\w.]+)\)")


def write_slides(lesson: Released, page: Sequence[Any], pictures: Path, folder: Path) -> None:
    """Write a lesson's slides into `folder` as a notebook for MyST-NB.

    page: the cells of its page; pictures: the folder where the page's pictures lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cells = [markdown(f"# {lesson.title}\n\n{lesson.question}"), *_slides(page)]
    deck = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    (folder / f"{lesson.stem}.ipynb").write_text(json.dumps(deck), encoding="utf-8")
    for cell in cells:
        for name in PICTURE.findall(text_of(cell)):
            shutil.copyfile(pictures / name, folder / name)


def print_slides(browser: Browser, decks: Sequence[Path]) -> None:
    """Print each deck into a PDF beside it."""
    context = browser.new_context(offline=True)
    for deck in decks:
        page = context.new_page()
        page.goto(address(deck))
        page.wait_for_selector(".pdf-page")  # reveal.js has laid out its pages
        page.pdf(path=deck.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True)
        page.close()
    context.close()


def _slides(page: Sequence[Any]) -> Iterator[Any]:
    heading = ""
    for place, cell in enumerate(page):
        if cell["cell_type"] == "code":
            for number, figure in enumerate(filter(_is_figure, cell["outputs"])):
                yield markdown(f"## {heading}", len(page) * number + place)
                yield _alone(figure, f"{cell['id']}-{number}")
            continue
        if is_check(text_of(cell)):
            continue
        for part in re.split(r"(?=^## )|(?=^!\[)", text_of(cell), flags=re.M):
            if found := re.match(r"## (?!Exercise)(.+)", part):
                heading = found[1]
            if found := PICTURE.match(part):
                yield markdown(f"## {heading}\n\n{found[0]}", place)
            for question in predictions(part):
                said = question if "Predict" in question else f"**Predict.** {question}"
                yield markdown(f'## {heading}\n\n<div class="question">\n\n{said}\n\n</div>', place)


def _alone(figure: Any, identity: str) -> Any:
    shown: dict[str, Any] = {"tags": ["remove-input"]}
    if "image/png" in figure["data"]:
        shown["mystnb"] = {"image": {"alt": alt_of(figure)}}
    return {
        "cell_type": "code",
        "id": identity,
        "metadata": shown,
        "source": "shown",  # MyST-NB leaves out a cell without text
        "execution_count": None,
        "outputs": [figure],
    }


def _is_figure(output: Any) -> bool:
    data = output.get("data", {})
    return "image/png" in data or 'class="course-figure' in "".join(data.get("text/html", ""))


def take_away_what_no_slide_loads(folder: Path) -> None:
    """Remove what came along: other themes, plug-ins, letters; some of it would load from elsewhere."""
    shutil.rmtree(folder / "_static" / "revealjs" / "plugin")
    decks = [deck.read_text(encoding="utf-8") for deck in folder.glob("*.html")]
    loaded = {name for deck in decks for name in re.findall(r'(?:src|href)="([^"?]+)', deck)}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix != ".html" and name not in loaded | {"_static/revealjs/LICENSE"}:
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
