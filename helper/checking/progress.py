"""What a student has reached: for each check the best so far and the last verdict, in a file beside the notebook."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helper.checking.panel import REHEARSAL, under_nbgrader

PROGRESS = "progress.json"


@dataclass(frozen=True)
class Reached:
    """What became of one check. best: points; verdict: the last one; opens: what unseals other answers, or ""."""

    best: float
    verdict: str
    opens: str = ""


def read_progress(folder: Path) -> dict[str, Reached]:
    """Return what was reached in a lesson's folder. What cannot be read counts as nothing reached."""
    try:
        data = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        return {str(name): _reached(entry) for name, entry in data.items()}
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {}


def is_damaged(folder: Path) -> bool:
    """Say whether there is a progress file that holds no progress."""
    path = folder / PROGRESS
    try:
        return (
            path.exists() and not read_progress(folder) and path.read_text(encoding="utf-8").strip() != "{}"
        )
    except (OSError, ValueError):
        return True


def note_progress(
    folder: Path, check: str, points: float, verdict: str, opens: str = ""
) -> dict[str, Reached]:
    """Note a check's verdict in a lesson's folder and return all that was reached there.

    A folder that cannot be written is no reason to stop. A damaged file is set aside, not overwritten. What nbgrader,
    `course submit` or the build runs is nobody's progress.
    """
    rehearsed = bool(os.environ.get(REHEARSAL)) or under_nbgrader()
    kept = not rehearsed and folder.parent.name != "solutions"
    if kept and is_damaged(folder):
        _set_aside(folder / PROGRESS)
    done = read_progress(folder)
    before = done.get(check, Reached(0.0, ""))
    done[check] = Reached(max(points, before.best), verdict, opens or before.opens)
    if not kept:
        return done
    part = folder / f".{PROGRESS}.part"
    try:
        part.write_text(json.dumps({name: asdict(entry) for name, entry in done.items()}), encoding="utf-8")
        os.replace(part, folder / PROGRESS)
    except OSError:
        pass
    return done


def so_far(done: Mapping[str, Reached], points: Mapping[str, float]) -> tuple[float, float]:
    """Return the best points so far in a lesson, and all there are. points: what each check is worth."""
    best = sum(min(done[name].best, most) for name, most in points.items() if name in done)
    return round(best, 2), sum(points.values())


def _reached(entry: Any) -> Reached:
    if isinstance(entry, list):  # as the first version of the course wrote it
        return Reached(float(entry[0]), str(entry[1]))
    return Reached(float(entry["best"]), str(entry["verdict"]), str(entry.get("opens", "")))


def _set_aside(path: Path) -> None:
    try:
        os.replace(path, path.with_name("progress-damaged.json"))
    except OSError:
        return
