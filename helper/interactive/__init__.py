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
from typing import Any

SIGNIFICANT_DIGITS = 6  # the last digits of a float differ from machine to machine
MARK = "@@"

STYLE = """
.course-figure { max-width: 760px; background: #ffffff; color: #1f2430; padding: 8px;
  position: relative; font: 14px/1.5 "DejaVu Sans", Verdana, sans-serif; color-scheme: light; }
.course-figure svg { display: block; width: 100%; height: auto; }
.course-figure .drag { cursor: grab; touch-action: none; }
.course-figure svg text { font-family: inherit; }
.course-figure .controls { display: flex; flex-wrap: wrap; gap: 6px 20px; align-items: center; margin-top: 6px; }
.course-figure label { display: inline-flex; gap: 8px; align-items: center; }
.course-figure input[type=range] { width: 170px; margin: 0; }
.course-figure output { min-width: 4em; font-variant-numeric: tabular-nums; }
.course-figure button { font: inherit; padding: 2px 12px; border: 1px solid #6b7280; border-radius: 4px;
  background: #f3f4f6; color: inherit; cursor: pointer; }
.course-figure button:disabled { opacity: 0.45; cursor: default; }
.course-figure .voice { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.course-figure :focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
"""

PAGE = """<div class="course-figure @@figure">
<img alt="%(alt)s" width="720" src="data:image/svg+xml;base64,%(static)s" style="max-width:100%%">
<script>
(() => {
  const scope = document.currentScript ? document.currentScript.getRootNode() : document;
  const data = %(data)s;
  const start = (root, data, $, draw, drag) => {
%(script)s
  };
  for (const place of scope.querySelectorAll(".@@figure:not([data-live])")) {
    place.dataset.live = "yes";
    const root = document.createElement("div");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", %(label)s);
    // JupyterLab looks for this on the very element that has the focus before it takes a key for itself.
    root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
    root.innerHTML = %(live)s;
    place.append(root);
    const voice = root.appendChild(document.createElement("div"));
    voice.className = "voice";
    voice.setAttribute("role", "status");
    let waiting;
    const speak = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const said = [...root.querySelectorAll("[data-says]")].filter((part) => part.textContent.trim());
        voice.textContent = said.map((part) => `${part.dataset.says} ${part.textContent.trim()}`.trim()).join(", ");
      }, 400);
    };
    for (const event of ["input", "click", "pointerup"]) root.addEventListener(event, speak);
    const $ = (name) => root.querySelector(`[data-name="${name}"]`);
    const draw = (parent, tag, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return parent.appendChild(made);
    };
    const drag = (element, move) => {
      const drawing = element.ownerSVGElement;
      element.classList.add("drag");
      element.addEventListener("pointerdown", (event) => {
        element.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
      element.addEventListener("pointermove", (event) => {
        if (!element.hasPointerCapture(event.pointerId)) return;
        const inside = drawing.getScreenCTM().inverse();
        const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(inside);
        move(point.x, point.y);
      });
    };
    try {
      start(root, data, $, draw, drag);
      place.querySelector("img").style.display = "none";
    } catch (error) {
      root.remove();
      console.error(error);
    }
  }
})();
</script>
</div>"""


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
    live = f'<style>{STYLE}</style>{svg}<div class="controls">{controls}</div>'
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
    return Figure((PAGE % parts).replace(MARK, prefix), alt)


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
