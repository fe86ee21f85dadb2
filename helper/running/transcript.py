"""What a confined process said, read as the words of a stranger.

Two pipes lead out of the sandbox. One carries records, a JSON object per line: cells beginning and ending, and
the evidence of checks. The other carries what was printed. A hostile student can write anything to either, so
nothing here trusts a type, a size, a name or an order. Forging gains nothing that right numbers would not give;
evidence counts only while its own check runs, so that a copied check in another cell cannot displace it.
"""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from helper.judging.evidence import MOST_CHARACTERS, MOST_NUMBERS, Failure, Plain
from helper.judging.names import statements
from helper.running.job import CellRun, Job, Run, Status
from helper.sandbox.limits import Limits

FLOOD = 100  # times the output kept of a cell: nobody prints that much on purpose
MOST_FLAGS = 20
_MOST_EXPECTATIONS = 1000
_DEEPEST = 64
_MOST_DIMENSIONS = 64  # as many as a tensor can have
_BROKE_OFF = ("time-out", "out of memory", "printed too much", "crashed")
_ENDINGS = ("ok", "error", "time-out", "out of memory")
# torch says it in its own words, as a RuntimeError.
_NO_MEMORY = re.compile(r"can't allocate memory|not enough memory|MemoryError|Cannot allocate memory")


@dataclass
class _Cell:
    checks: frozenset[str]
    mentions: bool  # it calls check() itself, as an honest copy of a check does
    status: Status = "not run"
    error: str = ""
    line: str = ""
    output: bytearray = field(default_factory=bytearray)
    printed: int = 0


class Transcript:
    """The state of a job as far as its process has told it. `mark` separates cells in the printed stream."""

    def __init__(self, job: Job, limits: Limits, mark: str) -> None:
        self.limits = limits
        self.current: str | None = None
        self.finished = False
        self.last = ""
        self.flags: list[str] = []
        self._mark = f"\0{mark}:".encode()
        self._cells = {
            cell_id: _Cell(_checks_in(source) if role == "check" else frozenset(), "check(" in source)
            for cell_id, role, source in job.cells
        }
        self._ids = [cell_id for cell_id, _, _ in job.cells]
        self._aside = {cell_id for cell_id, role, _ in job.cells if role == "aside"}
        self._begun = -1  # the number of the cell that began last, in this process
        self._printed = 0  # bytes of output kept, of all cells
        self._shown: dict[str, dict[str, Plain]] = {}
        self._ended: dict[str, Failure | None] = {}
        self._without = job.without
        self._seconds = job.seconds
        self._ran: dict[str, set[str]] = {}
        self._left_out: set[str] = set()
        self._heard = self._read = 0  # bytes of records, and of text since the last mark
        self._kept = 0  # bytes of evidence, of all processes together
        self._record = bytearray()
        self._too_long = False
        self._stream = bytearray()
        self._printing: str | None = None

    @property
    def cell_seconds(self) -> float:
        """How long the cell that runs may take."""
        return self._seconds.get(self.current or "", self.limits.cell_seconds)

    @property
    def flooding(self) -> bool:
        """Say whether the process has said or printed so much that listening on is pointless."""
        return self._heard > self.limits.evidence_bytes or self._read > FLOOD * self.limits.output_bytes

    @property
    def to_skip(self) -> list[str]:
        """The cells that a fresh process need not run again: those that broke one, and finished checks."""
        return [
            name
            for name, cell in self._cells.items()
            if cell.status in _BROKE_OFF
            or name in self._left_out
            or (cell.checks and cell.status != "not run" and cell.checks <= set(self._ended))
        ]

    @property
    def decided(self) -> bool:
        """Say whether all that marks depend on is told: only cells set aside are left."""
        return all(
            cell.status != "not run" or name in self._aside or name in self._left_out
            for name, cell in self._cells.items()
        )

    def restart(self) -> None:
        """Prepare for a fresh process that runs the job again. What was shown is kept."""
        self.current, self.finished, self._heard, self._read = None, False, 0, 0
        self._record, self._too_long, self._printing = bytearray(), False, None
        self._begun = -1
        self._stream.clear()

    def leave_out(self) -> None:
        """Skip the last cell from now on: what it left behind would hamper the cells after it."""
        self._left_out.add(self.last)

    def stop(self, status: Status, error: str) -> None:
        """Say why the cell that was running, or else the last one, ended the process."""
        name = self.current or self.last or (self._ids[0] if self._ids else "")
        if name:
            self._cells[name].status, self._cells[name].error = status, error
        self.current = None

    def flag(self, text: str) -> None:
        """Note something for the instructor, once."""
        line = f"{self.current or self.last}: {text}".removeprefix(": ")
        if line not in self.flags and len(self.flags) < MOST_FLAGS:
            self.flags.append(line)

    def hear(self, data: bytes) -> None:
        """Take bytes from the pipe of records."""
        self._heard += len(data)
        if self.flooding:
            return
        longest = self.limits.evidence_bytes // 4
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._record += line
            if not self._too_long and len(self._record) <= longest:
                self._take(bytes(self._record))
            self._record, self._too_long = bytearray(), False
        self._record += rest
        if len(self._record) > longest:
            self._record, self._too_long = bytearray(), True

    def read(self, data: bytes, *, last: bool = False) -> None:
        """Take bytes from the printed stream; `last` says that no more will come."""
        self._read += len(data)
        self._stream += data
        while (at := self._stream.find(self._mark)) >= 0 and (end := self._stream.find(b"\n", at)) >= 0:
            self._print(self._stream[:at])
            name = self._id(_number(self._stream[at + len(self._mark) : end]))
            if name is not None:
                self._printed -= len(self._cells[name].output)
                self._cells[name].output.clear()
                self._cells[name].printed = self._read = 0
                self._printing = name
            del self._stream[: end + 1]
        # Hold back what may be the start of a mark.
        keep = (
            0 if last else len(self._stream) - at if at >= 0 else min(len(self._stream), len(self._mark) - 1)
        )
        if at >= 0 and keep > len(self._mark) + 20:
            keep = 0  # no mark after all: a mark's number is short
        whole = len(self._stream) - keep
        self._print(self._stream[:whole])
        del self._stream[:whole]

    def to_run(self, seconds: float) -> Run:
        cells = {name: self._cell_run(cell) for name, cell in self._cells.items()}
        evidence = {
            name: (tuple(self._shown.get(name, {}).items()), self._ended.get(name))
            for name in {**self._shown, **self._ended}
        }
        ran = {name: tuple(sorted(names)) for name, names in self._ran.items()}
        return Run(cells, evidence, tuple(self.flags), seconds, ran)

    def _take(self, line: bytes) -> None:
        if not line:
            return
        try:
            record = _clean(json.loads(line, parse_constant=_refuse))
        except (ValueError, RecursionError):
            return
        if not isinstance(record, dict):
            return
        if "check" in record:
            self._take_evidence(record, len(line))
        elif "begin" in record:
            # One after the other: a cell that says another has begun does not set its own clock back.
            name = self._id(record["begin"])
            if name is not None and self.current is None and record["begin"] > self._begun:
                self.current = self.last = name
                self._begun = record["begin"]
        elif "end" in record:
            name = self._id(record["end"])
            if name is not None and name == self.current:
                cell, self.current = self._cells[name], None
                status = record.get("status")
                if not (status == "ok" and cell.status == "out of memory"):  # known from its evidence
                    cell.status = status if status in _ENDINGS else "error"
                cell.error, cell.line = _short(record.get("error")), _short(record.get("line"))
                if cell.status == "error" and _NO_MEMORY.search(cell.error):
                    cell.status = "out of memory"
        elif "flag" in record:
            self.flag(_short(record["flag"])[:200])
        elif "finished" in record:
            self.finished = True

    def _take_evidence(self, record: dict[str, Any], size: int) -> None:
        name, cell = record["check"], self._cells.get(self.current or "")
        if not isinstance(name, str) or cell is None or name not in cell.checks:
            if cell is None or not cell.mentions:
                self.flag("evidence was handed in outside its check; it does not count")
            return
        self._kept += size
        if name in self._ended or self._kept > self.limits.evidence_bytes:
            return
        shown = self._shown.setdefault(name, {})
        ran = record.get("ran")
        if isinstance(ran, list):
            allowed = set(self._without.get(name, ()))
            self._ran.setdefault(name, set()).update(item for item in allowed if item in ran)
        if record.get("done") is True:
            for text in record.get("flags") or () if isinstance(record.get("flags"), list) else ():
                self.flag(f"the answer {_short(text)[:100]} while its check ran")
            self._ended[name] = failure = _failure(record.get("failure"))
            if failure is not None and failure.kind == "MemoryError":
                cell.status = "out of memory"
            return
        expectation, value = record.get("expect"), record.get("value")
        if isinstance(expectation, str) and isinstance(value, dict) and len(shown) < _MOST_EXPECTATIONS:
            shown.setdefault(expectation[:MOST_CHARACTERS], value)

    def _id(self, number: Any) -> str | None:
        valid = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(self._ids)
        return self._ids[number] if valid else None

    def _print(self, data: bytes | bytearray) -> None:
        if self._printing is not None and data:
            cell = self._cells[self._printing]
            room = min(
                self.limits.output_bytes - len(cell.output), self.limits.all_output_bytes - self._printed
            )
            kept = data[: max(0, room)]
            cell.output += kept
            cell.printed += len(data)
            self._printed += len(kept)

    def _cell_run(self, cell: _Cell) -> CellRun:
        output = _text(cell.output.decode("utf-8", "replace"))
        if cell.printed > len(cell.output):
            most = " or more" if cell.printed > FLOOD * self.limits.output_bytes else ""
            output += f"\n[cut here: {cell.printed:,} bytes{most} were printed]\n"
        return CellRun(cell.status, output, cell.error, cell.line)


@lru_cache
def _checks_in(source: str) -> frozenset[str]:
    """Return the names of the checks that a cell of the release holds."""
    return frozenset(
        node.args[0].value
        for statement in statements(source)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "check"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def _failure(raw: Any) -> Failure | None:
    if not isinstance(raw, list):
        return None
    kind, message, line = [_short(part) for part in [*raw[:3], "", "", ""]][:3]
    return Failure("MemoryError" if _NO_MEMORY.search(f"{kind}: {message}") else kind, message, line)


def _clean(value: Any, depth: int = 0) -> Any:
    """Rebuild what JSON gave so that it can be stored anywhere. Raises ValueError for what never can."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        shape = value.get("shape")
        if isinstance(shape, list) and len(shape) > _MOST_DIMENSIONS:
            raise ValueError("more dimensions than any tensor: reckoning with them could take for ever")
        if len(value) > MOST_NUMBERS:
            raise ValueError("more names than any evidence")
        return {_text(name[:MOST_CHARACTERS]): _clean(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        if len(value) > MOST_NUMBERS:
            raise ValueError("longer than any list in evidence")
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, str):
        return _text(value[:MOST_CHARACTERS])
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number that JSON knows")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("larger than any number in evidence: reckoning with it could take for ever")
    return value


def _text(text: str) -> str:
    """Take out what files and databases cannot hold: NUL and halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _short(value: Any) -> str:
    return value[:MOST_CHARACTERS] if isinstance(value, str) else ""


def _number(digits: bytes | bytearray) -> int | None:
    return int(digits) if digits.isdigit() and len(digits) < 9 else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
