"""Write the sources of all pages, for Sphinx to turn into the site."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from helper import results
from helper.course import Course, CourseError
from helper.lessons import lesson as lessons
from helper.site import documents, published, sheet, slides, teachers, words
from helper.site.lesson_pages import Released, read_released, write_lesson

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Bank:
    """What the bank of a lesson holds."""

    title: str
    exercises: int
    right: int
    mistakes: int


def write_pages(course: Course, stems: Sequence[str], target: Path, decks: Path, *, printed: bool) -> None:
    """Write the sources of a site with these lessons into the folder `target`, and of their slides into `decks`.

    printed: whether the slides come as PDF too.
    """
    for folder in (target, decks):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    released = [read_released(course, stem) for stem in stems]
    terms = words.glossary(released)
    complaints = words.too_early(terms, released)
    if complaints:
        raise CourseError("\n".join(complaints))
    address = lessons.address(course.solutions)
    for one in released:
        buttons = published.buttons(address, one.stem)
        shown = f'<div class="buttons">\n\n{buttons}\n\n</div>' if buttons else ""
        cells = write_lesson(course, one, target / one.stem, shown)
        slides.write_slides(one, cells, target / one.stem, decks)
        _write(target / one.stem / "teaching.md", "teacher", printed=printed, **_teaching(course, one))
    proof = [documents.PROOF] if (course.root / documents.PROOF[0]).exists() else []
    hours = f"{sum(one.minutes for one in released) / 60:.0f}"
    banks = [_bank(course, one) for one in released if one.number]
    readme = documents.document(course.root, "README.md", target)
    start = documents.section(readme, "Start")
    intro, picture = documents.intro(readme)
    known = {"lessons": released, "hours": hours, "total": _total(banks)}
    _write(target / "index.md", "index", words=intro, picture=picture, start=start, proof=proof, **known)
    _write(target / "teaching.md", "teaching", lessons=released, hours=hours)
    _write(target / "hub.md", "hub")
    _write(target / "results.md", "results", table=results.show()._repr_html_())
    _write(target / "glossary.md", "glossary", terms=[_linked(term) for term in terms])
    _write(target / "cheat_sheet.md", "cheat_sheet", n=sheet.numbers())
    for name, page in [*documents.PAGES.items(), *proof]:
        if name != "README.md":
            text = documents.document(course.root, name, target)
            (target / f"{page}.md").write_text(text, encoding="utf-8")
    with (target / "engine.md").open("a", encoding="utf-8") as file:
        file.write(_rendered("proof", rows=banks, total=_total(banks), proof=proof))


def _total(banks: Sequence[Bank]) -> Bank:
    return Bank(
        "all", *(sum(getattr(bank, of) for bank in banks) for of in ("exercises", "right", "mistakes"))
    )


def _teaching(course: Course, one: Released) -> dict[str, Any]:
    return {
        "lesson": one,
        "stalls": teachers.stalls(lessons.read(course.solutions, one.stem), one.key),
        "skip": teachers.to_skip(one),
        "questions": teachers.questions(one),
    }


def _linked(term: words.Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "anchor": "term-" + re.sub(r"\W+", "-", term.name.lower()).strip("-"),
        "sentence": term.sentence,
        "section": re.sub(r"^\d+ ?[.·] ", "", term.section).replace("[", "").replace("]", ""),
        "number": int(term.stem.split("_")[0]),
        "page": f"{term.stem}/{term.stem}",
    }


def _bank(course: Course, one: Released) -> Bank:
    lesson = lessons.read(course.solutions, one.stem)
    kinds = [answer.kind for answer in lesson.answers]
    return Bank(one.title, len(lesson.exercises), kinds.count("right"), kinds.count("mistake"))


def _write(path: Path, template: str, **values: Any) -> None:
    path.write_text(_rendered(template, **values), encoding="utf-8")


def _rendered(template: str, **values: Any) -> str:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    # Not HTML: MyST escapes what it reads.
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.get_template(f"{template}.md.j2").render(**values)
