"""Build a lesson: text -> key -> executed reference notebook -> release. Nothing is half-written."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from helper import results
from helper.authoring.frame import framed, off_limits
from helper.course import Course
from helper.desk.cells import mark_as_released
from helper.desk.places import Desk
from helper.desk.update import BESIDE, take_along
from helper.judging.key import Key
from helper.judging.names import cell_id
from helper.lessons.lesson import Cell, Lesson, LessonError, stems, written_hash
from helper.made_of import code_hash, imported
from helper.nbgrading.metadata import check_id, noted

FIGURE = re.compile(r"(!\[[^\]]*\])\(\.\./img/([^)\s]+)\)")
CELL_SECONDS = 120
LONG = 12  # lines: a longer check is folded, ballast for who reads on and a click away for others
YOURS = "nbval-ignore-output"  # the tag of a cell that shows the reader's own machine or work, and not the author's
# Where libraries lie on the author's machine, as a traceback shows it: perhaps after a colour.
INSTALLED = re.compile(r"(\x1b\[[\d;]*m)?[^\s\x1b]*[/\\]site-packages[/\\]")


def stale(course: Course, lessons: Iterable[str] | None = None) -> list[str]:
    """Return one sentence for each lesson whose built files are not those of its text and of the code that makes them.

    Reads and hashes only: nothing is imported, nothing runs.
    """
    complaints = []
    for stem in lessons or stems(course.solutions):
        stamps = written_hash(course.solutions, stem), made_hash(course.solutions, stem)
        places = [folder / stem / f"{stem}.ipynb" for folder in (course.solutions, course.notebooks)]
        keys = [folder / stem / name for folder in (course.solutions, course.notebooks) for name in BESIDE]
        if not all(_mentions(path, stamp) for path in (*places, *keys) for stamp in stamps):
            complaints.append(f'{stem} is stale: run "course build {stem}".')
    return complaints


def made_hash(solutions: Path, stem: str) -> str:
    """Hash the code that makes a lesson's notebook and key: what builds it, and what its own cells import of ours."""
    text = (solutions / f"{stem}.py").read_text(encoding="utf-8")
    roots = {"helper.authoring.build"}
    for cell in text.split("\n# %%"):
        with suppress(SyntaxError):  # a magic: it imports nothing of ours
            roots.update(imported(ast.parse(f"# %%{cell}")))
    return code_hash(roots)


def build(course: Course, stem: str, *, force: bool = False) -> list[str]:
    """Build one lesson and return what its graders' proof has to complain about (then nothing was written).

    Raises LessonError if the text cannot be built, or if the built notebook was edited in Jupyter since.
    """
    from helper.authoring.proof import try_answers
    from helper.authoring.sealed import sealed_answers
    from helper.lessons.key_of import make_again, make_key
    from helper.lessons.lesson import read
    from helper.lessons.stage import Stage
    from helper.nbgrading.release import release

    lesson = read(course.solutions, stem)
    target = course.solutions / stem / f"{stem}.ipynb"
    if not force and edited(target):
        raise LessonError(
            f'{target} was edited in Jupyter: run "course absorb {target}" to keep the edit, '
            f'or "course build --force {stem}" to drop it.'
        )
    stage = Stage(lesson)
    key = make_key(stage)
    problems = [
        f"{lesson.path.with_name(f'{stem}_answers.py')}:{tried.answer.line}: {tried.problem}"
        for tried in try_answers(stage, key)
        if tried.problem
    ]
    if problems:
        return problems
    take_answers_along(course, stem)
    with tempfile.TemporaryDirectory(dir=course.root, prefix=".build-") as name:
        work = Path(name)
        folder = work / "solutions" / stem
        folder.mkdir(parents=True)
        made = made_hash(course.solutions, stem)
        sealed = {"sealed": sealed_answers(stage, key)}
        (folder / "key.json").write_text(_with(key, {"made": made}), encoding="utf-8")
        (folder / "again.json").write_text(
            _with(make_again(stage), {"made": made} | sealed), encoding="utf-8"
        )
        notebook = compose(lesson)
        _execute(notebook, folder, collected=work / "results.json")
        write_notebook(folder / f"{stem}.ipynb", notebook)
        release(work, stem, f"sqlite:///{work / 'gradebook.db'}")
        _mark(work / "notebooks" / stem / f"{stem}.ipynb")
        for part in ("solutions", "notebooks"):
            _move_into_place(work / part / stem, course.root / part / stem)
        results.keep(work / "results.json")
    return []


def take_answers_along(course: Course, stem: str) -> str:
    """Bring answers that somebody wrote into notebooks/ to the desk. Returns a sentence about it, or ""."""
    return take_along(course.notebooks / stem / f"{stem}.ipynb", Desk(course.work, course.notebooks))


def compose(lesson: Lesson) -> Any:
    """Turn a lesson into a notebook for nbgrader: roles become its metadata, figures become attachments."""
    import nbformat

    notebook = nbformat.v4.new_notebook()
    counts: Counter[str] = Counter()
    for cell in lesson.cells:
        limits = off_limits(cell) if cell.role == "exercise" else None
        notebook.cells += [limits] if limits else []
        make = nbformat.v4.new_code_cell if cell.type == "code" else nbformat.v4.new_markdown_cell
        made = make(source=cell.source)
        made.metadata = nbformat.from_dict(_metadata(cell, counts))
        made.id = _cell_id(cell, counts)
        if cell.type == "markdown":
            made.source = FIGURE.sub(r"\1(attachment:\2)", cell.source)
            for name in FIGURE.findall(cell.source):
                made.setdefault("attachments", {})[name[1]] = _attachment(lesson, name[1])
        notebook.cells.append(made)
    notebook.cells = framed(lesson, notebook.cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
            "course": {
                "lesson": lesson.stem,
                "written": lesson.written,
                "made": made_hash(lesson.path.parent, lesson.stem),
            },
        }
    )
    notebook.metadata["course"]["built"] = fingerprint(notebook)
    return notebook


def fingerprint(notebook: Any) -> str:
    """Hash the sources of all cells: it changes when somebody edits the notebook, not when it runs."""
    sources = json.dumps([[cell.cell_type, cell.source] for cell in notebook.cells])
    return hashlib.sha256(sources.encode()).hexdigest()[:16]


def edited(path: Path) -> bool:
    """Say whether a built notebook's cells were changed since it was built."""
    if not path.exists():
        return False
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        return bool(notebook.metadata["course"]["built"] != fingerprint(notebook))
    except (ValueError, KeyError, AttributeError):
        return False  # damaged: there is no edit in it that could be kept


def _mark(path: Path) -> None:
    """Note in a released notebook what its cells are, so that answers in it, or in a copy, can be told."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    mark_as_released(notebook)
    write_notebook(path, notebook)


def write_notebook(path: Path, notebook: Any) -> None:
    import nbformat

    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _metadata(cell: Cell, counts: Counter[str]) -> dict[str, Any]:
    metadata = {name: value for name, value in cell.metadata.items() if name == "tags"}
    if cell.role:
        counts[cell.role] += 1
        metadata["nbgrader"] = noted(cell.role, cell.name, counts[cell.role], cell.points)
    if cell.role == "check" and len(cell.source.splitlines()) > LONG:
        # The bar in its place shows the first line, `@check("name")`; what it puts out is not folded.
        metadata["jupyter"] = {"source_hidden": True}
    # What the text said, for the way back from an edit in Jupyter.
    written = {name: value for name, value in cell.metadata.items() if name != "tags"}
    return metadata | ({"course": written} if written else {})


def _cell_id(cell: Cell, counts: Counter[str]) -> str:
    if cell.name:
        return check_id(cell.name) if cell.role == "check" else cell.name
    digest = cell_id(cell.type, cell.source)
    counts[digest] += 1
    return digest if counts[digest] == 1 else f"{digest}-{counts[digest]}"


def _attachment(lesson: Lesson, name: str) -> dict[str, str]:
    path = lesson.path.parent.parent / "img" / name
    if not path.exists():
        raise LessonError(
            f"{lesson.path}: the figure {path} does not exist; draw it with its script in img/."
        )
    kinds = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif"}
    if path.suffix not in kinds:
        raise LessonError(f"{lesson.path}: the figure {path} must be a .png, .svg or .gif.")
    return {kinds[path.suffix]: base64.b64encode(path.read_bytes()).decode()}


def _execute(notebook: Any, folder: Path, collected: Path) -> None:
    """Run all cells in `folder`; the rows they add to the table of results go to `collected`."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        results.NEW: str(collected),
    }
    stem = notebook.metadata["course"]["lesson"]
    with tempfile.TemporaryDirectory(prefix="kernel-") as private:
        # Pipes instead of TCP where there are any: nobody else on the machine can listen in.
        transport = "ipc" if hasattr(socket, "AF_UNIX") else "tcp"
        manager = AsyncKernelManager(
            kernel_name="python3", transport=transport, connection_file=str(Path(private) / "kernel.json")
        )
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=CELL_SECONDS,
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            client.execute(cleanup_kc=True, env=environment)
        except CellExecutionError as error:
            raise LessonError(f"A cell of {stem} stops with {error.ename}: {error.evalue}") from error
        except CellTimeoutError as error:
            raise LessonError(f"A cell of {stem} ran for more than {CELL_SECONDS} s.") from error
    for cell in notebook.cells:
        if YOURS in cell.metadata.get("tags", []):
            cell.outputs = []
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # of a cell meant to fail
                output.traceback = [INSTALLED.sub(r"\1", line) for line in output.traceback]
    notebook.metadata.language_info = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    notebook.metadata.pop("widgets", None)


def _move_into_place(source: Path, target: Path) -> None:
    """Put built files into place one by one, each at once; other files of the folder stay."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.name in (f"{target.name}.ipynb", *BESIDE):
            os.replace(path, target / path.name)
    shutil.rmtree(source)


def _with(key: Key, more: dict[str, Any]) -> str:
    data = more | json.loads(key.dumps())
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _mentions(path: Path, stamp: str) -> bool:
    return path.exists() and f'"{stamp}"' in path.read_text(encoding="utf-8")
