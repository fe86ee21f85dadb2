"""Practice: the key beside the notebook, what has run in this kernel, and the verdict shown at once."""

from __future__ import annotations

import inspect
import linecache
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from helper.checking import shell as ipython
from helper.judging.evidence import Evidence, Plain

_PACKAGE = Path(__file__).resolve().parent.parent
RELEASES = (_PACKAGE / "released", _PACKAGE.parent / "notebooks")  # as `pip install` leaves them, or a clone
_keys: dict[tuple[Path, float], Beside] = {}
_failed: set[tuple[str, str]] = set()  # lesson and name of the checks that did not pass when they last ran
_runs: list[Run] = []


@dataclass(frozen=True)
class Beside:
    """The key that a notebook is checked with, where it lies, and the folder where progress is noted."""

    key: Any
    place: Path
    folder: Path


@dataclass(frozen=True)
class Run:
    """A cell that ran in this kernel: its source as IPython transformed it, its id, and whether it ended well."""

    source: str
    cell: str
    ok: bool


def practice_key(check: str) -> Beside | None:
    """Return the key beside the notebook, or None after saying in one sentence what is missing."""
    from helper.checking import panel
    from helper.judging.key import Key

    searched: list[tuple[Path, str]] = []
    for folder, home in _folders(check):
        if searched and home != folder:
            break  # the notebook lies among another lesson's: better to say so
        path = folder / os.environ.get(panel.REHEARSAL, "key.json")
        try:
            place = (path.resolve(), path.stat().st_mtime)
            if place not in _keys:
                key = Key.load(path)
                if check not in key.checks:
                    searched.append((path, key.lesson))
                    continue
                _keys.clear()
                _keys[place] = Beside(key, folder, home)
            elif check not in _keys[place].key.checks:
                searched.append((path, _keys[place].key.lesson))
                continue
            return _keys[place]
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            panel.cannot_check(
                f"{path} cannot be read, so nothing can be checked. Copy it again from the lesson's folder in "
                "notebooks/."
            )
            return None
    if searched:
        path, lesson = searched[0]
        panel.cannot_check(
            f'{path} belongs to lesson {lesson}, which has no check "{check}". '
            "Put the notebook back into its own lesson's folder in notebooks/."
        )
    else:
        panel.cannot_check(
            f"key.json is missing: it was looked for in {Path.cwd()}, where this notebook's kernel runs. "
            "Copy it from the lesson's folder in notebooks/ to the notebook, or get the folder again."
        )
    return None


def _folders(check: str) -> Iterator[tuple[Path, Path]]:
    """Yield where a key may lie, and where progress is noted then: beside the notebook, wherever the kernel runs.

    Last come the keys that the installation brought: a notebook may have been copied here alone.
    """
    here = Path.cwd()
    yield here, here
    for named in (_shell_names().get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(named, str) and named.endswith(".ipynb"):
            yield (here / named).parent, (here / named).parent
    for pattern in ("work/*/key.json", "notebooks/*/key.json", "*/key.json"):
        for path in sorted(here.glob(pattern)):
            if _holds(path, check):
                yield path.parent, path.parent
    for release in RELEASES:
        for path in sorted(release.glob("*/key.json")):
            if _holds(path, check):
                yield path.parent, here


def _holds(path: Path, check: str) -> bool:
    try:
        return f'"{check}":' in path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


def note_runs() -> None:
    """From now on note in IPython which cells run and whether they end well."""
    shell = ipython.shell()
    if shell is not None and not any(
        item is _note for item in shell.events.callbacks.get("post_run_cell", ())
    ):
        shell.events.register("post_run_cell", _note)


def _note(result: Any) -> None:
    try:
        sources = _shell_names().get("In", [])
        source = sources[-1] if result.info.store_history and sources else result.info.raw_cell
        _runs.append(Run(source, str(getattr(result.info, "cell_id", None) or ""), bool(result.success)))
    except Exception:  # another version of IPython: then nothing is noted
        return


def cells_run() -> list[str]:
    """Return the sources of all cells that ran in this kernel, in order."""
    return [source for source in _shell_names().get("In", []) if isinstance(source, str)]


def show_verdict(
    beside: Beside,
    name: str,
    shown: Evidence,
    changed: Sequence[str],
    flags: tuple[str, ...],
    seconds: float,
    again: Callable[[str], Mapping[str, Plain]],
) -> None:
    """Judge a check, note how far the student is, and show the panel.

    seconds: what the check took; again: gives the answer's evidence under another seed.
    """
    from helper.checking import compare, panel
    from helper.checking.progress import note_progress, read_progress, so_far
    from helper.judging import names as source
    from helper.judging.judge import judge, look_below
    from helper.judging.verdict import RIGHT, Piece

    key, cells = beside.key, cells_run()
    check_key = key.checks[name]
    defined = source.definitions(cells, _reading)
    mentioned = source.forbidden_names(defined, name, check_key.without)
    verdict = judge(shown, check_key, key.lesson, mentioned)
    failed = [other for other in key.checks if (key.lesson, other) in _failed]
    if verdict.verdict == RIGHT:
        _failed.discard((key.lesson, name))
    else:
        verdict = look_below(verdict, source.calls(defined, name, failed))
        _failed.add((key.lesson, name))
    notes = list(verdict.notes)
    if _undefined(shown) in source.bound_in(key.imports):
        notes.append(Piece("from setup"))
    if verdict.verdict != RIGHT and changed:
        notes.append(Piece("settings", {"names": list(changed)}))
    if _cell_failed(name, defined):
        notes.append(Piece("cell failed"))
    runs = [(run.source, run.cell) for run in _runs] or [(cell, "") for cell in cells]
    borrowed = source.borrowed(runs, name, key.examples, _reading)
    if borrowed:
        notes.append(Piece("not in notebook", {"names": list(borrowed)}))
    limit = check_key.seconds or key.seconds
    if limit and seconds > limit:
        notes.append(Piece("slow", {"seconds": f"{seconds:.0f}", "limit": f"{limit:g}"}))
    verdict = replace(verdict, notes=tuple(notes), flags=flags)
    opens, content = "", None
    if verdict.verdict == RIGHT and not os.environ.get(panel.REHEARSAL):
        before = read_progress(beside.folder).get(name)
        opens, content = compare.opened(beside.place, name, before.opens if before else "", again)
    done = note_progress(beside.folder, name, verdict.points, verdict.verdict, opens)
    points = {other: item.points for other, item in key.checks.items()}
    panel.show(verdict, so_far(done, points), compare.others(content))


@lru_cache(maxsize=1000)
def _reading(cell: str) -> Any:
    """Read a cell once: each check looks at all that ran, and reading them took longer than checking."""
    from helper.judging.names import reading

    return reading(cell)


def _undefined(shown: Evidence) -> str:
    """Return the name that nobody had defined when the check ended, or ""."""
    failure = shown.failure
    found = re.search(r"name '(\w+)' is not defined", failure.message) if failure else None
    return found[1] if found else ""


def _cell_failed(exercise: str, defined: Any) -> bool:
    """Say whether the last run of the cell that defines an exercise failed before it came to define it."""
    from helper.judging.names import bound_in

    last = next((run for run in reversed(_runs) if exercise in bound_in(run.source)), None)
    if last is None or last.ok:
        return False
    answer = _shell_names().get(exercise)
    if not inspect.isfunction(answer):
        return True
    return "".join(linecache.getlines(answer.__code__.co_filename)).strip() != last.source.strip()


def _shell_names() -> dict[str, Any]:
    shell = ipython.shell()
    return shell.user_ns if shell is not None else {}
