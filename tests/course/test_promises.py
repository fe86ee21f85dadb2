"""Where a lesson names another one, that lesson exists and has what was said of it.

What a lesson teaches is what it sets in headings and in bold, and its exercises. A word that few lessons set so
tells them apart. A sentence that names a later lesson must hold a word that tells this lesson; where it points back
("lesson 8 is about this"), the sentence before may. Of an earlier lesson a sentence may also name what it has: its
network, its row in the table. That is less than reading, and it catches the usual decay: a topic that moved, a lesson
that was renumbered, a promise so vague that nobody can say whether it was kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from conftest import ROOT

from helper.lessons.lesson import Lesson, read, stems

NAMED = re.compile(r"[Ll]essons? (\d+)((?:(?:, and |, | and | or | to )\d+)*)")
LINKED = re.compile(r"\.\./(\w+)/(\w+)\.ipynb")
BOLD = re.compile(r"\*\*([^*\n]+(?:\n[^*\n]+)?)\*\*")
POINTS_BACK = re.compile(r"\b(it|this|that|them|these|those|such|both|two)\b", re.I)
HAS = re.compile(r"\b(network|digits|loop|row|table|exercise)\b")
AFTER = re.compile(r"\bafter lessons? ")
FEW = 3  # lessons: a word that more of them set in headings or bold tells none of them
# Words that stand in headings and tell nobody a topic.
PLAIN = re.findall(
    r"\w+",
    """
    about after again all back before between call change come digits does down each error every exercise
    exit find first from gain give hand have help here image into know large last learn lesson long look
    make many more most much must name need network next nothing number once one only other over part
    point question real right same second some step take than that their them then there they thing this
    time under until used very want ways well what when where which while will with without work would
    wrong your
    """,
)


@dataclass(frozen=True)
class Promise:
    """A sentence of one lesson that names another. before: the sentence before it."""

    own: int
    named: int
    sentence: str
    before: str = ""


@cache
def lessons() -> dict[int, Lesson]:
    return {int(stem[:2]): read(ROOT / "solutions", stem) for stem in stems(ROOT / "solutions")}


def promises(own: int, lesson: Lesson) -> Iterator[Promise]:
    """Yield what a lesson says of others: in its text, in comments and docstrings, in titles and advice of its bank."""
    texts = [cell.source for cell in lesson.cells] + [answer.title for answer in lesson.answers]
    for text in texts:
        before = ""
        for sentence in sentences(text):
            yield from (
                Promise(own, number, sentence, before) for number in numbers(sentence) if number != own
            )
            before = sentence


def numbers(sentence: str) -> Iterator[int]:
    """Yield the lessons that a sentence names; "lessons 4 to 6" are three."""
    for first, more in NAMED.findall(sentence):
        said = [int(first)]
        for joint, number in re.findall(r"(, and |, | and | or | to )(\d+)", more):
            said += range(said[-1] + 1, int(number) + 1) if joint == " to " else [int(number)]
        yield from said


def sentences(text: str) -> Iterator[str]:
    for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.) )", text):
        plain = " ".join(re.sub(r"</?[a-z]+>", " ", part).split())
        yield from filter(None, re.split(r"(?<=[.!?:])\)? (?=[A-Z*(`$\"])", plain))


def words(text: str) -> set[str]:
    """Return the words of a text that say something, each cut to its stem."""
    long = (word.lower() for word in re.findall(r"[A-Za-z]{4,}", text.replace("_", " ")))
    return {stem(word) for word in long} - {stem(word) for word in PLAIN}


def stem(word: str) -> str:
    cut = re.sub(r"(ations?|ates?|ated|ating|ings?|ers?|ed|es|s|ly|e)$", "", word)
    return re.sub(r"(.)\1$", r"\1", cut)


def set_apart(lesson: Lesson) -> set[str]:
    """Return the words that a lesson sets in headings or bold, and those of its exercises."""
    text = "\n".join(cell.source for cell in lesson.cells if cell.type == "markdown")
    bold = [term for term in BOLD.findall(text) if len(term.split()) <= 4]
    return words(" ".join([*re.findall(r"^#+ (.*)$", text, re.M), *bold, *lesson.exercises]))


def broken(promise: Promise, course: dict[int, Lesson], telling: dict[int, set[str]]) -> str:
    """Say what is wrong with a promise, "" if nothing is."""
    where = f"lesson {promise.own}: {promise.sentence!r}"
    if promise.named not in course:
        return f"{where} names lesson {promise.named}, which does not exist."
    said = words(promise.sentence)
    if len(said) <= 3 and POINTS_BACK.search(promise.sentence):
        said |= words(promise.before)
    if said & telling[promise.named]:
        return ""
    if promise.named < promise.own:
        text = " ".join(cell.source for cell in course[promise.named].cells)
        had = HAS.findall(promise.sentence)
        if AFTER.search(promise.sentence) or any(re.search(rf"\b{word}\b", text, re.I) for word in had):
            return ""
    return f"{where}: say what is there, in a word of a heading, bold term or exercise of lesson {promise.named}."


def telling_words(course: dict[int, Lesson]) -> dict[int, set[str]]:
    """Return for each lesson the words that tell it from most others."""
    marked = {number: set_apart(lesson) for number, lesson in course.items()}
    often = Counter(word for found in marked.values() for word in found)
    return {number: {word for word in found if often[word] <= FEW} for number, found in marked.items()}


def told(said: Sequence[Promise]) -> str:
    course = lessons()
    telling = telling_words(course)
    return "\n".join(complaint for promise in said if (complaint := broken(promise, course, telling)))


def all_promises() -> list[Promise]:
    return [promise for own, lesson in lessons().items() for promise in promises(own, lesson)]


def test_what_a_lesson_says_of_another_one_is_true() -> None:
    said = all_promises()
    assert len(said) > 80  # they are found at all
    assert told(said) == ""


def test_a_link_to_a_lesson_leads_to_one() -> None:
    known = set(stems(ROOT / "solutions"))
    for own, lesson in lessons().items():
        for cell in lesson.cells:
            for folder, name in LINKED.findall(cell.source):
                assert folder == name in known, f"lesson {own} links {folder}/{name}.ipynb"


@pytest.mark.parametrize(
    "sentence",
    [
        "Dropout is explained in lesson 3.",
        "Lesson 4 looks at momentum and Adam.",
        "Lessons 8 and 9 write a scalar autograd engine.",
        "Lesson 6 averages the gradients of several machines.",
        "Lesson 7 is about this.",
        "All of it comes again in lesson 12.",
    ],
)
def test_a_promise_that_is_not_kept_is_told(sentence: str) -> None:
    assert told([Promise(1, number, sentence) for number in numbers(sentence)])


def test_most_promises_would_be_told_if_they_named_another_lesson() -> None:
    course = lessons()
    telling = telling_words(course)
    moved = [
        Promise(promise.own, other, promise.sentence, promise.before)
        for promise in all_promises()
        for other in course
        if other > promise.own and other != promise.named and promise.named > promise.own
    ]
    found = sum(bool(broken(promise, course, telling)) for promise in moved)
    assert found > len(moved) * 2 / 3


def test_a_range_of_lessons_names_each_of_them() -> None:
    assert list(numbers("The story of lessons 4 to 6, and of lesson 9.")) == [4, 5, 6, 9]
    assert list(numbers("You will meet it in lessons 6 and 7.")) == [6, 7]
