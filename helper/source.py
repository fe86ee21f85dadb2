"""Read what an answer's source uses, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence


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
        used.update(_names(visiting))
        to_visit.extend(definitions[name] for name in _module_names(visiting) if name in definitions)
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
            if isinstance(item.value, ast.Name):
                yield f"{item.value.id}.{item.attr}"  # torch.func
        elif isinstance(item, ast.ImportFrom) and item.module:
            yield item.module
            yield from item.module.split(".")
            yield from (f"{item.module}.{alias.name}" for alias in item.names)
        elif isinstance(item, ast.keyword) and item.arg:
            yield item.arg  # tensor(…, requires_grad=True)
        elif isinstance(item, ast.alias):
            yield item.name
            yield from item.name.split(".")
        elif isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value.isidentifier():
            yield item.value  # getattr(torch, "softmax")


def _module_names(node: ast.AST, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the names that mean something of the notebook, not of a function around them.

    A parameter called `loss` has nothing to do with a cell that computes some other `loss`.
    """
    if isinstance(node, ast.Name):
        if node.id not in own:
            yield node.id
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        own |= _own_names(node)
    for child in ast.iter_child_nodes(node):
        yield from _module_names(child, own)


def _own_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """Return what a function names itself: its parameters and all it assigns, imports or defines."""
    arguments = function.args
    named = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    own = {argument.arg for argument in named if argument}
    shared: set[str] = set()
    to_visit: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else [*function.body]
    while to_visit:
        node = to_visit.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            own.update(_defined(node))
        elif isinstance(node, ast.Global):
            shared.update(node.names)
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            to_visit.extend(ast.iter_child_nodes(node))
    return frozenset(own - shared)
