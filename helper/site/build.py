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
    "html_use_index": False,
    "html_theme_options": {
        "use_download_button": False,
        "use_fullscreen_button": False,
        "navbar_persistent": [],
        "show_navbar_depth": 1,
        "navigation_with_keys": False,
        "show_toc_level": 2,
        "footer_content_items": "",
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
    """Build a site with these lessons and their slides into `target` and return its first page.

    Without a browser the slides come as pages only, not as PDF.
    Raises CourseError with Sphinx's first warnings, if there are any: each is a page that is not as it was meant.
    """
    try:
        import sphinx_revealjs  # noqa: F401  (named here if it is missing; Sphinx would say less)

        from helper.site import slides
        from helper.site.browser import open_browser
        from helper.site.pages import write_pages

        with open_browser() as browser:
            sources, decks = (target.parent / f"{target.name}-{kind}" for kind in ("source", slides.FOLDER))
            write_pages(course, stems, sources, decks, printed=browser is not None)
            shutil.rmtree(target, ignore_errors=True)
            _run_sphinx(sources, target, "html", SETTINGS)
            shown = target / slides.FOLDER
            _run_sphinx(decks, shown, "revealjs", {**SETTINGS, **slides.SETTINGS, "root_doc": stems[0]})
            slides.take_away_what_no_slide_loads(shown)
            if browser:
                slides.print_slides(browser, sorted(shown.glob("*.html")))
    except ImportError as error:
        raise CourseError(
            f"The site needs {error.name}: install it with pip install -c constraints.txt -e .[site]."
        ) from error
    return target / "index.html"


def _run_sphinx(sources: Path, target: Path, builder: str, settings: dict[str, Any]) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    warnings, trees = io.StringIO(), sources / ".doctrees"
    with docutils_namespace():  # or a second run would find what the first one registered
        app = Sphinx(
            sources, None, target, trees, builder, settings, status=None, warning=warnings, freshenv=True
        )
        app.build()
    told = [line for line in _plain(warnings.getvalue()).splitlines() if line.strip()]
    if told or app.statuscode:
        raise CourseError("The site is not as it should be:\n" + "\n".join(told[:10]))


def outer_links(target: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every address outside the site that its pages link to, each with the pages that do."""
    pages: dict[str, list[str]] = {}
    for path in sorted(target.rglob("*.html")):
        for address in sorted(set(re.findall(r'<a [^>]*href="(https?://[^"]+)"', path.read_text("utf-8")))):
            pages.setdefault(address, []).append(path.relative_to(target).as_posix())
    yield from sorted(pages.items())


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
