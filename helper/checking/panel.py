"""What a person sees of a verdict: a panel in Jupyter, plain text elsewhere."""

from __future__ import annotations

import html
import re

from helper.judging.verdict import ERROR, MISTAKE, NOT_ATTEMPTED, RIGHT, Result, Verdict

# Blue and orange can be told apart by everyone; a sign and a word say the same.
COLOURS = {RIGHT: "#0b7a75", NOT_ATTEMPTED: "#6b7280"}
SIGNS = {RIGHT: "✓", NOT_ATTEMPTED: "○"}
HEADS = {RIGHT: "Right", MISTAKE: "Not yet", ERROR: "Stopped by an error", NOT_ATTEMPTED: "Not attempted"}
OTHER_COLOUR, OTHER_SIGN = "#b45309", "✗"


class Panel:
    """A verdict that Jupyter shows as HTML and everything else as text."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def _repr_html_(self) -> str:
        return to_html(self.verdict)

    def __repr__(self) -> str:
        return to_text(self.verdict)


class Note:
    """One sentence to the person, in the place where a verdict would stand."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        return f'<div style="border-left:4px solid {OTHER_COLOUR};padding:6px 12px">{inline(self.text)}</div>'

    def __repr__(self) -> str:
        return self.text


def show(verdict: Verdict) -> None:
    _display(Panel(verdict))


def note(text: str) -> None:
    _display(Note(text))


def to_html(verdict: Verdict) -> str:
    """Render a verdict as a self-contained block. All text in it is escaped."""
    colour = COLOURS.get(verdict.verdict, OTHER_COLOUR)
    head = f'<b style="color:{colour}">{_sign(verdict)} {_head(verdict)}</b>'
    parts = [f"<div>{head} &nbsp; <code>{html.escape(verdict.check)}</code> &nbsp; {_points(verdict)}</div>"]
    if verdict.verdict != NOT_ATTEMPTED:
        rows = "".join(
            f'<li style="list-style:none">{_mark(result.right)} {inline(_row(verdict, result))}</li>'
            for result in verdict.results
        )
        parts.append(f'<ul style="margin:4px 0 4px 0;padding-left:12px">{rows}</ul>')
    parts += [f'<div style="margin-top:4px">{inline(text)}</div>' for text in verdict.advice]
    return f'<div style="border-left:4px solid {colour};padding:6px 12px;margin:4px 0">{"".join(parts)}</div>'


def to_text(verdict: Verdict) -> str:
    lines = [f"{_sign(verdict)} {_head(verdict)}: {verdict.check} ({_points(verdict)})"]
    if verdict.verdict != NOT_ATTEMPTED:
        lines += [f"  {_mark(result.right)} {_row(verdict, result)}" for result in verdict.results]
    return "\n".join([*lines, *verdict.advice])


def _head(verdict: Verdict) -> str:
    return HEADS.get(verdict.verdict, verdict.verdict.capitalize())


def _sign(verdict: Verdict) -> str:
    return SIGNS.get(verdict.verdict, OTHER_SIGN)


def _points(verdict: Verdict) -> str:
    return f"{round(verdict.points, 2):g} of {verdict.max:g} point{'' if verdict.max == 1 else 's'}"


def _row(verdict: Verdict, result: Result) -> str:
    """Name an expectation, and what was reached where it is scored and the advice does not say so."""
    said = not result.note or result.note in verdict.advice
    return result.name if said else f"{result.name}: {result.note}"


def _mark(right: bool | None) -> str:
    return {True: "✓", False: "✗", None: "–"}[right]


def inline(text: str) -> str:
    """Return a text as HTML: escaped, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def _display(shown: Panel | Note) -> None:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        print(shown)
        return
    if get_ipython() is None:
        print(shown)
        return
    from IPython.display import display

    display(shown)
