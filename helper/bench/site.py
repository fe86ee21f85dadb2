"""How large the pages of the reading site are, and how soon they can be seen, from the disk."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

from rich.console import Console

from helper.course import Course
from helper.site.browser import open_browser
from helper.site.pictures import html_pages

LARGEST = 1_500_000  # bytes of a page with its pictures
SLOWEST = 1000  # milliseconds to the first paint
ROUNDS = 3
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def run(console: Console, course: Course) -> bool:
    """Print the largest page and the slowest. Returns whether a promise is missed; without a site or browser not."""
    site = course.root / "build" / "site"
    if not site.is_dir():
        console.print("The site is not built here: run course site to see its pages' sizes and first paint.")
        return False
    pages = html_pages(site)
    sizes = {path: size_of(path) for path in pages}
    largest = max(pages, key=lambda path: sizes[path])
    console.print(
        f"The site's {len(pages)} pages: the largest, {largest.relative_to(site)}, is {sizes[largest] / 1e6:.2f} MB "
        f"with its pictures (promised: {LARGEST / 1e6:.1f})"
    )
    times = _first_paints(pages)
    if not times:
        console.print("No browser: the first paint is not measured.")
        return sizes[largest] > LARGEST
    slowest = max(times, key=lambda path: times[path])
    console.print(
        f"First paint from the disk, median of {ROUNDS}: {median(times.values()):.0f} ms, the slowest, "
        f"{slowest.relative_to(site)}, {times[slowest]:.0f} ms (promised: {SLOWEST})"
    )
    return sizes[largest] > LARGEST or times[slowest] > SLOWEST


def size_of(page: Path) -> int:
    """Return the bytes of a page with the pictures it shows."""
    shown: list[str] = re.findall(r'src="([^":]*_images/[^"]+)"', page.read_text(encoding="utf-8"))
    size = page.stat().st_size
    return size + sum((page.parent / name).stat().st_size for name in set(shown))


def _first_paints(pages: list[Path]) -> dict[Path, float]:
    """Return the milliseconds from opening each page to its first text or picture, or nothing without a browser."""
    times: dict[Path, list[float]] = {path: [] for path in pages}
    with open_browser() as browser:
        if browser is None:
            return {}
        for _ in range(ROUNDS):
            context = browser.new_context(offline=True)  # each round begins with nothing kept
            for path in pages:
                page = context.new_page()
                page.goto(path.as_uri())
                times[path].append(float(page.wait_for_function(PAINT).json_value()))
                page.close()
            context.close()
    return {path: median(values) for path, values in times.items()}
