"""Pictures of every page, to be looked at: in both themes, as wide as a desk's screen and as a phone's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from helper.course import CourseError
from helper.site.browser import open_browser

SCREENS = {"desk": (1280, 900), "phone": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def take_pictures(site: Path, folder: Path) -> Iterator[Path]:
    """Yield one picture after the other, each of a whole page. Raises CourseError without a site or a browser."""
    pages = html_pages(site)
    folder.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser:
        if browser is None:
            raise CourseError(
                "Pictures need a browser: install Chromium, or run .venv/bin/playwright install chromium."
            )
        for theme in THEMES:
            for screen, (width, height) in SCREENS.items():
                context = browser.new_context(
                    offline=True, color_scheme=theme, viewport={"width": width, "height": height}
                )
                for path in pages:
                    page = context.new_page()
                    page.goto(address(path))
                    name = "-".join(path.relative_to(site).with_suffix("").parts)
                    target = folder / f"{name}-{theme}-{screen}.jpg"
                    page.screenshot(path=target, full_page=True, type="jpeg", quality=70)
                    page.close()
                    yield target
                context.close()


def html_pages(site: Path) -> list[Path]:
    """Return every page of a built site, slides too. Raises CourseError if there is none."""
    pages = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    if not pages:
        raise CourseError(f"{site} holds no site: run course site.")
    return pages


def address(page: Path) -> str:
    """Return where all of a page is seen: a deck shows its slides one below the other when it is printed."""
    return f"{page.as_uri()}?print-pdf" if page.parent.name == "slides" else page.as_uri()
