"""Which submissions resemble each other more than the task explains. It informs and decides nothing.

What the release says itself does not count, nor what many wrote: a short exercise has one obvious answer. Rare
words in a row are weighed by how rare they are (scikit-learn's tf-idf over n-grams of tokens).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helper.grading.handed_in.notebook import printable, source_of

TOKEN = r"\w+|[^\w\s]"
WORDS_IN_A_ROW = (4, 6)
COMMON = 0.1  # of the class: what more people than this wrote is common property
ALIKE = 0.6  # the cosine from which a pair is shown
MOST_PAIRS = 20
LONGEST = 60_000  # characters of one student that are compared
FEWEST_TOKENS = 20  # in common, or chance may do it


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
    """Return the pairs of students whose texts are alike, the likest first."""
    students = [
        student for student, text in sorted(texts.items()) if len(re.findall(TOKEN, text)) >= FEWEST_TOKENS
    ]
    if len(students) < 2:
        return []
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    most = max(2, int(COMMON * len(students)))
    vectorizer = TfidfVectorizer(
        token_pattern=TOKEN,
        ngram_range=WORDS_IN_A_ROW,
        lowercase=False,
        min_df=1,
        max_df=most,
        sublinear_tf=True,
    )
    try:
        matrix = vectorizer.fit_transform([texts[student] for student in students])
    except ValueError:  # nothing is left that is not common
        return []
    # Who wrote little of their own beside the common must not be alike by that little.
    enough = np.asarray((matrix > 0).sum(axis=1)).ravel() >= FEWEST_TOKENS
    likeness = (matrix @ matrix.T).tocoo()
    pairs = [
        (float(value), int(i), int(j))
        for value, i, j in zip(likeness.data, likeness.row, likeness.col, strict=True)
        if i < j and value >= ALIKE and enough[i] and enough[j]
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [
        Pair(students[i], students[j], lesson, value, tuple(_beside(texts[students[i]], texts[students[j]])))
        for value, i, j in pairs[:MOST_PAIRS]
    ]


def _beside(first: str, second: str) -> Sequence[tuple[str, str, bool]]:
    left, right = first.split("\n"), second.split("\n")
    rows: list[tuple[str, str, bool]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        size = max(b - a, d - c)
        lines = zip([*left[a:b], *[""] * (size - b + a)], [*right[c:d], *[""] * (size - d + c)], strict=True)
        rows += [(one, other, kind == "equal") for one, other in lines]
    return rows
