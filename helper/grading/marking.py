"""Mark one submission: run its canonical notebook, and let the judge compare the evidence with the key.

This is the only road to a mark; `course grade` and `nbgrader autograde` both take it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from helper.grading.handed_in.canonical import Canonical
from helper.grading.handed_in.notebook import printable
from helper.grading.keys import Questions
from helper.grading.order import in_order
from helper.grading.suspicion import suspicions
from helper.judging.evidence import Evidence, Failure
from helper.judging.judge import judge, look_below
from helper.judging.key import Key
from helper.judging.names import Definitions, calls, definitions, forbidden_names
from helper.judging.verdict import NOT_ATTEMPTED, NOT_RUN, RIGHT, Piece, Result, Verdict
from helper.running.job import CellRun, Job, Run
from helper.running.runner import Runner

LONGEST_TEXT = 1000  # characters of one field: it may quote the student
STOPPED_BY = {
    "time-out": "TimeOut",
    "out of memory": "MemoryError",
    "printed too much": "Flooded",
    "crashed": "Crashed",
    "not run": "NotRun",
}
_PLAIN = (RIGHT, NOT_ATTEMPTED, NOT_RUN)  # verdicts to which mistakes add nothing


@dataclass(frozen=True)
class Marked:
    """A marked submission as plain data: what the gradebook, the feedback and the report are made from.

    outputs: what each cell but the checks printed, by cell id; flags: what an instructor may want to look at;
    oddities: what was odd about the submission and did no harm; problem: why nothing could be run, or "".
    """

    lesson: str
    verdicts: tuple[Verdict, ...]
    outputs: Mapping[str, str]
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    problem: str = ""
    oddities: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return round(sum(verdict.points for verdict in self.verdicts), 2)

    @property
    def max(self) -> float:
        return sum(verdict.max for verdict in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Marked:
        verdicts = tuple(map(Verdict.from_json, data["verdicts"]))
        rest = {name: data[name] for name in ("lesson", "outputs", "seconds", "problem")}
        return cls(verdicts=verdicts, flags=tuple(data["flags"]), oddities=tuple(data["oddities"]), **rest)


def mark(notebook: Canonical, questions: Questions, runner: Runner) -> Marked:
    """Run a canonical notebook on the inputs of its own questions and judge every check.

    Raises DisturbedError if its process was ended from outside: then there is nothing to judge.
    """
    key = questions.reference()
    without = {name: check.without for name, check in key.checks.items()}
    longer = {name: check.seconds for name, check in key.checks.items() if check.seconds}
    seconds = {
        cell.id: longer[cell.name] for cell in notebook.to_run if cell.role == "check" and cell.name in longer
    }
    ready = {name: check.ready for name, check in key.checks.items() if check.ready}
    run = runner.run(Job(in_order(notebook), questions.seed, key.imports, without, seconds, ready))
    defined = definitions(notebook.sources())
    evidence = {name: _evidence(notebook, run, name) for name in key.checks}
    verdicts = {name: _verdict(defined, key, name, shown) for name, shown in evidence.items()}
    failed = {name: evidence[name] for name in verdicts if verdicts[name].verdict not in _PLAIN}
    if failed:
        known = questions.with_mistakes(failed)
        verdicts |= {name: _verdict(defined, known, name, shown) for name, shown in failed.items()}
    verdicts_below = _look_below(defined, list(verdicts.values()))
    # What is printed during a check may show its inputs: it is not kept.
    shown = [cell.id for cell in notebook.to_run if cell.role != "check"]
    outputs = {cell_id: run.cells[cell_id].output for cell_id in shown if run.cells[cell_id].output}
    forbids = any(check.without for check in key.checks.values())
    flags = tuple(printable(flag) for flag in (*suspicions(notebook, forbids), *run.flags))
    oddities = tuple(printable(flag) for flag in notebook.flags)
    return Marked(notebook.lesson, verdicts_below, outputs, flags, run.seconds, oddities=oddities)


def _look_below(defined: Definitions, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Tell of answers that call others which are not right."""
    failed = [verdict.check for verdict in verdicts if verdict.verdict != RIGHT]
    return tuple(look_below(verdict, calls(defined, verdict.check, failed)) for verdict in verdicts)


def unmarkable(lesson: str, key: Key, problem: str) -> Marked:
    """Give no points to a submission in which nothing can be run, and say why."""
    verdicts = tuple(
        Verdict(
            name,
            NOT_ATTEMPTED,
            0.0,
            check.points,
            tuple(Result(item.name, item.points, None) for item in check.expectations),
            (Piece("mistake", {"text": problem}),),
        )
        for name, check in key.checks.items()
    )
    return Marked(lesson, verdicts, {}, (), 0.0, problem, (problem,))


def _evidence(notebook: Canonical, run: Run, name: str) -> Evidence:
    shown, failure = run.evidence.get(name, ((), None))
    return Evidence(dict(shown), _failure(notebook, run, name, failure), run.ran.get(name, ()))


def _verdict(defined: Definitions, key: Key, name: str, evidence: Evidence) -> Verdict:
    mentioned = forbidden_names(defined, name, key.checks[name].without)
    verdict = judge(evidence, key.checks[name], key.lesson, mentioned, reveal=False)
    return replace(verdict, pieces=tuple(Piece(piece.kind, _inert(piece.fields)) for piece in verdict.pieces))


def _inert(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make what a student's code may have said harmless to show, and short."""
    return {
        name: printable(value)[:LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _failure(notebook: Canonical, run: Run, name: str, failure: Failure | None) -> Failure | None:
    """Say what really ended a check: the time-out of its cell, or the error of the exercise cell above it."""
    check = next(cell for cell in notebook.cells if cell.role == "check" and cell.name == name)
    exercise = next(cell for cell in notebook.cells if cell.role == "exercise" and cell.name == name)
    for cell, relevant in ((check, True), (exercise, failure is None or failure.kind == "NameError")):
        ended = run.cells.get(cell.id)
        if ended is None or not relevant:
            continue
        if ended.status in STOPPED_BY:
            return Failure(STOPPED_BY[ended.status], "", "")
        if ended.status == "error" and cell is exercise:
            return _error_of(ended)
    ended = run.cells.get(check.id)
    broken = failure is None and ended is not None and ended.status == "error"
    return _error_of(ended) if broken and ended else failure


def _error_of(cell: CellRun) -> Failure:
    kind, _, message = cell.error.partition(": ")
    return Failure(kind, message, cell.line)
