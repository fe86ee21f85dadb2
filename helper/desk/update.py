"""Lay lessons out on the desk, and bring their new versions there. Nothing of a student's is ever overwritten."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from helper.course import CourseError
from helper.desk import cells
from helper.desk.merge import merge
from helper.desk.places import Desk

BESIDE = ("key.json", "again.json")  # what lies beside a notebook and belongs to its version


def lay_out(desk: Desk) -> list[str]:
    """Bring every released lesson to the desk, and return a sentence for each that somebody may want to know.

    A lesson that is not there yet is copied; one of another version is merged with the answers in it, and the
    notebook as it was is kept in `earlier/`; answers written into the release itself are taken along.
    """
    said: list[str] = []
    if desk.released is None or desk.released == desk.work:
        return said
    for folder in sorted(path.parent for path in desk.released.glob("*/key.json")):
        try:
            said += _lay_out(desk, folder)
        except CourseError as error:
            said.append(str(error))
    return said


def take_along(released: Path, desk: Desk) -> str:
    """Copy answers that were written into a released notebook itself to the desk. Returns a sentence, or "".

    released: the notebook in notebooks/. Where the desk has this lesson already, the copy goes to `earlier/`.
    """
    stem = released.parent.name
    if not released.exists():
        return ""
    mine = desk.notebook(stem)
    try:
        notebook = cells.read(released)
    except CourseError:
        if _is_kept(mine.parent, released):
            return ""
        return f"{stem}: {released} cannot be read. A copy of it is {keep(released, mine.parent)}."
    if not cells.holds_work(notebook):
        return ""
    if not mine.exists():
        _copy(released.parent, mine.parent)
        return f"{stem}: the answers in {released.parent.parent.name}/ are in {mine} now: go on there."
    if cells.read(mine)["cells"] == notebook["cells"] or _is_kept(mine.parent, released):
        return ""
    kept = keep(released, mine.parent)
    return (
        f"{stem}: there are other answers in {released} than in {mine}. A copy of them is {kept}: "
        "take over what you need."
    )


def keep(path: Path, folder: Path) -> Path:
    """Copy a notebook to `earlier/` in a lesson's folder, under the time it was last saved. Returns the copy."""
    saved = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d %H.%M.%S")
    earlier = folder / "earlier"
    target = earlier / f"{path.stem} {saved}.ipynb"
    try:
        earlier.mkdir(parents=True, exist_ok=True)
        number = 1
        while target.exists() and target.read_bytes() != path.read_bytes():
            number += 1
            target = earlier / f"{path.stem} {saved} ({number}).ipynb"
        shutil.copyfile(path, target)
    except OSError as error:
        raise CourseError(
            f"{path} could not be kept in {earlier} ({error.strerror}), so nothing was changed: make room there."
        ) from error
    return target


def _lay_out(desk: Desk, folder: Path) -> list[str]:
    stem = folder.name
    released, mine = folder / f"{stem}.ipynb", desk.notebook(stem)
    said = [sentence for sentence in [take_along(released, desk)] if sentence]
    if not mine.exists():
        _copy(folder, mine.parent)
        return said
    new, old = cells.read(released), cells.read(mine)
    if cells.holds_work(new):
        return said  # what is released holds somebody's answers: no version to bring
    if cells.version(new) != cells.version(old):
        keep(mine, mine.parent)
        cells.write(mine, merge(new, old))
        said.append(
            f"{stem}: the lesson has a new version and your answers are in it. The one before lies in "
            f"{mine.parent / 'earlier'}."
        )
    for name in BESIDE:  # also mends one that was damaged or lost
        _copy_file(folder / name, mine.parent / name)
    return said


def _copy(folder: Path, target: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            _copy_file(path, target / path.name)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file whole or not at all; one that is the same already is left alone."""
    if not source.exists() or (target.exists() and target.read_bytes() == source.read_bytes()):
        return
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CourseError(f"{target} could not be written: {error.strerror}. Make room there.") from error


def _is_kept(folder: Path, path: Path) -> bool:
    return any(kept.read_bytes() == path.read_bytes() for kept in (folder / "earlier").glob("*.ipynb"))


def release_untouched(root: Path) -> None:
    """Put back the released notebooks that git finds changed, once what was written in them is kept on the desk.

    Only what `take_along` has kept, or what holds no answer (a notebook that was merely run), is put back: so that
    a pull is not stopped by it.
    """
    desk = Desk(root / "work", root / "notebooks")
    for path in sorted((root / "notebooks").glob("*/*.ipynb")):
        if path.stem != path.parent.name:
            continue
        mine = desk.notebook(path.stem)
        try:
            notebook = cells.read(path)
            kept = (
                not cells.holds_work(notebook) or _is_kept(mine.parent, path) or cells.read(mine) == notebook
            )
        except CourseError:
            kept = _is_kept(mine.parent, path)
        if kept:
            subprocess.run(
                ["git", "checkout", "--quiet", "--", str(path.relative_to(root))],
                cwd=root,
                capture_output=True,
                check=False,
            )
