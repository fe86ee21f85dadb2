"""What the cells of a review notebook call."""

from __future__ import annotations

from datetime import date

from helper.checking.panel import Note
from helper.course import CourseError
from helper.desk import review
from helper.desk.places import find_desk


def recall(question: str, answer: str) -> Note:
    """Take the answer to a question: a letter; of a prediction "yes" or "no", after an empty one showed what is so."""
    desk = find_desk()
    asked = next((item for item in review.questions(desk) if item.id == question), None)
    if asked is None:
        raise CourseError(
            f"There is no question {question!r} any more: write the notebook anew with course review."
        )
    if not answer.strip():
        hint = f'{asked.after}\n\nDid you know? Write "yes" or "no" between the quotes.'
        return Note("Put your letter between the quotes, and run the cell again." if asked.right else hint)
    known, said = (
        review.verdict(asked, answer)
        if asked.right
        else (answer.strip().lower().startswith("y"), asked.after)
    )
    card = review.note(desk, question, known, date.today())
    return Note(f"{said}\nIt comes again on {card.due:%d %B}.")
