"""The project's own documents as pages, their links turned to pages of the site."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from helper.course import CourseError

PAGES = {  # a document, and its page
    "README.md": "index",
    "MARKING.md": "marking",
    "JSON.md": "json",
    "CONTRIBUTING.md": "contributing",
    "ARCHITECTURE.md": "engine",
    "CHANGELOG.md": "changes",
}
PROOF = ("PROOF.md", "proof")  # what `course prove` writes: a page where it was written
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)")


def document(root: Path, name: str, target: Path) -> str:
    """Return a document's text for a page in `target`, with its pictures copied there."""
    try:
        text = (root / name).read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{root / name} cannot be read: the site needs it for a page.") from error
    parts = re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)  # code stays as it is
    return "".join(
        part if part.startswith("```") else LINK.sub(lambda link: _turned(link, root, target), part)
        for part in parts
    )


def section(text: str, heading: str) -> str:
    """Return a section of a document with its heading. Raises CourseError if there is none."""
    found = re.search(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise CourseError(f'README.md has no section "{heading}", which the start page of the site shows.')
    return found[0]


def intro(text: str) -> tuple[str, str]:
    """Return what stands above a document's first section, without its title: its words, and its picture."""
    parts = text.split("\n## ")[0].split("\n", 1)[1].strip().split("\n\n")
    pictures = [part for part in parts if part.startswith("![")]
    return "\n\n".join(part for part in parts if part not in pictures), "\n\n".join(pictures)


def _turned(link: re.Match[str], root: Path, target: Path) -> str:
    picture, words, path = link.groups()
    if picture:
        source = root / path.removeprefix("../")
        if not source.exists():
            return link[0]
        (target / "pictures").mkdir(exist_ok=True)
        shutil.copyfile(source, target / "pictures" / source.name)
        return f"![{words}](pictures/{source.name})"
    if path in PAGES:
        return f"[{words}]({PAGES[path]}.md)"
    lesson = re.fullmatch(r"notebooks/(\w+/\w+\.ipynb)", path)
    return f"[{words}]({lesson[1]})" if lesson else words  # what is no page is named, not linked
