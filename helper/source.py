"""Read what an answer's source uses, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock

_one_at_a_time = Lock()  # Python 3.11 counts the depth of all threads' trees together, and fails over the sum


Definitions = Mapping[str, ast.stmt]


def definitions(cells: Iterable[str]) -> Definitions:
    """Return the statement that defines each name. Of cells in the order they ran, the last definition counts."""
    return {name: node for cell in cells for node in statements(cell) for name in _defined(node)}


def forbidden_names(defined: Definitions, exercise: str, without: Sequence[str]) -> tuple[str, ...]:
    """Return which of the names in `without` the answer uses, itself or through the student's own code.

    Code that the answer does not lead to does not count, so comparing with the library in a cell of one's own
    stays allowed.
    """
    if not without:
        return ()
    used: set[str] = set()
    for node in _reached(defined, exercise):
        # An import of a forbidden name is told by its own statement.
        used.update(name for name in _loaded(node) if name not in defined)
        used.update(_named(node))
    return tuple(name for name in without if name in used)


def calls(defined: Definitions, exercise: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return which of the other exercises the answer leads to, itself or through the student's own code.

    An answer that is not written to its end, and says so itself, leads nowhere yet.
    """
    if exercise in defined and _is_unfinished(defined[exercise]):
        return ()
    names = {name for node in _reached(defined, exercise) for name in _loaded(node)}
    return tuple(name for name in others if name in names and name != exercise)


def _is_unfinished(definition: ast.stmt) -> bool:
    raised = (item.exc for item in ast.walk(definition) if isinstance(item, ast.Raise) and item.exc)
    return any("NotImplementedError" in _loaded(item) for item in raised)


def _reached(defined: Definitions, exercise: str) -> Iterator[ast.stmt]:
    """Yield the definition of the answer and all of the student's own that it leads to."""
    visited: set[int] = set()
    to_visit = [defined[exercise]] if exercise in defined else []
    while to_visit:
        node = to_visit.pop()
        if id(node) not in visited:
            visited.add(id(node))
            yield node
            to_visit += [defined[name] for name in _loaded(node) if name in defined]


def statements(cell: str) -> list[ast.stmt]:
    """Parse a cell, its magics left out. Returns [] for what is no Python. Threads may call it at once."""
    lines = [line for line in cell.split("\n") if not line.lstrip().startswith(("%", "!"))]
    try:
        with _one_at_a_time:
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


def _loaded(node: ast.AST) -> Iterable[str]:
    """Yield the names that are read and belong to the notebook.

    What a function calls its own arguments and variables does not count: a parameter `loss` has nothing to do
    with a cell that computes some other `loss`.
    """
    to_visit: list[tuple[ast.AST, frozenset[str]]] = [(node, frozenset())]
    while to_visit:
        item, own = to_visit.pop()
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load) and item.id not in own:
            yield item.id
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            own |= _own(item)
        to_visit.extend((child, own) for child in ast.iter_child_nodes(item))


def _own(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """Return what a function names itself: its parameters and all it assigns, imports or defines."""
    own = {item.arg for item in ast.walk(function.args) if isinstance(item, ast.arg)}
    shared: set[str] = set()
    to_visit: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else [*function.body]
    while to_visit:
        item = to_visit.pop()
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(item.name)
        elif isinstance(item, ast.Import | ast.ImportFrom):
            own.update(_defined(item))
        elif isinstance(item, ast.Global):
            shared.update(item.names)
        elif not isinstance(item, ast.Lambda):  # what is inside a function of its own stays there
            if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
                own.add(item.id)
            to_visit.extend(ast.iter_child_nodes(item))
    return frozenset(own - shared)


def _named(node: ast.AST) -> Iterable[str]:
    """Yield the names that lead out of the answer: attributes, keywords, imports, and texts as for getattr."""
    for item in ast.walk(node):
        if isinstance(item, ast.Attribute):
            yield item.attr
            if isinstance(item.value, ast.Name):
                yield f"{item.value.id}.{item.attr}"  # torch.func
        elif isinstance(item, ast.keyword) and item.arg:
            yield item.arg  # tensor(…, requires_grad=True)
        elif isinstance(item, ast.ImportFrom) and item.module:
            yield item.module
            yield from item.module.split(".")
            yield from (f"{item.module}.{alias.name}" for alias in item.names)
        elif isinstance(item, ast.alias):
            yield item.name
            yield from item.name.split(".")
        elif isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value.isidentifier():
            yield item.value
