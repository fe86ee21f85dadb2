"""Read what an answer's source uses, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence


def forbidden_names(cells: Iterable[str], exercise: str, without: Sequence[str]) -> tuple[str, ...]:
    """Return which of the names in `without` the answer uses, itself or through the student's own code.

    cells: sources in the order they ran. A later definition replaces an earlier one; code that the answer does
    not lead to does not count, so comparing with the library in a cell of one's own stays allowed.
    """
    if not without:
        return ()
    definitions: dict[str, ast.AST] = {}
    for cell in cells:
        for node in _statements(cell):
            for name in _defined(node):
                definitions[name] = node
    used: set[str] = set()
    visited: set[int] = set()
    to_visit: list[ast.AST] = [definitions[exercise]] if exercise in definitions else []
    while to_visit:
        visiting = to_visit.pop()
        if id(visiting) in visited:
            continue
        visited.add(id(visiting))
        for name in _names(visiting):
            used.add(name)
            if name in definitions:
                to_visit.append(definitions[name])
    return tuple(name for name in without if name in used)


def _statements(cell: str) -> list[ast.stmt]:
    lines = [line for line in cell.split("\n") if not line.lstrip().startswith(("%", "!"))]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.split(".")[0] for alias in node.names]
    return [
        item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
    ]


def _names(node: ast.AST) -> Iterable[str]:
    for item in ast.walk(node):
        if isinstance(item, ast.Name):
            yield item.id
        elif isinstance(item, ast.Attribute):
            yield item.attr
        elif isinstance(item, ast.alias):
            yield from item.name.split(".")
        elif isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value.isidentifier():
            yield item.value  # getattr(torch, "softmax")
