"""What in a student's own cells an instructor may want to look at: code that reaches behind its check.

It informs and decides nothing; who wants to hide from it can. Marks rest on the numbers handed in.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain

from helper.grading.handed_in.canonical import Canonical
from helper.judging.names import statements, unreadable

MOST = 5  # named per cell

_BEHIND = {
    "_collecting", "_getframe", "currentframe", "f_back", "f_globals", "f_locals", "get_objects", "get_referrers",
    "settrace", "setprofile", "addaudithook", "meta_path", "ctypes", "ast_transformers", "run_code",
    "input_transformers_post", "input_transformers_cleanup", "sys.modules",
}  # fmt: skip
_COURSE = ("helper.checking", "helper.judging", "helper.lessons", "helper.running", "helper.sandbox", "helper.grading",
           "helper.nbgrading", "helper.authoring", "helper.commands")  # fmt: skip
_LONGEST_PATH = 5  # a.b.c…: a chain of thousands would take hours
_LIBRARIES = {"torch", "nn", "F", "numpy", "np", "builtins", "helper", "json", "math", "random"}
_BY_TEXT = {"getattr", "eval", "exec", "compile", "globals", "locals", "vars", "__import__", "__dict__",
            "__getattribute__", "import_module"}  # fmt: skip


def suspicions(notebook: Canonical, forbids_names: bool) -> tuple[str, ...]:
    """Return a line for each of the student's cells that looks deliberate.

    forbids_names: whether an exercise of the lesson does without some names, so that reaching names by text,
    which `forbidden_names` cannot follow, is worth a look.
    """
    flags = []
    for cell in notebook.cells:
        if cell.role not in ("exercise", "extra"):
            continue
        behind: set[str] = set()
        changed: set[str] = set()
        by_text: set[str] = set()
        for node in chain.from_iterable(map(ast.walk, statements(cell.source))):
            behind.update(_reached(node))
            changed.update(_changed(node))
            by_text.update(name for name in _names(node) if name in _BY_TEXT)
        if behind:
            flags.append(f"{cell.id}: reaches behind its check ({_listed(behind)})")
        if changed:
            flags.append(f"{cell.id}: changes {_listed(changed)}")
        if forbids_names and unreadable(cell.source):
            flags.append(f"{cell.id}: cannot be read as Python, and some names are forbidden here")
        if by_text and forbids_names:
            flags.append(
                f"{cell.id}: reaches names by text ({_listed(by_text)}), and some are forbidden here"
            )
    return tuple(flags)


def _reached(node: ast.AST) -> Iterator[str]:
    yield from (name for name in _names(node) if name in _BEHIND or name.startswith(_COURSE))
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == "check":
        yield "check defined anew"
    if isinstance(node, ast.Name) and node.id == "check" and isinstance(node.ctx, ast.Store):
        yield "check defined anew"
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/proc/"):
        yield "/proc"


def _changed(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        name = _dotted(node)
        # Switches of a library are there to be set.
        if name.split(".")[0] in _LIBRARIES and not name.startswith("torch.backends."):
            yield name


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        if node.attr.startswith("_") or node.attr not in _BY_TEXT:  # torch.compile and model.eval are no text
            yield node.attr
        yield _dotted(node)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _LONGEST_PATH:
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _listed(names: set[str]) -> str:
    shown = sorted(name[:60] for name in names)
    return ", ".join(shown[:MOST]) + (f" and {len(shown) - MOST} more" if len(shown) > MOST else "")
