"""Which submissions resemble each other more than the task explains. It informs and decides nothing.

What the release says itself does not count, nor what many wrote: a short exercise has one obvious answer. What is
left, words in a row that few wrote, is compared by RapidFuzz.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import Any

from helper.grading.handed_in.notebook import printable, source_of

TOKEN = r"\w+|[^\w\s]"
IN_A_ROW = 5  # words
MOST_COMPARED = 5000  # submissions of a lesson, or the texts alone fill the memory
MOST_SHARED = 50  # people who may share a rare row: pairs grow with their square
COMMON = 0.1  # of the class: what more people than this wrote is common property
ALIKE = 0.6  # from which a pair is shown, between 0 and 1
MOST_PAIRS = 20
LONGEST = 60_000  # characters of one student that are compared
FEWEST = 20  # rows of words in common, or chance may do it


@dataclass(frozen=True)
class Pair:
    """Two students' answers for one lesson. rows: the lines beside each other, and whether they are the same."""

    first: str
    second: str
    lesson: str
    likeness: float
    rows: tuple[tuple[str, str, bool], ...]


def own_text(notebook: Mapping[str, Any], release: Mapping[str, Any]) -> str:
    """Return the code that a student wrote: answers and own cells, without the lines that the release holds."""
    known = {line.strip() for source in _code(release) for line in source.split("\n")}
    lines = [line.rstrip() for source in _code(notebook) for line in source.split("\n")]
    return printable("\n".join(line for line in lines if line.strip() and line.strip() not in known))[
        :LONGEST
    ]


def _code(notebook: Mapping[str, Any]) -> list[str]:
    return [source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def similar(lesson: str, texts: Mapping[str, str]) -> list[Pair]:
    """Return the pairs of students whose texts are alike in what few wrote, the likest first."""
    from rapidfuzz.distance import Indel

    tokens = {student: re.findall(TOKEN, text) for student, text in sorted(texts.items())}
    rows = {student: [hash(row) for row in _rows(words)] for student, words in tokens.items()}
    written = Counter(row for of_student in rows.values() for row in set(of_student))
    most = max(2, min(MOST_SHARED, int(COMMON * len(texts))))
    rare = {student: _rare(tokens[student], rows[student], written, most) for student in tokens}
    pairs = []
    for (first, second), shared in _sharing(rows, written, most).items():
        if shared >= FEWEST:
            likeness = Indel.normalized_similarity(rare[first], rare[second])
            if likeness >= ALIKE:
                pairs.append((likeness, first, second))
    pairs.sort(key=lambda pair: (-pair[0], *pair[1:]))
    return [
        Pair(first, second, lesson, likeness, tuple(_beside(texts[first], texts[second])))
        for likeness, first, second in pairs[:MOST_PAIRS]
    ]


def _rows(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(IN_A_ROW)), strict=False)


def _rare(words: Sequence[str], rows: Sequence[int], written: Mapping[int, int], most: int) -> list[str]:
    """Return the words that stand in a row which few wrote."""
    kept = [False] * len(words)
    for place, row in enumerate(rows):
        if written[row] <= most:
            kept[place : place + IN_A_ROW] = [True] * IN_A_ROW
    return [word for word, keep in zip(words, kept, strict=True) if keep]


def _sharing(
    rows: Mapping[str, Sequence[int]], written: Mapping[int, int], most: int
) -> Counter[tuple[str, str]]:
    """Count for each pair of students the rows of words that both wrote and few others."""
    authors: dict[int, list[str]] = {}
    for student, of_student in rows.items():
        for row in set(of_student):
            if 2 <= written[row] <= most:
                authors.setdefault(row, []).append(student)
    return Counter(pair for students in authors.values() for pair in combinations(students, 2))


def _beside(first: str, second: str) -> Iterator[tuple[str, str, bool]]:
    from rapidfuzz.distance import Indel

    left, right = first.split("\n"), second.split("\n")
    for step in Indel.opcodes(left, right):
        here, there = left[step.src_start : step.src_end], right[step.dest_start : step.dest_end]
        for one, other in zip_longest(here, there, fillvalue=""):
            yield one, other, step.tag == "equal"
