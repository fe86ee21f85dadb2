"""Questions from lessons done, asked again at growing intervals: what one recalls after days stays."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from helper.checking.progress import Reached
from helper.course import CourseError
from helper.desk import cells, seal
from helper.desk.page import reached
from helper.desk.places import Desk
from helper.files import write_whole
from helper.judging.evidence import seal as sealed_text
from helper.judging.key import CheckKey, Key

DAYS = (1, 3, 7, 21)  # after the first right answer, the second, ...
AT_ONCE = 5
STATE = "review.json"
LETTERS = "abcdefgh"
KINDS = ("choice", "fault", "prediction")


@dataclass(frozen=True)
class Question:
    """Something to recall. kind: choice, an exit question; fault, a program that fails; prediction, what a cell gives.

    text: Markdown; right: the letter, or "" where only the asked can say whether they knew; after: what is told then;
    advice: what is told of a wrong letter.
    """

    id: str
    kind: str
    text: str
    right: str
    after: str
    advice: dict[str, str]


@dataclass(frozen=True)
class Card:
    """When a question comes again. step: how often in a row it was known."""

    step: int
    due: date


def questions(desk: Desk) -> list[Question]:
    """Return all questions of the lessons done so far. What cannot be read of a lesson gives none."""
    found: list[Question] = []
    for stem in desk.lessons:
        done = reached(desk, stem)
        if not any(entry.best > 0 or entry.opens for entry in done.values()):
            continue
        try:
            path = desk.key(stem)
            key = Key.load(path) if path else None
            notebook = cells.read(_text_of(desk, stem))
            sealed = json.loads(path.with_name("again.json").read_text("utf-8"))["sealed"] if path else {}
        except (CourseError, OSError, ValueError, KeyError):
            continue
        if key is not None:
            found += [
                *_choices(key, notebook, done),
                *_faults(key, sealed, done),
                *_predictions(stem, notebook),
            ]
    return found


def draw(
    asked: Sequence[Question], state: dict[str, Card], today: date, most: int = AT_ONCE
) -> list[Question]:
    """Return the questions to ask today: first those that are due, then new ones, of different kinds and lessons."""
    due = [question for question in asked if question.id in state and state[question.id].due <= today]
    due.sort(key=lambda question: state[question.id].due)
    new = [question for question in asked if question.id not in state]
    shuffle = random.Random(today.isoformat())
    shuffle.shuffle(new)
    by_kind = {kind: [question for question in new if question.kind == kind] for kind in KINDS}
    mixed: list[Question] = []
    while any(by_kind.values()):
        mixed += [by_kind[kind].pop() for kind in KINDS if by_kind[kind]]
    return [*due, *mixed][:most]


def answered(card: Card | None, known: bool, today: date) -> Card:
    """Return when a question comes again: later each time it was known, tomorrow if it was not."""
    step = min((card.step if card else 0) + 1, len(DAYS)) if known else 0
    return Card(step, today + timedelta(days=DAYS[max(step - 1, 0)]))


def read_state(desk: Desk) -> dict[str, Card]:
    """Return when each question comes again. A damaged file is set aside, and everything counts as new."""
    path = desk.work / STATE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): Card(int(entry["step"]), date.fromisoformat(entry["due"]))
            for name, entry in data.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        os.replace(path, path.with_name("review-damaged.json"))
        return {}


def note(desk: Desk, question: str, known: bool, today: date) -> Card:
    """Note how a question was answered, and return when it comes again."""
    state = read_state(desk)
    state[question] = answered(state.get(question), known, today)
    data = {name: {"step": card.step, "due": card.due.isoformat()} for name, card in sorted(state.items())}
    write_whole(desk.work / STATE, json.dumps(data, indent=1) + "\n")
    return state[question]


def verdict(question: Question, letter: str) -> tuple[bool, str]:
    """Say whether an answer is right, and what is told of it."""
    letter = letter.strip().strip("\"'().").lower()
    if letter == question.right:
        return True, f"✓ Right. {question.after}".strip()
    said = question.advice.get(letter, "")
    return False, f"✗ Not this one. {said} The answer is {question.right}. {question.after}".replace(
        "  ", " "
    ).strip()


def _text_of(desk: Desk, stem: str) -> Path:
    """Return the notebook to take questions from: the release, which nobody has edited, if it is there."""
    released = desk.released / stem / f"{stem}.ipynb" if desk.released else None
    return released if released and released.exists() else desk.notebook(stem)


def _choices(key: Key, notebook: cells.Notebook, done: dict[str, Reached]) -> Iterator[Question]:
    for name, check in key.checks.items():
        hidden = _only_text(check)
        if not hidden or name not in done or done[name].best < check.points:
            continue
        right = next((letter for letter in LETTERS if sealed_text(letter, key.lesson) == hidden), "")
        text = _text_above(notebook, name)
        if not right or not text:
            continue
        advice = {
            letter: " ".join(mistake.advice)
            for mistake in check.mistakes
            for letter in LETTERS
            if any(
                value.get("text") == sealed_text(letter, key.lesson)
                for value in mistake.evidence.shown.values()
            )
        }
        yield Question(f"{key.lesson}/{name}", "choice", text, right, "", advice)


def _only_text(check: CheckKey) -> str:
    values = [item.value for item in check.expectations]
    return str(values[0]["text"]) if len(values) == 1 and set(values[0]) == {"text"} else ""


def _text_above(notebook: cells.Notebook, name: str) -> str:
    """Return the text between an exercise and the heading above it."""
    above = ""
    for cell in notebook["cells"]:
        if cells.grade_id(cell) == name:
            return re.split(r"^#+ .*\n", above, flags=re.M)[-1].strip()
        above = cells.source(cell) if cell["cell_type"] == "markdown" else ""
    return ""


def _faults(key: Key, sealed: Any, done: dict[str, Reached]) -> Iterator[Question]:
    for name, check in key.checks.items():
        if name not in done or not done[name].opens or name not in sealed:
            continue
        content = seal.unlock(str(sealed[name]["box"]), done[name].opens) or {}
        names = [item.name for item in check.expectations]
        for number, fault in enumerate(content.get("faulty", ())):
            wrong = [names.index(item) for item in fault["wrong"] if item in names]
            if not wrong or len(names) < 2 or len(names) > len(LETTERS):
                continue
            listed = "\n".join(f"- {letter}) {item}" for letter, item in zip(LETTERS, names, strict=False))
            text = (
                f"Somebody wrote this for `{name}` (lesson {key.lesson}). Which of these is the *first* that it does "
                f"not get right, and why?\n\n```python\n{fault['source']}\n```\n\n{listed}"
            )
            yield Question(
                f"{key.lesson}/{name}/{number}",
                "fault",
                text,
                LETTERS[min(wrong)],
                f"What they were told: {fault['advice']}",
                {},
            )


def _predictions(stem: str, notebook: cells.Notebook) -> Iterator[Question]:
    """Yield the predictions of a lesson that are explained below the cell they are about."""
    for before, code, after in zip(
        notebook["cells"], notebook["cells"][1:], notebook["cells"][2:], strict=False
    ):
        asked = re.search(r"\*\*Predict[^*]*\*\*.*", cells.source(before), re.S)
        explained = re.match(
            r"<details><summary>Explain</summary>(.*)</details>\s*\Z", cells.source(after), re.S
        )
        if before["cell_type"] == "markdown" and code["cell_type"] == "code" and asked and explained:
            text = f"{asked[0].strip()}\n\n```python\n{cells.source(code)}\n```"
            yield Question(f"{stem}/{code.get('id', '')}", "prediction", text, "", explained[1].strip(), {})
