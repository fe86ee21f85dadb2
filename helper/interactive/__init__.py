"""The frame of every figure that a reader can move: inline SVG, a little JavaScript, and a still picture.

A figure is drawn in Python as SVG. Its script only moves what the SVG already holds, with numbers that Python
has computed, so nothing asks the kernel or a network. Where scripts do not run (a notebook that is not trusted
yet, a viewer on the web, paper) the still picture stays in place, with its alt text.

    from helper.interactive import figure, slider

    def swing(angles: list[float]) -> Figure:
        return figure(
            svg='<svg viewBox="0 0 200 120" …><line data-name="arm" …/></svg>',
            controls=slider("angle", "Angle in degrees", 0, 90, value=30),
            script='''
                const show = () => {
                    $("arm").setAttribute("transform", `rotate(${$("angle").value} 100 20)`);
                    $("angle-shown").textContent = $("angle").value;
                };
                $("angle").addEventListener("input", show);
                show();
            ''',
            data={"angles": angles},
            alt="A pendulum that hangs 30 degrees from the vertical.",
        )
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
from pathlib import Path
from typing import Any

SIGNIFICANT_DIGITS = 6  # the last digits of a float differ from machine to machine
MARK = "@@"


class Figure:
    """A figure that Jupyter shows as HTML and everything else as its alt text."""

    def __init__(self, page: str, alt: str) -> None:
        self.page = page
        self.alt = alt

    def _repr_html_(self) -> str:
        return self.page

    def __repr__(self) -> str:
        return f"Interactive figure: {self.alt}"


def figure(
    *, svg: str, script: str, data: dict[str, Any], alt: str, controls: str = "", static: str | None = None
) -> Figure:
    """Return a figure that moves: make it the last line of a cell.

    svg: one `<svg xmlns="http://www.w3.org/2000/svg" viewBox=…>` element, complete as it stands before anything
    is moved. Name the parts that move with `data-name="…"`, not with an id.
    Elements with `data-says="Mean squared error"` are said with their text, all in one sentence, when something was
    moved; `shown` makes such.
    controls: HTML below the drawing, from `slider`, `button` and `shown` joined together.
    script: the body of a JavaScript function. It has `data`, `$("name")` (the element of that data-name),
    `draw(parent, "circle", {cx: 1, …})` (a new SVG element, already in place), `drag(element, (x, y) => …)`
    (called with the pointer's place in the SVG's own units while an element is dragged) and `root` (this
    figure's own element). It must not look outside `root`, so that several figures share a page. If it throws,
    the still picture comes back.
    data: what JSON can hold, computed in Python; floats are kept to six significant digits.
    alt: what the still picture shows, in a sentence or two.
    static: an SVG to show where scripts do not run; by default `svg` itself.

    Where an id is needed all the same (`marker-end="url(#@@tip)"` and `id="@@tip"`), begin it with `@@`: it
    becomes a prefix of this figure's own. Equal arguments give equal bytes. Everything that can be dragged must
    also work from a slider or a button. Keys pressed in the figure stay in it: JupyterLab's own shortcuts rest.
    Raises ValueError if an SVG lacks its namespace, or if the script contains "</script" or "<!--".
    """
    static = svg if static is None else static
    for drawing in (svg, static):
        if 'xmlns="http://www.w3.org/2000/svg"' not in drawing:
            raise ValueError(
                'The drawing is no picture by itself: add xmlns="http://www.w3.org/2000/svg" to <svg>.'
            )
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError('The script would end too early: it may contain neither "</script" nor "<!--".')
    live = f'<style>{beside("figure.css")}</style>{svg}<div class="controls">{controls}</div>'
    parts = {
        "alt": html.escape(alt),
        "data": _literal(data),
        "script": script,
        "label": _literal(alt),
        "live": _literal(live),
    }
    # JupyterLab removes <svg> from a notebook that is not trusted, but keeps a picture inside <img>.
    digest = hashlib.sha256("\n".join([*parts.values(), static]).encode()).hexdigest()[:10]
    prefix = f"figure-{digest}-"
    parts["static"] = base64.b64encode(static.replace(MARK, prefix).encode()).decode()
    return Figure((beside("figure.html") % parts).replace(MARK, prefix), alt)


def beside(name: str) -> str:
    """Return the text of a file in this folder: a figure's script, or the frame's page and style."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def slider(name: str, label: str, low: float, high: float, *, value: float, step: float | str = "any") -> str:
    """Return a labelled slider called `name`, with a place for its number called `name-shown` beside it."""
    return (
        f'<label>{html.escape(label)} <input type="range" data-name="{name}" min="{low:g}" max="{high:g}" '
        f'step="{step}" value="{value:g}"></label>{shown(f"{name}-shown", said=False)}'
    )


def button(name: str, label: str) -> str:
    """Return a button called `name`."""
    return f'<button type="button" data-name="{name}">{html.escape(label)}</button>'


def shown(name: str, label: str = "", *, said: bool = True) -> str:
    """Return a place called `name` for a number or a sentence that the script writes, with a label before it.

    said: a screen reader hears it when something was moved (a slider says its own number).
    """
    # The frame says all numbers of a figure in one sentence: one alone, or many at once, help nobody.
    says = f' data-says="{html.escape(label)}"' if said else ""
    output = f'<output data-name="{name}" aria-live="off"{says}></output>'
    return f"<span>{html.escape(label)} {output}</span>" if label else output


def _literal(value: Any) -> str:
    """Write a value as a JavaScript literal that can stand inside a script element."""
    text = json.dumps(_rounded(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
