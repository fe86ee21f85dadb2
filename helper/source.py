"""Read what an answer's source uses, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock

_one_at_a_time = Lock()  # Python 3.11 counts the depth of all threads' trees together, and fails over the sum


Definitions = Mapping[str, Sequence[ast.stmt]]


def definitions(cells: Iterable[str]) -> Definitions:
    """Return the statements that define each name, the last of them last. cells: in the order they ran."""
    found: dict[str, list[ast.stmt]] = {}
    for cell in cells:
        for node in statements(cell):
            for name in _defined(node):
                found.setdefault(name, []).append(node)
    return found


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
        used.update(name for name, _ in _loaded(node) if name not in defined)
        used.update(_named(node))
    return tuple(name for name in without if name in used)


def calls(defined: Definitions, exercise: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return which of the other exercises the answer leads to, itself or through the student's own code.

    An answer that is not written to its end, and says so itself, leads nowhere yet.
    """
    if exercise in defined and _is_unfinished(defined[exercise][-1]):
        return ()
    names = {name for node in _reached(defined, exercise) for name, _ in _loaded(node)}
    return tuple(name for name in others if name in names and name != exercise)


def _is_unfinished(definition: ast.stmt) -> bool:
    raised = (item.exc for item in ast.walk(definition) if isinstance(item, ast.Raise) and item.exc)
    return any(name == "NotImplementedError" for item in raised for name, _ in _loaded(item))


def _reached(defined: Definitions, exercise: str) -> Iterator[ast.stmt]:
    """Yield the definition of the answer and all of the student's own that it leads to.

    What a function's body names is looked up when it is called: the last definition counts. What a statement names
    as it runs (`old = softmax`, a default, a decorator) may be any earlier one, and so may all that follows.
    """
    visited: set[tuple[int, bool]] = set()
    to_visit = [(node, False) for node in defined.get(exercise, ())[-1:]]
    while to_visit:
        node, any_version = to_visit.pop()
        if (id(node), any_version) in visited:
            continue
        visited.add((id(node), any_version))
        yield node
        for name, at_once in _loaded(node):
            versions = defined.get(name, ())
            if any_version or at_once:
                to_visit += [(version, True) for version in versions]
            else:
                to_visit += [(version, False) for version in versions[-1:]]


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


def _loaded(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield the names that are read and belong to the notebook, and whether that is as the statement runs.

    What a function calls its own arguments and variables does not count: a parameter `loss` has nothing to do
    with a cell that computes some other `loss`.
    """
    no_names: frozenset[str] = frozenset()
    to_visit: list[tuple[ast.AST, frozenset[str], bool]] = [(node, no_names, True)]
    while to_visit:
        item, own, at_once = to_visit.pop()
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load) and item.id not in own:
            yield item.id, at_once
        inside: dict[int, bool] = {}  # of the parts of a function: whether they run with the statement
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = {id(child): False for child in item.body} | {id(item.returns): False}
        elif isinstance(item, ast.Lambda):
            inside = {id(item.body): at_once}  # it may be called on the spot
        elif isinstance(item, ast.arg | ast.AnnAssign):
            inside = {id(item.annotation): False}
        names = (
            _own(item) if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else no_names
        )
        for child in ast.iter_child_nodes(item):
            if id(child) in inside:
                to_visit.append((child, own | names, inside[id(child)]))
            else:
                to_visit.append((child, own, at_once))


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
