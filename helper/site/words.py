"""The glossary: each term where it is first set in bold, with the sentence that explains it there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from helper.site.lesson_pages import Released

# Inside a sentence, bold marks a term. It also marks stress, on words that nobody would look up:
STRESS = re.compile(
    "a|accumulates|adds?|all|b|begin|by|c|d|every|fail|in|its|mean|much|no|not|now|of|on|one|or|predict|saved|share|the|"
    "this|validate|which|you"
)
BOLD = re.compile(r"\*\*([^*\n]+(?:\n[^*\n]+)?)\*\*")
TERM = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['\- ][A-Za-z][A-Za-z0-9]*){0,3}")
HEADING = re.compile(r"^#+ (.*)$", re.M)


@dataclass(frozen=True)
class Term:
    """A term. sentence: the one that explains it; section: the heading above."""

    name: str
    stem: str
    sentence: str
    section: str


def glossary(lessons: Sequence[Released]) -> list[Term]:
    """Return all terms of the lessons in alphabetical order, each where it is first set in bold."""
    found: dict[str, Term] = {}
    for lesson in lessons:
        section = lesson.title
        for part in _paragraphs(lesson.prose):
            heading = HEADING.match(part)
            if heading:
                section = heading[1]
                continue
            for term in _terms(part, lesson.stem, section):
                found.setdefault(_plain(term.name), term)
    prose = "\n".join(lesson.prose for lesson in lessons)
    terms = [replace(term, name=_as_inside(term.name, prose)) for term in found.values()]
    return sorted(terms, key=lambda term: term.name.lower())


def too_early(terms: Sequence[Term], lessons: Sequence[Released]) -> list[str]:
    """Return a sentence for each term of several words that an earlier lesson uses without naming a lesson.

    A single word may be used before it becomes a term: everybody knows a step, a graph and a scale. "In lesson 9
    you will meet weight decay" is a promise, not a use.
    """
    complaints = []
    for term in terms:
        if " " not in term.name and "-" not in term.name:
            continue
        use = re.compile(rf"\b{re.escape(term.name)}\b", re.I)
        for lesson in lessons:
            if lesson.stem >= term.stem or lesson.number == 0:
                continue
            for sentence in _sentences(lesson.prose):
                if use.search(sentence) and not re.search(r"[Ll]essons? \d", sentence):
                    complaints.append(
                        f'{lesson.stem} says "{term.name}", which {term.stem} explains: set it in bold and explain '
                        f'it at "{" ".join(sentence.split())[:80]}", or name the lesson there.'
                    )
                    break
    return complaints


def _terms(part: str, stem: str, section: str) -> Iterator[Term]:
    for bold in BOLD.finditer(part):
        name = " ".join(bold[1].split())
        words = name.lower().split()
        if not TERM.fullmatch(name) or STRESS.fullmatch(words[0]) or _begins(part, bold.start()):
            continue
        explained = _explaining(part, bold[0])
        yield Term(name, stem, " ".join(explained.split()), section)


def _explaining(part: str, bold: str) -> str:
    """Return the sentence that holds a bold term, with the one before it where it points back to that."""
    said = _sentences(part)
    place = next((place for place, text in enumerate(said) if bold in text), 0)
    points_back = re.match(r"(It|This|That|They|These|Those|Such|So)\b", said[place])
    return " ".join(said[max(place - 1, 0) if points_back else place : place + 1])


def _as_inside(name: str, prose: str) -> str:
    """Return a name as it is written inside a sentence: one that only ever has a capital keeps it."""
    small = name[0].lower() + name[1:]
    return small if re.search(rf"\b{re.escape(small)}\b", prose) else name


def _begins(part: str, place: int) -> bool:
    """Say whether bold text at this place opens a list item or is all of its line: a label, not a term."""
    line = part[part.rfind("\n", 0, place) + 1 :].split("\n")[0]
    return bool(re.match(r"\s*([-*]|\d+\.) \*\*", line)) or bool(re.fullmatch(r"\*\*[^*]*\*\*", line.strip()))


def _paragraphs(prose: str) -> list[str]:
    without_code = re.sub(r"^```.*?^```", "", prose, flags=re.M | re.S)
    without_html = re.sub(r"</?(details|summary)[^>]*>", "", without_code)
    return [part for part in re.split(r"\n\s*\n", without_html) if part.strip() and not part.startswith("|")]


def _sentences(prose: str) -> list[str]:
    return [
        sentence
        for part in _paragraphs(prose)
        for item in re.split(r"\n(?=\s*(?:[-*]|\d+\.) )", part)
        for sentence in re.split(r"(?<=[.!?:])\s+(?=[A-Z*(`$])", re.sub(r"^\s*(?:[-*]|\d+\.) ", "", item))
    ]


def _plain(name: str) -> str:
    """Return a name as it is compared: `batches` is `batch`, `Units` is `unit`."""
    low = name.lower()
    return re.sub(r"(?<=[^s])s$", "", re.sub(r"(?<=ch|sh)es$", "", low))
