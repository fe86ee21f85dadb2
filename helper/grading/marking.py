"""Mark one submission: run its canonical notebook, and let the judge compare the evidence with the key.

This is the only road to a mark; `course grade` and `nbgrader autograde` both take it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from helper.grading.handed_in.notebook import Canonical, printable
from helper.grading.suspicion import suspicions
from helper.judging.evidence import Evidence, Failure
from helper.judging.judge import judge, look_below
from helper.judging.key import Key
from helper.judging.names import Definitions, calls, definitions, forbidden_names
from helper.judging.verdict import NOT_ATTEMPTED, RIGHT, Result, Verdict
from helper.running.runner import Runner
from helper.running.transcript import CellRun, Job, Role, Run

LONGEST_ADVICE = 2000  # characters: it may quote the student
STOPPED_BY = {
    "time-out": "TimeOut",
    "out of memory": "MemoryError",
    "crashed": "Crashed",
    "not run": "NotRun",
}


@dataclass(frozen=True)
class Marked:
    """A marked submission as plain data: what the gradebook, the feedback and the report are made from.

    outputs: what each cell but the checks printed, by cell id; problem: why nothing could be run, or "".
    """

    lesson: str
    verdicts: tuple[Verdict, ...]
    outputs: Mapping[str, str]
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    problem: str = ""

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
        verdicts = tuple(
            Verdict(
                item["check"],
                item["verdict"],
                item["points"],
                item["max"],
                tuple(Result(**result) for result in item["results"]),
                tuple(item["advice"]),
            )
            for item in data["verdicts"]
        )
        rest = {name: data[name] for name in ("lesson", "outputs", "seconds", "problem")}
        return cls(verdicts=verdicts, flags=tuple(data["flags"]), **rest)


def mark(notebook: Canonical, key: Key, runner: Runner) -> Marked:
    """Run a canonical notebook under the key's seed and judge every check of the key."""
    roles: dict[str, Role] = {"setup": "setup", "exercise": "exercise", "extra": "extra", "check": "check"}
    cells = ((cell.id, roles[cell.role], cell.source) for cell in notebook.to_run)
    longer = {name: check.seconds for name, check in key.checks.items() if check.seconds}
    seconds = {
        cell.id: longer[cell.name] for cell in notebook.to_run if cell.role == "check" and cell.name in longer
    }
    job = Job(tuple(cells), key.seed, seconds)
    run = runner.run(job)
    defined = definitions(notebook.sources())
    verdicts = _look_below(defined, [_verdict(notebook, defined, key, run, name) for name in key.checks])
    # What is printed during a check may show the secret inputs: it is not kept.
    shown = [cell.id for cell in notebook.to_run if cell.role != "check"]
    outputs = {cell_id: run.cells[cell_id].output for cell_id in shown if run.cells[cell_id].output}
    forbids = any(check.without for check in key.checks.values())
    flags = (*notebook.flags, *suspicions(notebook, forbids), *run.flags)
    return Marked(notebook.lesson, verdicts, outputs, tuple(printable(flag) for flag in flags), run.seconds)


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
            (problem,),
        )
        for name, check in key.checks.items()
    )
    return Marked(lesson, verdicts, {}, (problem,), 0.0, problem)


def _verdict(notebook: Canonical, defined: Definitions, key: Key, run: Run, name: str) -> Verdict:
    shown, failure = run.evidence.get(name, ((), None))
    evidence = Evidence(dict(shown), _failure(notebook, run, name, failure))
    forbidden = forbidden_names(defined, name, key.checks[name].without)
    verdict = judge(evidence, key.checks[name], key.lesson, forbidden, reveal=False)
    return replace(verdict, advice=tuple(printable(text)[:LONGEST_ADVICE] for text in verdict.advice))


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


def with_flag(marked: Marked, *flags: str) -> Marked:
    return replace(marked, flags=(*marked.flags, *flags))
