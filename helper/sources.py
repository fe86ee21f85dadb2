"""What the code of some rooms does, as a short text: it changes when they do, and not for a comment or docstring."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HELPER = Path(__file__).parent

# What a key is made by: the lesson on its stage, the inputs it draws, and the fixtures that its cells import.
KEY = ("lessons", "checking/check.py", "checking/given.py", "judging/evidence.py", "judging/key.py", "fixtures",
       "data", "graphs")  # fmt: skip
# What a mark is made by: the key, what runs a submission and who judges it.
MARK = (*KEY, "judging", "running", "sandbox", "grading/marking.py", "grading/suspicion.py",
        "grading/handed_in/canonical.py", "grading/handed_in/notebook.py", "nbgrading/metadata.py")  # fmt: skip
# What a page is made by, beside the mark that it shows.
PAGE = ("grading/pages", "checking/panel.py")


@cache
def fingerprint(*rooms: str, root: Path = HELPER) -> str:
    """Hash what the code of rooms (folders or files of helper/) does, and the other files in them byte for byte."""
    digest = hashlib.sha256()
    for path in sorted(set(_files(root, rooms))):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(_meaning(path))
    return digest.hexdigest()[:16]


def _files(root: Path, rooms: tuple[str, ...]) -> Iterator[Path]:
    for room in rooms:
        place = root / room
        if place.is_dir():
            yield from (path for path in place.rglob("*") if path.is_file() and path.suffix != ".pyc")
        else:
            yield place


@cache
def _meaning(path: Path) -> bytes:
    """Return a module's code as a tree without places and docstrings, another file as it is."""
    content = path.read_bytes()
    if path.suffix != ".py":
        return content.replace(b"\r\n", b"\n")
    tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree).encode()
