"""The panel: the case is shown, text and page say the same, and everybody can read it."""

from __future__ import annotations

import html
import re

import pytest

from helper.checking import panel
from helper.checking.panel import Compared, to_html, to_text
from helper.judging.verdict import (
    ERROR,
    MISTAKE,
    NOT_ATTEMPTED,
    NOT_YET,
    RIGHT,
    TIME_OUT,
    Case,
    Piece,
    Result,
    Verdict,
)

RESULTS = (Result("each row", 1.0, True), Result("any <axis>", 1.0, False), Result("large scores", 1.0, None))
CASE = Case(
    "any <axis>",
    'expect("any <axis>", softmax(cube, dim=0))',
    (("cube", "a tensor of shape (3, 5, 2)\n[[1.2, 0.3], …]"),),
    "[0.25, 0.75]",
    "[0.20, 0.80]",
)
OTHERS = (Compared("a loop", "def f(x):\n    return [v < 1 for v in x]"), Compared("the library", "f = g"))


def verdict(word: str = MISTAKE, case: Case | None = CASE, notes: tuple[Piece, ...] = ()) -> Verdict:
    pieces = () if word == RIGHT else (Piece("mistake", {"text": "You summed over `dim=0` & more."}),)
    return Verdict("softmax", word, 3.0 if word == RIGHT else 1.0, 3.0, RESULTS, pieces, case, notes)


def words(page: str) -> list[str]:
    """Return what somebody reads on the page, in order: no tags, and signs as signs."""
    text = re.sub(r"<[^>]+>", " ", page.replace("<br>", "\n"))
    return re.findall(r"[^\s:()]+", html.unescape(text).replace("\N{NO-BREAK SPACE}", " "))


@pytest.mark.parametrize(
    "shown",
    [
        (verdict(), (9.5, 20.0), ()),
        (verdict(RIGHT, None), (20.0, 20.0), OTHERS),
        (verdict(NOT_YET, notes=(Piece("slow", {"seconds": 3, "limit": 2}),)), None, ()),
        (verdict(NOT_ATTEMPTED, None), (0.0, 20.0), ()),
        (verdict(TIME_OUT, Case("any <axis>", "expect(...)")), None, ()),
    ],
)
def test_the_text_says_what_the_panel_says(
    shown: tuple[Verdict, tuple[float, float] | None, tuple[Compared, ...]],
) -> None:
    text = re.findall(r"[^\s:()`]+", to_text(*shown))
    assert sorted(word.replace("`", "") for word in words(to_html(*shown))) == sorted(text)


def test_the_first_case_that_fails_is_shown_with_line_inputs_and_both_sides() -> None:
    for shown in (to_text(verdict()), html.unescape(to_html(verdict()))):
        for part in (CASE.line, "a tensor of shape (3, 5, 2)", CASE.came, CASE.expected, "You summed over"):
            assert part in shown


def test_what_a_student_wrote_cannot_become_part_of_the_page() -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    case = Case(bad, bad, ((bad, bad),), bad, bad)
    shown = Verdict(bad, NOT_YET, 0, 1, (Result(bad, 1, False),), (Piece("mistake", {"text": bad}),), case)
    page = to_html(shown, None, [Compared(bad, bad)])
    assert "<script" not in page
    assert "<img" not in page


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_white_on_every_badge_has_a_contrast_of_at_least_four_and_a_half() -> None:
    for colour in (*panel.COLOURS.values(), panel.OTHER_COLOUR):
        assert contrast("#ffffff", colour) >= 4.5, colour


def test_the_bar_at_the_side_is_seen_in_light_and_dark_themes() -> None:
    for colour in (*panel.COLOURS.values(), panel.OTHER_COLOUR):
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(colour, "#111111") >= 3


def test_all_text_but_the_badge_takes_the_colour_of_the_page() -> None:
    colours = re.findall(r"(?<![-\w])color:([^;\"]+)", to_html(verdict(), (1, 2), OTHERS))
    assert set(colours) == {"#fff", "inherit"}


@pytest.mark.parametrize("word", [RIGHT, MISTAKE, NOT_YET, NOT_ATTEMPTED, ERROR, TIME_OUT])
def test_a_sign_and_a_word_say_what_the_colour_says(word: str) -> None:
    assert to_text(verdict(word))[0] in "✓✗○"
    assert words(to_html(verdict(word)))[1] == panel._head(verdict(word)).split()[0]


def test_a_screen_reader_hears_which_expectation_is_met() -> None:
    page = to_html(verdict())
    assert re.findall(r'aria-label="([^"]+)"', page) == ["met:", "not met:", "not reached:"]
    assert 'role="status"' in page


def test_a_warm_up_without_points_shows_none() -> None:
    shown = Verdict("average", RIGHT, 0.0, 0.0, (Result("seven numbers", 0.0, True),))
    assert "point" not in to_text(shown, (0.0, 0.0))
    assert "point" not in to_html(shown, (0.0, 0.0))


def test_a_feedback_page_does_not_ask_for_a_cell_to_be_run() -> None:
    for kind, fields in (("not attempted", {}), ("undefined", {"exercise": "softmax"})):
        shown = Verdict("softmax", NOT_ATTEMPTED, 0.0, 3.0, RESULTS, (Piece(kind, fields),))
        assert re.search(r"\brun\b", to_html(shown))
        assert not re.search(r"\brun\b", to_html(shown, handed_in=True))
