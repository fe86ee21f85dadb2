"""The proof as a page: for each exercise, what was held against its check and what came of it. Generated only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from helper.authoring.mutants import mutants, survivors
from helper.authoring.proof import try_answers, try_elsewhere
from helper.judging.verdict import MISTAKE
from helper.lessons.key_of import make_key
from helper.lessons.lesson import Answer
from helper.lessons.stage import Stage

COLUMNS = (
    "exercise",
    "right answers",
    "mistakes",
    "mutants killed",
    "answers from elsewhere",
    "told their own mistake",
    "confused",
    "problems",
)


@dataclass(frozen=True)
class Proven:
    """One exercise.

    right, mistakes: answers of the bank; mutants, killed: small changes of the reference, and those that fail;
    elsewhere: answers that no check was tuned for, told: the wrong ones among them that a known mistake was named
    for, of `wrong`; confused: mistakes that would be taken for another if the bank did not have them; problems:
    answers decided or advised wrongly under any seed.
    """

    exercise: str
    right: int
    mistakes: int
    mutants: int
    killed: int
    elsewhere: int
    told: int
    wrong: int
    confused: int
    problems: int


def prove(stage: Stage, seeds: Sequence[str], elsewhere: Iterable[Answer] = ()) -> Iterator[Proven]:
    """Hold against each check of a lesson everything there is."""
    lesson = stage.lesson
    others = list(elsewhere)
    keys = [make_key(stage, seed) for seed in seeds]
    for exercise, cell in lesson.exercises.items():
        tried = [item for key in keys for item in try_answers(stage, key, [exercise])]
        rows = try_elsewhere(stage, keys, [answer for answer in others if answer.exercise == exercise])
        changed = list(mutants(exercise, cell.source))
        alive = survivors(stage, exercise, keys[:3])
        kinds = [answer.kind for answer in lesson.answers if answer.exercise == exercise]
        wrong = [row[0] for row in rows if row[0].answer.kind == "mistake"]
        yield Proven(
            exercise,
            kinds.count("right") + 1,  # the reference
            kinds.count("mistake"),
            len(changed),
            len(changed) - len(alive),
            len(rows),
            sum(item.verdict.verdict == MISTAKE for item in wrong),
            len(wrong),
            len({item.answer.line for item in tried if item.confusion}),
            len({item.answer.line for item in tried if item.problem})
            + sum(any(item.problem for item in row) for row in rows),
        )


def page(lessons: Iterable[tuple[str, str, Sequence[Proven]]], seeds: int) -> str:
    """Return the proof of all lessons as Markdown. lessons: stem, the stamp of what was written, the exercises."""
    parts = [
        "# The proof of the graders",
        f"Written by `course prove`, under {seeds} set{'' if seeds == 1 else 's'} of inputs. Every right answer must "
        "pass, every mistake fail with its own advice and earn at most half unless it has the idea, every small "
        "change of a reference fail. *Confused* counts the mistakes that would be taken for another if the bank did "
        "not have them. The stamp under each lesson is that of its text and bank, as in its `key.json`: where the "
        "two differ, the lesson has changed since, and `make proof` writes this page anew.",
    ]
    for stem, written, rows in lessons:
        parts += [f"## {stem}", f"Proved as of `{written}`.", _table(rows)]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Proven]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for row in rows:
        told = f"{row.told} of {row.wrong}" if row.wrong else ""
        cells = (
            f"`{row.exercise}`",
            row.right,
            row.mistakes,
            f"{row.killed} of {row.mutants}",
            row.elsewhere or "",
            told,
            row.confused or "",
            row.problems,
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
