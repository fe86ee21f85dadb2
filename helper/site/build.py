"""Build the site: the pages' sources, then Sphinx with MyST-NB and a book theme, all of it offline."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from helper.course import Course, CourseError

STATIC = Path(__file__).parent / "static"
SETTINGS: dict[str, Any] = {
    "project": "Training Neural Networks",
    "extensions": ["myst_nb", "helper.site.mathml"],
    "html_math_renderer": "mathml",
    "html_theme": "sphinx_book_theme",
    "html_title": "Training Neural Networks",
    "html_static_path": [str(STATIC)],
    "html_css_files": ["site.css"],
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_theme_options": {
        "use_download_button": False,
        "use_fullscreen_button": False,
        "navbar_persistent": [],
        "show_navbar_depth": 1,
        "navigation_with_keys": False,
        "show_toc_level": 2,
    },
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "myst_enable_extensions": ["dollarmath", "colon_fence"],
    "myst_dmath_double_inline": True,
    "myst_heading_anchors": 3,
    "language": "en",
    "exclude_patterns": [],
}


def build_site(course: Course, stems: Sequence[str], target: Path) -> Path:
    """Build a site with these lessons into `target` and return its first page.

    Raises CourseError with Sphinx's first warnings, if there are any: each is a page that is not as it was meant.
    """
    try:
        from sphinx.application import Sphinx

        from helper.site.pages import write_pages
    except ImportError as error:
        raise CourseError(
            f"The site needs {error.name}: install it with pip install -c constraints.txt -e .[site]."
        ) from error
    sources = target.parent / f"{target.name}-source"
    write_pages(course, stems, sources)
    shutil.rmtree(target, ignore_errors=True)
    warnings = io.StringIO()
    app = Sphinx(
        sources,
        None,
        target,
        sources / ".doctrees",
        "html",
        SETTINGS,
        status=None,
        warning=warnings,
        freshenv=True,
    )
    app.build()
    shutil.rmtree(target / ".doctrees", ignore_errors=True)
    told = [line for line in _plain(warnings.getvalue()).splitlines() if line.strip()]
    if told or app.statuscode:
        raise CourseError("The site is not as it should be:\n" + "\n".join(told[:10]))
    return target / "index.html"


def outer_links(target: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every address outside the site that its pages link to, each with the pages that do."""
    pages: dict[str, list[str]] = {}
    for path in sorted(target.rglob("*.html")):
        for address in sorted(set(re.findall(r'<a [^>]*href="(https?://[^"]+)"', path.read_text("utf-8")))):
            pages.setdefault(address, []).append(path.relative_to(target).as_posix())
    yield from sorted(pages.items())


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
