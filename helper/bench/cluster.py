"""Measure what marking on other hosts costs: hosts are namespaces of this machine, so it has no more processors."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from helper.bench.hosts import SCHEDULER_PORT, Hosts
from helper.course import Course
from helper.grading.classroom import Classroom
from helper.grading.example_class import write_class

LESSON = "02_cross_entropy"
WORKERS = (1, 2, 4)
FEW, MANY = 8, 60  # submissions: to get warm, and to measure


@dataclass(frozen=True)
class Throughput:
    """What one more submission costs with so many workers of one processor each; 0 workers: here, one processor.

    seconds: that pass; received, sent: bytes of all workers together, heads of packets included.
    """

    workers: int
    seconds: float
    received: float
    sent: float


def throughput(course: Course, lesson: str, tell: Callable[[str], Any]) -> list[Throughput]:
    """Mark a small class here and on 1, 2 and 4 hosts."""
    names = [f"worker-{number}" for number in range(1, max(WORKERS) + 1)]
    with tempfile.TemporaryDirectory() as name, Hosts("desk", *names) as hosts:
        for size in (FEW, MANY):
            write_class(Classroom(Path(name) / str(size), course), size, only=[lesson])
        shutil.copytree(name, hosts["desk"].inside("/tmp/classes"))
        desk = hosts["desk"]
        address = f"tcp://{desk.address}:{SCHEDULER_PORT}"
        found = [_grade(hosts, 0, MANY, ["--workers", "1"])]
        desk.scheduler()
        for workers in WORKERS:
            for number in range(found[-1].workers, workers):
                hosts[names[number]].worker(address)
            _grade(hosts, workers, FEW, ["--scheduler", address])  # everybody gets warm
            found.append(_grade(hosts, workers, MANY, ["--scheduler", address]))
            tell(f"{workers} workers measured")
    return found


def _grade(hosts: Hosts, workers: int, size: int, words: list[str]) -> Throughput:
    """Mark a class of a size, and return what passes between its first mark and its last."""
    desk, room = hosts["desk"], f"/tmp/{workers}-{size}"
    words = ["grade", f"/tmp/classes/{size}/submitted", "--classroom", room, *words]
    process = desk.start(desk.python("helper.cli", *words), log=f"{room}.log")
    ledger = desk.inside(f"{room}/.grading/ledger.jsonl")
    looks: list[tuple[int, float, int, int]] = []
    while process.poll() is None and (not looks or looks[-1][0] < size):
        done = ledger.read_bytes().count(b"\n") if ledger.exists() else 0
        if done and (not looks or done > looks[-1][0]):
            ways = [hosts[f"worker-{number}"].traffic() for number in range(1, max(WORKERS) + 1)]
            looks.append((done, time.monotonic(), sum(way[0] for way in ways), sum(way[1] for way in ways)))
        time.sleep(0.02)
    if process.wait():
        raise RuntimeError(desk.said(f"{room}.log"))
    first, last = looks[0], looks[-1]
    more = last[0] - first[0]
    seconds, received, sent = ((last[place] - first[place]) / more for place in (1, 2, 3))
    return Throughput(workers, seconds, received, sent)


def run(course: Course, simulated: Sequence[int], figures: Path | None) -> int:
    """Measure and print everything about several hosts; write the figures down if asked to."""
    console = Console(highlight=False, soft_wrap=True)
    rows = throughput(course, LESSON, console.print)
    for row in rows:
        console.print(
            f"{row.workers or 'No'} workers elsewhere: {row.seconds:.3f} s for one more submission of {LESSON}, "
            f"{row.received:,.0f} bytes to the workers and {row.sent:,.0f} back"
        )
    large = [_simulated(course, count, console) for count in simulated]
    data = {
        "lesson": LESSON,
        "processors": len(os.sched_getaffinity(0)),
        "throughput": [asdict(row) for row in rows],
        "simulations": large,
    }
    if figures:
        figures.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return max(int(one["code"]) for one in large)


def _simulated(course: Course, count: int, console: Console) -> dict[str, Any]:
    from helper.bench.simulation import simulate

    place = Path(tempfile.mkdtemp(prefix="simulated-"))
    try:
        large = simulate(course, LESSON, count, place, lambda text: None)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    short = summary(asdict(large))
    held = ", ".join(f"{size:.0f} MB at {share}" for share, size in short["grader"].items())
    console.print(
        f"{count} submissions whose workers answer at once: {large.seconds:.0f} s; the grader held {held}, the "
        f"scheduler at most {short['scheduler_most']:.0f} MB; gradebook {large.gradebook:.0f} MB, classroom "
        f"{large.classroom:.0f} MB"
    )
    return short


def summary(simulated: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a simulation: what the grader and the scheduler held on the way, not every look."""
    looks = [look for look in simulated["looks"] if look["done"] > 0]
    held = {
        f"{share:.0%}": next(
            look["held"] for look in looks if look["done"] >= share * simulated["submissions"] * 0.99
        )
        for share in (0.1, 0.5, 1.0)
    }
    rest = {name: value for name, value in simulated.items() if name != "looks"}
    marking = (
        looks[-1]["seconds"]
        if not looks
        else next(look["seconds"] for look in looks if look["done"] >= 0.99 * simulated["submissions"])
        - looks[0]["seconds"]
    )
    return rest | {
        "marking_seconds": marking,
        "spent": simulated["looks"][-1]["spent"],
        "grader": held,
        "grader_most": max(look["held"] for look in simulated["looks"]),
        "scheduler_most": max(look["scheduler"] for look in simulated["looks"]),
    }


PLANNED = (10_000, 1_000_000)
PROCESSORS = 64  # of the workers in the plan


def plan(figures: dict[str, Any]) -> str:
    """Return a table, in Markdown, of what large classes cost, computed from figures that were measured."""
    one = next(row for row in figures["throughput"] if row["workers"] == 1)
    small, large = figures["simulations"][0], figures["simulations"][-1]
    count = large["submissions"]
    more = count - small["submissions"]
    per_mb = {name: large[name] / count for name in ("gradebook", "classroom", "ledger")}

    def held(whose: str, n: int) -> str:
        growth = max(0.0, large[whose] - small[whose]) / more if more else 0.0
        return _size(large[whose] + (n - count) * growth)

    rows = [
        ("marking on one processor", lambda n: _time(n * one["seconds"])),
        (f"marking on {PROCESSORS} processors", lambda n: _time(n * one["seconds"] / PROCESSORS)),
        ("everything else, on the grader's machine", lambda n: _time(n * large["seconds"] / count)),
        ("over the network, to workers", lambda n: _size(n * one["received"] / 2**20)),
        ("over the network, from workers", lambda n: _size(n * one["sent"] / 2**20)),
        ("memory of the grader", lambda n: held("grader_most", n)),
        ("memory of the scheduler", lambda n: held("scheduler_most", n)),
        ("gradebook in PostgreSQL", lambda n: _size(n * per_mb["gradebook"])),
        ("ledger", lambda n: _size(n * per_mb["ledger"])),
        ("classroom on the disk, with pages and ledger", lambda n: _size(n * per_mb["classroom"])),
    ]
    lines = ["| | " + " | ".join(f"{count:,} submissions" for count in PLANNED) + " |"]
    lines += ["|---|" + "---|" * len(PLANNED)]
    lines += [f"| {name} | " + " | ".join(cost(count) for count in PLANNED) + " |" for name, cost in rows]
    return "\n".join(lines) + "\n"


def measured(figures: dict[str, Any]) -> str:
    """Return a table, in Markdown, of what was measured for one more submission."""
    lines = ["| workers | seconds for one more | bytes to workers | bytes back |", "|---|---|---|---|"]
    lines += [
        f"| {row['workers'] or 'none: here, one process'} | {row['seconds']:.3f} | {row['received']:,.0f} | "
        f"{row['sent']:,.0f} |"
        for row in figures["throughput"]
    ]
    return "\n".join(lines) + "\n"


def simulated(figures: dict[str, Any]) -> str:
    """Return a table, in Markdown, of the classes whose workers answered at once."""
    heads = (
        "submissions",
        "minutes",
        "of these, the grader's own work",
        "grader held at 10 %",
        "at 50 %",
        "at 100 %",
    )
    lines = ["| " + " | ".join((*heads, "at most")) + " |", "|---|" + "---|" * len(heads)]
    for one in figures["simulations"]:
        held = " | ".join(_size(size) for size in (*one["grader"].values(), one["grader_most"]))
        times = " | ".join(f"{seconds / 60:.1f}" for seconds in (one["seconds"], one["spent"]))
        lines.append(f"| {one['submissions']:,} | {times} | {held} |")
    return "\n".join(lines) + "\n"


def fill(text: str, figures: dict[str, Any]) -> str:
    """Put the tables between their marks in a document."""
    for name, table in (
        ("measured", measured(figures)),
        ("simulated", simulated(figures)),
        ("plan", plan(figures)),
    ):
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{table}{end}{rest.partition(end)[2]}" if rest else before
    return text


def load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _time(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def _size(megabytes: float) -> str:
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1024 else f"{megabytes:.0f} MB"
