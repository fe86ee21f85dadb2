"""Read what an answer's source uses, without running it."""

from __future__ import annotations

import ast
import builtins
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock

_one_at_a_time = Lock()  # Python 3.11 counts the depth of all threads' trees together, and fails over the sum


# For each name its versions, in the order they ran; for each version the statement that made it and those that
# changed it.
Definitions = Mapping[str, Sequence[Sequence[ast.stmt]]]
# The statements of a cell, each with the names that it binds and those whose contents it changes.
Reading = Sequence[tuple[ast.stmt, Sequence[str], Sequence[str]]]
_RUNS_PYTHON = ("time", "timeit", "capture", "prun")  # magics whose text is code of the notebook
_DEEPEST = 3  # of magics inside magics
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_HARMLESS_OF_FUNC = ("vmap", "functional_call", "stack_module_state")
_CHANGERS = {"append", "extend", "insert", "add", "update", "setdefault", "__setitem__", "__setattr__"}


def reading(cell: str) -> Reading:
    """Read a cell: nothing of what ran before it matters."""
    return [(node, _bound(node), list(_changed(node))) for node in statements(cell)]


def definitions(cells: Iterable[str], read: Callable[[str], Reading] = reading) -> Definitions:
    """Find what defines each name. cells: sources in the order they ran; read: `reading`, perhaps remembered."""
    found: dict[str, list[list[ast.stmt]]] = {}
    for cell in cells:
        for node, bound, changed in read(cell):
            for name in bound:
                found.setdefault(name, []).append([node])
            for name in changed:
                found.setdefault(name, [[]])[-1].append(node)
    return found


def forbidden_names(defined: Definitions, exercise: str, without: Sequence[str]) -> tuple[str, ...]:
    """Return which of the names in `without` the answer uses, itself or through the student's own code.

    Code that the answer does not lead to does not count, so comparing with the library in a cell of one's own
    stays allowed.
    """
    if not without:
        return ()
    used: set[str] = set()
    methods = {
        item.name
        for versions in defined.values()
        for version in versions
        for node in version
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in _reached(defined, exercise):
        # An import of a forbidden name is told by its own statement.
        used.update(name for name, _ in _loaded(node) if name not in defined)
        used.update(name for name in _named(node) if name not in methods)
    used |= {re.sub(r"[123]d$", "", name) for name in used}  # Softmax2d
    return tuple(name for name in without if name in used)


def calls(defined: Definitions, exercise: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return which of the other exercises the answer leads to, itself or through the student's own code.

    An answer that is not written to its end, and says so itself, leads nowhere yet.
    """
    if any(_is_unfinished(node) for node in _latest(defined, exercise)):
        return ()
    names = {name for node in _reached(defined, exercise) for name, _ in _loaded(node)}
    return tuple(name for name in others if name in names and name != exercise)


def reads(cell: str) -> set[str]:
    """Return the names of the notebook that a cell's code reads, at once or when it is called."""
    return {name for node in statements(cell) for name, _ in _loaded(node)}


def borrowed(
    runs: Iterable[tuple[str, str]],
    exercise: str,
    examples: Sequence[str],
    read: Callable[[str], Reading] = reading,
) -> tuple[str, ...]:
    """Return the names that the answer reads and only worked examples define.

    runs: source and cell id of each cell in the order they ran; examples: ids of the examples' cells. An id may be
    missing: an example that nobody changed is known by its source too. read: as in `definitions`.
    """
    own: list[str] = []
    theirs: list[str] = []
    known = set(examples)
    for source, cell in runs:
        (theirs if cell in known or cell_id("code", source) in known else own).append(source)
    defined = definitions(own, read)
    found = {name for source in theirs for _, bound, _ in read(source) for name in bound}
    found -= {*defined, *dir(builtins)}
    loaded = {name for node in _reached(defined, exercise) for name, _ in _loaded(node)} if found else set()
    return tuple(sorted(found & loaded))


def cell_id(kind: str, source: str) -> str:
    """Return the id that a built notebook gives to a cell without a name."""
    return hashlib.sha256(f"{kind}\n{source.strip()}".encode("utf-8", "replace")).hexdigest()[:12]


def bound_in(cell: str) -> set[str]:
    """Return the names that a cell defines; of a cell that is no Python, those that its lines seem to define."""
    nodes = statements(cell)
    if nodes:
        return {name for node in nodes for name in _bound(node)}
    return {a or b for a, b in re.findall(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)", cell, re.M)}


def _is_unfinished(definition: ast.stmt) -> bool:
    raised = (item.exc for item in ast.walk(definition) if isinstance(item, ast.Raise) and item.exc)
    return any(name == "NotImplementedError" for item in raised for name, _ in _loaded(item))


def _reached(defined: Definitions, exercise: str) -> Iterator[ast.stmt]:
    """Yield the definition of the answer and all of the student's own that it leads to.

    What a function's body names is looked up when it is called: the last definition counts. What a statement names
    as it runs (`old = softmax`, a default, a decorator) may be any earlier one, and so may all that follows.
    """
    to_visit = [(node, False) for node in _latest(defined, exercise)]
    visited: set[tuple[int, bool]] = set()
    followed: set[tuple[str, bool]] = set()
    while to_visit:
        node, any_version = to_visit.pop()
        if (id(node), any_version) in visited:
            continue
        visited.add((id(node), any_version))
        yield node
        for name, at_once in _loaded(node):
            wanted = name, any_version or at_once
            if wanted in followed:
                continue
            followed.add(wanted)
            versions = defined.get(name, ()) if wanted[1] else (_latest(defined, name),)
            to_visit += [(item, wanted[1]) for version in versions for item in version]


def _latest(defined: Definitions, name: str) -> Sequence[ast.stmt]:
    versions = defined.get(name)
    return versions[-1] if versions else ()


def statements(cell: str) -> list[ast.stmt]:
    """Parse a cell, its magics left out. Returns [] for what is no Python. Threads may call it at once."""
    with _one_at_a_time:
        return _parsed(cell) or []


def unreadable(cell: str) -> bool:
    """Say whether a cell is neither Python nor something that IPython turns into Python."""
    with _one_at_a_time:
        return _parsed(cell) is None


def as_python(cell: str) -> str:
    """Return a cell as IPython would run it, its magics turned into calls. Python comes back as it is."""
    with _one_at_a_time:
        return _as_python(cell)


def _as_python(cell: str) -> str:
    try:
        ast.parse(cell)
    except SyntaxError:
        pass
    except (ValueError, RecursionError, MemoryError):
        return cell
    else:
        return cell
    try:
        from IPython.core.inputtransformer2 import TransformerManager

        return str(TransformerManager().transform_cell(cell))
    except Exception:  # its tokenizer raises various things over what is no Python
        return cell


def _parsed(cell: str, depth: int = 0) -> list[ast.stmt] | None:
    """Parse a cell, with the code that stands in a magic such as %%time. Returns None for what is no Python."""
    try:
        nodes = ast.parse(_as_python(cell)).body
        inside = [text for node in nodes for text in _in_magics(node)] if depth < _DEEPEST else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return nodes + [node for text in inside for node in _parsed(text, depth + 1) or ()]


def _in_magics(node: ast.stmt) -> Iterator[str]:
    for item in ast.walk(node):
        if (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Attribute)
            and item.func.attr in ("run_cell_magic", "run_line_magic")
            and len(item.args) >= 2
            and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in item.args)
        ):
            name, *rest = (str(part.value) for part in item.args if isinstance(part, ast.Constant))
            if name in _RUNS_PYTHON:
                yield rest[-1]


def _bound(node: ast.stmt) -> list[str]:
    """Return the names of the notebook that a statement binds, inside branches and by `global` too."""
    names: list[str] = []
    to_visit: list[ast.AST] = [node]
    while to_visit:
        item = to_visit.pop()
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            names += [name for part in ast.walk(item) if isinstance(part, ast.Global) for name in part.names]
            if isinstance(item, ast.Lambda):
                continue
            names.append(item.name)
            to_visit += item.decorator_list
            if not isinstance(item, ast.ClassDef):
                to_visit.append(item.args)
        elif isinstance(item, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name.split(".")[0] for alias in item.names]
        else:
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                names.append(item.id)
            elif isinstance(item, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and item.name:
                names.append(item.name)
            to_visit.extend(ast.iter_child_nodes(item))
    return names


def _changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names whose contents a statement changes: `store["f"] = g`, `store.f = g`, `store.append(g)`."""
    for item in ast.walk(node):
        place: ast.AST | None = None
        if isinstance(item, ast.Attribute | ast.Subscript) and isinstance(item.ctx, ast.Store):
            place = item
        elif (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Attribute)
            and item.func.attr in _CHANGERS
        ):
            place = item.func
        elif isinstance(item, ast.Call) and isinstance(item.func, ast.Name) and item.func.id == "setattr":
            place = next(iter(item.args), None)
        while isinstance(place, ast.Attribute | ast.Subscript):
            place = place.value
        if isinstance(place, ast.Name):
            yield place.id


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
        names = no_names
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names = _own(item)
        elif isinstance(item, _COMPREHENSIONS):
            own = own | {name for part in item.generators for name in _stored(part.target)}
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
            own.update(_bound(item))
        elif isinstance(item, ast.Global):
            shared.update(item.names)
        elif not isinstance(item, ast.Lambda):  # what is inside a function of its own stays there
            if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
                own.add(item.id)
            # The variable of a comprehension is its own.
            targets = [part.target for part in item.generators] if isinstance(item, _COMPREHENSIONS) else []
            for child in ast.iter_child_nodes(item):
                to_visit += (
                    [part for part in ast.iter_child_nodes(child) if part not in targets]
                    if isinstance(child, ast.comprehension)
                    else [child]
                )
    return frozenset(own - shared)


def _stored(target: ast.AST) -> set[str]:
    return {item.id for item in ast.walk(target) if isinstance(item, ast.Name)}


def _named(node: ast.AST) -> Iterable[str]:
    """Yield the names that lead out of the answer: attributes, keywords, imports, and texts given to getattr.

    Other texts are texts, and asking whether a tensor is tracked, or wanting it untracked, is no use of autograd.
    """
    harmless: set[int] = set()
    for item in ast.walk(node):
        if isinstance(item, ast.Attribute):
            if item.attr in _HARMLESS_OF_FUNC:
                harmless.add(id(item.value))
            if id(item) in harmless or (item.attr == "requires_grad" and isinstance(item.ctx, ast.Load)):
                continue
            yield item.attr
            if isinstance(item.value, ast.Name):
                yield f"{item.value.id}.{item.attr}"  # torch.func
        elif isinstance(item, ast.keyword) and item.arg:
            if not (isinstance(item.value, ast.Constant) and item.value.value is False):
                yield item.arg  # tensor(…, requires_grad=True)
        elif isinstance(item, ast.ImportFrom) and item.module:
            if all(alias.name in _HARMLESS_OF_FUNC for alias in item.names):
                continue
            yield item.module
            yield from item.module.split(".")
            yield from (f"{item.module}.{alias.name}" for alias in item.names)
        elif isinstance(item, ast.alias):
            yield item.name
            yield from item.name.split(".")
        elif isinstance(item, ast.Call) and _called(item) in ("getattr", "attrgetter", "import_module"):
            yield from (
                part.value
                for part in item.args
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
