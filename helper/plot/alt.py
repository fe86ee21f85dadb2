"""Words for those who do not see a figure, made from what was drawn: titles, axes, curves and their extremes.

A notebook keeps a short text as the picture's alternative, and nbconvert's classic template shows it. JupyterLab, and
nbconvert's page that looks like it, give pictures none: there the words in full follow the picture, unseen.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from helper.checking import shell as ipython

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 10  # curves, bars or words of one axes; more would not be listened to
LONGEST = 1500
UNSEEN = "position:absolute;width:1px;height:1px;margin:-1px;padding:0;overflow:hidden;clip-path:inset(50%)"

_drawn: list[Figure] = []
_speaking: list[Any] = []  # the notebook's shell, once it tells us of each cell's end


@cache
def described_figure() -> type[Figure]:
    """Return the class of figures that tell in words what they show, to be given to `plt.figure`."""
    from matplotlib.figure import Figure

    class Described(Figure):
        def __repr__(self) -> str:
            return in_full(self)

    _announce(Described)
    return Described


def note(figure: Figure) -> None:
    """Have a figure's words follow it when the cell that drew it ends."""
    if _speaking:
        _drawn.append(figure)


def in_short(figure: Figure) -> str:
    """Say in a sentence what kind of figure this is."""
    parts = [_kind(ax) for ax in _shown(figure)]
    if len(parts) > 2 and len(set(map(_first_word, parts))) == 1:
        return f"{len(parts)} {_first_word(parts[0]).lower()}s side by side."
    return _spoken(" ".join(parts)) or "An empty figure."


def in_full(figure: Figure) -> str:
    """Say what a figure shows: each part, its curves, bars or words, with their extremes."""
    parts = [part for part in _parts(list(_shown(figure))) if part]
    text = _spoken("Figure: " + " ".join(parts)) if parts else "An empty figure."
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _spoken(text: str) -> str:
    """Write the small formulas of labels as they are read: w2 for $w_2$."""
    return re.sub(r"\$([^$]+)\$", lambda formula: re.sub(r"[\\_{}^]", "", formula[1]), text)


def _shown(figure: Figure) -> Iterator[Axes]:
    for ax in figure.axes:
        if ax.lines or ax.images or ax.patches or ax.collections or ax.texts:
            yield ax


def _parts(axes: Sequence[Axes]) -> Iterator[str]:
    pictures = [ax for ax in axes if ax.images and not ax.axison]
    if len(pictures) > 1:
        titles = [ax.get_title(loc="center") or ax.get_title(loc="left") for ax in pictures]
        named = ", ".join(title.replace("\n", " ") for title in titles if title)
        yield f"{len(pictures)} pictures" + (f", titled {named}." if named else ".")
        axes = [ax for ax in axes if ax not in pictures]
    for ax in axes:
        yield " ".join([_kind(ax), *_contents(ax)])


def _kind(ax: Axes) -> str:
    title = ax.get_title(loc="left") or ax.get_title(loc="center")
    x, y = ax.get_xlabel(), ax.get_ylabel()
    kind = "Drawing"
    if ax.images:
        kind = "Picture" if not ax.axison else "Table of colours"
    elif ax.containers:
        kind = "Bars"
    elif ax.lines and ax.axison:
        kind = "Curves" if len(ax.lines) > 1 else "Curve"
    named = f' "{title}"' if title else ""
    over = f" of {y} over {x}" if x and y else f" of {y or x}" if x or y else ""
    return f"{kind}{named}{over}.".replace("\n", " ")


def _contents(ax: Axes) -> Iterator[str]:
    if ax.containers:
        yield from _bars(ax)
    elif ax.axison:
        curves = [line for line in ax.lines if len(np.atleast_1d(line.get_xdata())) > 2]
        levels = [line for line in ax.lines if 0 < len(np.atleast_1d(line.get_xdata())) <= 2]
        for line in curves[:MOST]:
            yield _curve(line)
        for line in levels[:MOST]:
            height = float(np.atleast_1d(line.get_ydata())[-1])
            name = _label(line) or next((text.get_text() for text in ax.texts if _at(text, height)), "")
            if name:
                yield f"{name}: {_short(height)}."
        if len(curves) > MOST:
            yield f"And {len(curves) - MOST} more."
    words = list(dict.fromkeys(text.get_text().strip().replace("\n", " ") for text in ax.texts))
    words = [word for word in words if word]
    if words and not (ax.images and len(words) > 3 * MOST):
        more = f", and {len(words) - 2 * MOST} more" if len(words) > 2 * MOST else ""
        yield f"In it stands: {'; '.join(words[: 2 * MOST])}{more}."


def _bars(ax: Axes) -> Iterator[str]:
    names = [label.get_text() for label in ax.get_xticklabels()]
    sideways = [label.get_text() for label in ax.get_yticklabels()]
    for container in list(ax.containers)[:MOST]:
        bars = [bar for bar in container if hasattr(bar, "get_height")]
        flat = (
            bool(bars)
            and all(bar.get_x() == 0 for bar in bars)
            and len({bar.get_y() for bar in bars}) == len(bars)
        )
        sizes = [bar.get_width() if flat else bar.get_height() for bar in bars]
        places = sideways if flat else names
        pairs = zip(places, sizes, strict=False) if len(places) >= len(sizes) else enumerate(sizes)
        shown = [f"{name} {_short(size)}" for name, size in pairs]
        label = str(container.get_label() or "")
        head = f"{label}: " if label and not label.startswith("_") else ""
        more = f", and {len(shown) - 2 * MOST} more" if len(shown) > 2 * MOST else ""
        yield f"{head}{', '.join(shown[: 2 * MOST])}{more}."


def _curve(line: Any) -> str:
    x, y = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
    finite = np.isfinite(y) & np.isfinite(x)
    head = f"{_label(line)}: " if _label(line) else ""
    if not finite.any():
        return f"{head}no finite value."
    x, y = x[finite], y[finite]
    low, high = int(y.argmin()), int(y.argmax())
    text = f"{head}from {_short(y[0])} at {_short(x[0])} to {_short(y[-1])} at {_short(x[-1])}"
    inner = [
        f"{word} {_short(y[place])} at {_short(x[place])}"
        for word, place in (("lowest", low), ("highest", high))
        if y[place] not in (y[0], y[-1])
    ]
    return ", ".join([text, *inner]) + "."


def _label(line: Any) -> str:
    label = str(line.get_label() or "")
    return "" if label.startswith("_") else label


def _at(text: Any, height: float) -> bool:
    place = getattr(text, "xy", text.get_position())  # an annotation stands beside what it is about
    return bool(np.isclose(float(place[1]), height))


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0].rstrip(".")


def _short(number: float) -> str:
    # Two digits: the same on every machine, where the last ones differ.
    return f"{float(number):.2g}" if abs(number) < 100 else f"{float(f'{number:.3g}'):,.0f}"


def _announce(kind: type[Figure]) -> None:
    """In a notebook, show figures of a kind with their short words, and their words in full after the cell."""
    shell = ipython.shell()
    if shell is None or not hasattr(shell, "kernel"):
        return
    formatter = shell.display_formatter.formatters["image/png"]
    if kind not in formatter.type_printers:
        formatter.for_type(kind, _png)
        shell.events.register("post_run_cell", _speak)  # by then the figures are shown
        _speaking.append(shell)


def _png(figure: Figure) -> tuple[Any, dict[str, Any]]:
    from IPython.core.pylabtools import print_figure

    return print_figure(figure, fmt="png", base64=True, bbox_inches="tight"), {"alt": in_short(figure)}


def _speak(_: Any) -> None:
    from IPython.display import display

    while _drawn:
        words = in_full(_drawn.pop(0))
        page = f'<p style="{UNSEEN}">{html.escape(words)}</p>'
        display({"text/html": page, "text/plain": words}, raw=True)
