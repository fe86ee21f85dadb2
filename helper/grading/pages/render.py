"""Templates, with everything that goes into them escaped: whatever a student wrote or printed stays text."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from typing import Any
from urllib.parse import quote

from helper.checking.panel import to_html
from helper.grading.handed_in.notebook import printable

BASE = "base.html.j2"  # what the other templates extend


def render(template: str, script: str = "", **values: Any) -> str:
    """Fill a template of this folder. script: our own, the only one that the page may run."""
    page: str = _environment().get_template(template).render(script=script, policy=_policy(script), **values)
    return page


def link(*parts: str) -> str:
    """Return a path beside the page as an address."""
    return "/".join(quote(part) for part in parts)


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("helper.grading.pages", ""),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["base"] = BASE
    environment.filters["inline"] = lambda text: Markup(_inline(printable(text)))
    environment.filters["panel"] = lambda verdict: Markup(to_html(verdict, handed_in=True))
    environment.filters["printable"] = printable
    environment.filters["number"] = lambda value: f"{round(value, 2):g}"
    return environment


def _inline(text: str) -> str:
    """Return a text escaped, with what stands in backticks as code in the page's own style."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def _policy(script: str) -> str:
    """Let a page run the script whose hash this is and no other, and load nothing from elsewhere."""
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = f" script-src 'sha256-{allowed}';" if script else ""
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:;{scripts} base-uri 'none'; form-action 'none'"
