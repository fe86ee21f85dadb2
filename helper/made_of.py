"""What code a built file or a mark was made by: a hash that changes when that code does, and for nothing else.

Read, not run: no module is imported. Docstrings, lines of comment and line ends do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_BESIDE = (".css", ".html", ".j2", ".js", ".svg")
# `helper` loads its parts on first use, by names that are not modules of the same name.
_PARTS = {"helper.check": "helper.checking.check"}


def code_hash(roots: Iterable[str], package: Path = PACKAGE) -> str:
    """Hash the code of modules and of everything of ours that they import, inside functions too.

    roots: dotted names such as "helper.judging.judge". package: the folder they lie in. Files that a module names
    in a text and that lie beside it (templates, scripts) count as its code.
    """
    digest = hashlib.sha256()
    for name in sorted(modules(roots, package)):
        path = _path(name, package)
        digest.update(f"{name} {_of_module(path)[1] if path else ''}\n".encode())
    return digest.hexdigest()[:16]


def room_hash(rooms: Iterable[str], package: Path = PACKAGE) -> str:
    """Hash the code of modules and of whole folders of them, without what they import.

    rooms: dotted names such as "helper.judging" or "helper.judging.judge".
    """
    digest = hashlib.sha256()
    for name in sorted(set(_in_rooms(rooms, package))):
        path = _path(name, package)
        digest.update(f"{name} {_of_module(path)[1] if path else ''}\n".encode())
    return digest.hexdigest()[:16]


@cache
def running(rooms: tuple[str, ...]) -> str:
    """Return the same for the code that runs now: read once, whatever happens to the files meanwhile."""
    return room_hash(rooms)


def modules(roots: Iterable[str], package: Path = PACKAGE) -> set[str]:
    """Return the given modules and all modules of ours that they lead to, by their dotted names."""
    found: set[str] = set()
    to_visit = list(roots)
    while to_visit:
        name = to_visit.pop()
        name = _PARTS.get(name, name)
        path = _path(name, package)
        if name in found or not path:
            continue
        found.add(name)
        to_visit += _of_module(path)[0]
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield what a piece of code may import of ours: modules, and names that may be modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "helper")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helper":
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _in_rooms(rooms: Iterable[str], package: Path) -> Iterator[str]:
    for room in rooms:
        folder = package.joinpath(*room.split(".")[1:])
        inside = folder.rglob("*.py") if folder.is_dir() else ()
        yield from (".".join(("helper", *path.relative_to(package).with_suffix("").parts)) for path in inside)
        if not folder.is_dir():
            yield room


def _path(name: str, package: Path) -> Path | None:
    place = package.joinpath(*name.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@cache
def _of_module(path: Path) -> tuple[tuple[str, ...], str]:
    """Return what a module imports of ours, and the hash of its code."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    digest = hashlib.sha256(_bare(text, tree).encode())
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for beside in sorted(path.parent.iterdir()):
        if beside.suffix in _BESIDE and beside.name in texts:
            digest.update(beside.read_bytes().replace(b"\r\n", b"\n"))
    return tuple(imported(tree)), digest.hexdigest()


def _bare(text: str, tree: ast.Module) -> str:
    """Leave out docstrings, lines of comment and empty lines: the same under every version of Python."""
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                end = first.end_lineno or first.lineno
                lines[first.lineno - 1 : end] = [""] * (end - first.lineno + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip() and not line.lstrip().startswith("#"))
