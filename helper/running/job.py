"""What is to be run, and what became of it, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from helper.judging.evidence import Failure, Plain

# aside: a cell of the student's own that no mark depends on; such cells come last.
Role = Literal["setup", "exercise", "extra", "check", "aside"]
Status = Literal["ok", "error", "time-out", "out of memory", "printed too much", "crashed", "not run"]


@dataclass(frozen=True)
class Job:
    """What to run: cells as (id, role, source) in order, and the seed of the checks' inputs.

    imports: what the names of the checks mean; without: per check, the names that are off limits; seconds: by id,
    of cells that may take longer than others; ready: by check, inputs that were prepared elsewhere, by their names.
    """

    cells: tuple[tuple[str, Role, str], ...]
    seed: str
    imports: str = ""
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    ready: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class CellRun:
    """What became of one cell.

    output: what it printed, its size capped; error: "NameError: name 'x' is not defined" or ""; line: the
    text of the student's line that raised it.
    """

    status: Status = "not run"
    output: str = ""
    error: str = ""
    line: str = ""


@dataclass(frozen=True)
class Run:
    """What became of a submission.

    evidence: per check, what was shown for each expectation in order, and what ended the check early, if
    anything did. ran: per check, the names off limits that ran. flags: what an instructor may want to look at.
    seconds: what it had of time (see clock.py).
    """

    cells: Mapping[str, CellRun]
    evidence: Mapping[str, tuple[tuple[tuple[str, Plain], ...], Failure | None]]
    flags: tuple[str, ...]
    seconds: float
    ran: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
