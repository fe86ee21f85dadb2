"""What a person sees of a verdict: a panel in Jupyter, plain text with the same content elsewhere."""

from __future__ import annotations

import html
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from helper.checking import shell as ipython
from helper.judging.verdict import ERROR, MISTAKE, NOT_ATTEMPTED, RIGHT, Case, Result, Verdict

# White text stands on these, so that it can be read in every theme; a sign and a word say the same as the colour.
COLOURS = {RIGHT: "#0f766e", NOT_ATTEMPTED: "#6b7280"}
SIGNS = {RIGHT: "✓", NOT_ATTEMPTED: "○"}
HEADS = {RIGHT: "Right", MISTAKE: "Not yet", ERROR: "Stopped by an error", NOT_ATTEMPTED: "Not attempted"}
OTHER_COLOUR, OTHER_SIGN = "#b45309", "✗"
# Set by `course submit` to the name of the key to judge by; the verdicts then leave the kernel as data too.
REHEARSAL = "COURSE_REHEARSAL"
VERDICT = "application/vnd.course.verdict+json"
MARKS = {True: ("✓", "met"), False: ("✗", "not met"), None: ("–", "not reached")}

# On a feedback page nobody can run a cell: what the panel asks for there is past.
HANDED_IN = {
    "not attempted": "Nothing was written here.",
    "undefined": "The name that this exercise asks for was not defined in what was handed in.",
}


@dataclass(frozen=True)
class Compared:
    """An answer to look at after one's own has passed."""

    title: str
    source: str


class Panel:
    """A verdict that Jupyter shows as HTML and everything else as text.

    lesson: the best points so far in this lesson and all there are; others: answers to compare with one's own.
    """

    def __init__(
        self, verdict: Verdict, lesson: tuple[float, float] | None = None, others: Sequence[Compared] = ()
    ) -> None:
        self.verdict, self.lesson, self.others = verdict, lesson, others

    def _repr_html_(self) -> str:
        return to_html(self.verdict, self.lesson, self.others)

    def __repr__(self) -> str:
        return to_text(self.verdict, self.lesson, self.others)


class Note:
    """One sentence to the person, in the place where a verdict would stand."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        return f'<div role="status" style="{_frame(OTHER_COLOUR)}">{inline(self.text)}</div>'

    def __repr__(self) -> str:
        return self.text


class NotRight(Exception):  # noqa: N818  (nbgrader shows the name: it says what is the case)
    """What nbgrader counts as a failed check: the panel's text, in the place of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


def show(
    verdict: Verdict, lesson: tuple[float, float] | None = None, others: Sequence[Compared] = ()
) -> None:
    """Show a verdict. Where nbgrader runs the notebook, a check that is not right is an error besides.

    nbgrader (its Validate button, and an autograde that knows nothing of this course) takes a check for right
    unless the cell's first result says fewer points or the cell ends with an error.
    """
    _display(Panel(verdict, lesson, others))
    if os.environ.get(REHEARSAL):
        _hand_over(verdict)
    if verdict.verdict != RIGHT and under_nbgrader():
        _give_points(verdict.points)
        raise NotRight(_wrapped(to_text(verdict)))


def cannot_check(text: str) -> None:
    """Say in one sentence why there is no verdict; where nbgrader runs the notebook, as an error."""
    if under_nbgrader():
        raise NotRight(_wrapped(text))
    note(text)


def under_nbgrader() -> bool:
    return bool(os.environ.get("NBGRADER_VALIDATING") or os.environ.get("NBGRADER_EXECUTION"))


def note(text: str) -> None:
    _display(Note(text))


def to_html(
    verdict: Verdict,
    lesson: tuple[float, float] | None = None,
    others: Sequence[Compared] = (),
    *,
    handed_in: bool = False,
) -> str:
    """Render a verdict as a self-contained block that takes its text colour from the page. All text is escaped.

    handed_in: in the words of a feedback page, where no cell can be run again.
    """
    colour = COLOURS.get(verdict.verdict, OTHER_COLOUR)
    badge = f"background:{colour};color:#fff;padding:1px 8px;border-radius:3px;white-space:nowrap"
    head = [
        f'<b style="{badge}"><span aria-hidden="true">{_sign(verdict)} </span>{_head(verdict)}</b>',
        f'<code style="background:none;color:inherit">{html.escape(verdict.check)}</code>',
        *([_points(verdict)] if verdict.max else []),
    ]
    parts = [f'<div role="status">{" &nbsp; ".join(head)}</div>']
    parts += [f'<div style="margin-top:4px">{inline(text)}</div>' for text in _texts(verdict, handed_in)]
    if verdict.case and verdict.case.came:
        parts.append(_pairs([("came", verdict.case.came), ("expected", verdict.case.expected)]))
    if verdict.verdict != NOT_ATTEMPTED:
        rows = "".join(
            f"<li>{_mark(result.right)} {inline(_row(verdict, result))}</li>" for result in verdict.results
        )
        parts.append(f'<ul style="list-style:none;margin:4px 0;padding-left:0">{rows}</ul>')
    if verdict.case and verdict.case.line:
        line = [("in the check", verdict.case.line), *verdict.case.inputs]
        parts.append(_folded(_title(verdict.case), _pairs(line)))
    if others:
        shown = "".join(f"<div>{inline(other.title)}</div>{_block(other.source)}" for other in others)
        parts.append(_folded(COMPARE, shown))
    if lesson and lesson[1]:
        parts.append(f'<div style="margin-top:4px">{_total(lesson)}</div>')
    return f'<div style="{_frame(colour)}">{"".join(parts)}</div>'


def to_text(
    verdict: Verdict,
    lesson: tuple[float, float] | None = None,
    others: Sequence[Compared] = (),
    *,
    handed_in: bool = False,
) -> str:
    """Render a verdict as plain text: all that the panel says, in the same order."""
    points = f" ({_points(verdict)})" if verdict.max else ""
    lines = [f"{_sign(verdict)} {_head(verdict)}: {verdict.check}{points}", *_texts(verdict, handed_in)]
    if verdict.case and verdict.case.came:
        lines += _lines([("came", verdict.case.came), ("expected", verdict.case.expected)])
    if verdict.verdict != NOT_ATTEMPTED:
        lines += [f"  {MARKS[result.right][0]} {_row(verdict, result)}" for result in verdict.results]
    if verdict.case and verdict.case.line:
        lines += [f"{_title(verdict.case)}:"]
        lines += _lines([("in the check", verdict.case.line), *verdict.case.inputs])
    if others:
        lines.append(f"{COMPARE}:")
        for other in others:
            lines += [other.title, textwrap.indent(other.source, "    ")]
    return "\n".join([*lines, *([_total(lesson)] if lesson and lesson[1] else [])])


COMPARE = "Compare your answer with other right ones"


def _texts(verdict: Verdict, handed_in: bool) -> list[str]:
    pieces = [*verdict.pieces, *verdict.notes]
    return [HANDED_IN.get(piece.kind, piece.text) if handed_in else piece.text for piece in pieces]


def _row(verdict: Verdict, result: Result) -> str:
    """Name an expectation, and what was reached where it is scored and the advice does not say so."""
    said = not result.note or result.note in verdict.advice
    return result.name if said else f"{result.name}: {result.note}"


def _title(case: Case) -> str:
    return f"The first that is not met: {case.expectation}" if case.expectation else "The case"


def _head(verdict: Verdict) -> str:
    return HEADS.get(verdict.verdict, verdict.verdict.capitalize())


def _sign(verdict: Verdict) -> str:
    return SIGNS.get(verdict.verdict, OTHER_SIGN)


def _points(verdict: Verdict) -> str:
    return f"{round(verdict.points, 2):g} of {verdict.max:g} point{'' if verdict.max == 1 else 's'}"


def _total(lesson: tuple[float, float]) -> str:
    return f"This lesson so far: {round(lesson[0], 2):g} of {lesson[1]:g} points"


def _mark(right: bool | None) -> str:
    sign, words = MARKS[right]
    return f'<span role="img" aria-label="{words}:">{sign}</span>'


def _frame(colour: str) -> str:
    return f"border-left:4px solid {colour};padding:6px 12px;margin:4px 0;overflow-wrap:anywhere"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    # Side by side where there is room, below each other in a narrow window.
    return "".join(
        f'<div style="display:flex;flex-wrap:wrap;align-items:baseline;gap:0 12px;margin-top:4px">'
        f'<div style="min-width:5em">{html.escape(name)}</div>{_block(text)}</div>'
        for name, text in pairs
    )


def _block(text: str) -> str:
    # Focusable, so that what is too wide can be scrolled with the keyboard.
    style = (
        "flex:1;min-width:0;margin:0;padding:0;overflow-x:auto;white-space:pre;background:none;color:inherit"
    )
    return f'<pre tabindex="0" style="{style}">{html.escape(text)}</pre>'


def _folded(title: str, inside: str) -> str:
    # JupyterLab would take Enter and Space for itself.
    summary = f'<summary data-lm-suppress-shortcuts="true">{inline(title)}</summary>'
    return f'<details style="margin-top:4px">{summary}{inside}</details>'


def _lines(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in pairs)
    return [f"  {name:{width}}  " + text.replace("\n", "\n" + " " * (width + 4)) for name, text in pairs]


def inline(text: str) -> str:
    """Return a text as HTML: escaped, with what stands in backticks as code."""
    code = r'<code style="background:none;color:inherit">\1</code>'
    return re.sub(r"`([^`]+)`", code, html.escape(text)).replace("\n", "<br>")


def _hand_over(verdict: Verdict) -> None:
    from IPython.display import display

    display({VERDICT: asdict(verdict)}, raw=True)


def _give_points(points: float) -> None:
    """Make the points the cell's value, where stock nbgrader reads partial credit."""
    shell = ipython.shell()
    if shell is not None and points:
        shell.displayhook(round(points, 2))


def _wrapped(text: str) -> str:
    # `nbgrader validate` cuts each line of an error at 86 characters.
    lines = [
        textwrap.wrap(line, 80, subsequent_indent="  " * line.startswith(" ")) for line in text.split("\n")
    ]
    return "\n".join(part for line in lines for part in line)


def _display(shown: Panel | Note) -> None:
    if ipython.shell() is None:
        print(shown)
        return
    from IPython.display import display

    display(shown)
