"""What `course review` does and prints: a few questions in the terminal, or a notebook of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from helper.course import CourseError
from helper.desk import cells, review
from helper.desk.places import Desk, find_desk
from helper.desk.review import Question


def review_lessons(
    *, as_notebook: bool = False, today: date | None = None, ask: Callable[[str], str] = input
) -> int:
    """Ask what is due today. ask: gives what somebody answers to a prompt."""
    desk, today = find_desk(), today or date.today()
    console = Console(highlight=False, soft_wrap=True)
    everything = review.questions(desk)
    if not everything:
        raise CourseError("There is nothing to review yet: it begins when a first check has passed.")
    state = review.read_state(desk)
    drawn = review.draw(everything, state, today)
    if not drawn:
        soonest = min(card.due for card in state.values())
        console.print(f"Nothing is due. Come back on {soonest:%d %B}.")
        return 0
    if as_notebook:
        console.print(f"{len(drawn)} questions in {write_notebook(desk, drawn, today)}")
        return 0
    known = 0
    for number, question in enumerate(drawn, 1):
        console.rule(f"{number} of {len(drawn)} · {question.id.split('/')[0]}")
        console.print(Markdown(question.text))
        try:
            right = _asked(console, question, ask)
        except EOFError:
            console.print("Stopped. What was answered is kept.")
            return 0
        known += right
        card = review.note(desk, question.id, right, today)
        console.print(f"It comes again on {card.due:%d %B}.")
    console.rule()
    console.print(f"{known} of {len(drawn)} known.")
    return 0


def _asked(console: Console, question: Question, ask: Callable[[str], str]) -> bool:
    if question.right:
        right, said = review.verdict(question, ask("Your letter: "))
        console.print(Markdown(said))
        return right
    ask("Decide, then press Enter. ")
    console.print(Markdown(question.after))
    return ask("Did you know? (y/n) ").strip().lower().startswith("y")


def write_notebook(desk: Desk, drawn: list[Question], today: date) -> Path:
    """Write questions as a notebook on the desk: below each a cell that takes the answer."""
    made = [
        _markdown(
            "# Review\n\nPut your letter between the quotes and run the cell. It says when the question comes again."
        )
    ]
    made.append(_code("from helper.desk.recall import recall"))
    for number, question in enumerate(drawn, 1):
        made.append(_markdown(f"## {number} · {question.id.split('/')[0]}\n\n{question.text}"))
        made.append(_code(f'recall("{question.id}", "")'))
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path = desk.work / f"review {today.isoformat()}.ipynb"
    if path.exists():
        return path  # it may hold answers
    for number, cell in enumerate(made):
        cell["id"] = f"review-{number}"
    cells.write(path, {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    return path


def _markdown(text: str) -> cells.Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> cells.Cell:
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
