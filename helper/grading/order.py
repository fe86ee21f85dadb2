"""The order in which the cells of a submission run: its own cells that no answer needs come last.

They are experiments: slow ones, ones that break something. Behind the answers they can use up only their own time.
Whatever an answer may need in any way that can be seen stays in its place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from helper.grading.handed_in.canonical import Canonical, CanonicalCell
from helper.judging.names import definitions, reads, statements
from helper.running.job import Role

_ROLES: dict[str, Role] = {"setup": "setup", "exercise": "exercise", "extra": "extra", "check": "check"}
# Who calls one of these can change what other cells find, in a way that no name tells.
_REACHES_FAR = {"sys", "builtins", "importlib", "get_ipython", "globals", "exec", "eval", "setattr", "delattr",
                "__import__"}  # fmt: skip
_LEAVES_UNSEEN = re.compile(r"^\s*%+(?:run|load|pylab|macro|writefile|cd)\b", re.M).search  # magics


def in_order(notebook: Canonical) -> tuple[tuple[str, Role, str], ...]:
    """Return the cells that are run, as a job wants them."""
    needed = _needed(notebook.to_run)
    placed = [cell for cell in notebook.to_run if cell.role != "extra" or cell.id in needed]
    aside = [cell for cell in notebook.to_run if cell.role == "extra" and cell.id not in needed]
    return (
        *((cell.id, _ROLES[cell.role], cell.source) for cell in placed),
        *((cell.id, "aside", cell.source) for cell in aside),
    )


def _needed(cells: Sequence[CanonicalCell]) -> set[str]:
    """Return the ids of the own cells that an answer may need, by themselves or through other own cells."""
    given = {item for cell in cells if cell.role == "setup" for item in _imports(statements(cell.source))}
    own = {cell.id: _OwnCell(cell.source, given) for cell in cells if cell.role == "extra"}
    if not own:
        return set()
    wanted = {name for cell in cells if cell.role in ("exercise", "check") for name in reads(cell.source)}
    wanted |= {cell.name for cell in cells if cell.name}
    needed: set[str] = set()
    values: set[str] = set()  # of the student's own, that answers use and other cells could change
    while True:
        more = {
            name: cell for name, cell in own.items() if name not in needed and cell.matters(wanted, values)
        }
        if not more:
            return needed
        needed |= set(more)
        for cell in more.values():
            wanted |= cell.reads
            values |= cell.values


class _OwnCell:
    """What a cell of the student's own reads and leaves behind. given: what the setup imports already."""

    def __init__(self, source: str, given: set[tuple[str, str]]) -> None:
        parsed = statements(source)
        nodes = [node for statement in parsed for node in ast.walk(statement)]
        imported = _imports(parsed)
        self.reads = reads(source)
        if "get_ipython" not in source:
            self.reads.discard("get_ipython")  # a magic, which only IPython reads as this
        self.leaves = set(definitions([source])) - {name for name, _ in imported & given}
        defined = {node.name for node in parsed if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        self.values = self.leaves - defined - {name for name, _ in imported}
        self.sets = {
            node.func.value.id
            for node in nodes
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.attr.startswith(("set_", "use_"))
        }  # torch.set_default_dtype(...)
        code = (line.lstrip() for line in source.split("\n"))
        unread = not parsed and any(line and not line.startswith(("#", "%", "!")) for line in code)
        self.unclear = unread or "*" in self.leaves or bool(_LEAVES_UNSEEN(source))

    def matters(self, wanted: set[str], values: set[str]) -> bool:
        """Say whether an answer may need it. wanted: names that answers read; values: see _needed."""
        return (
            self.unclear
            or bool(self.leaves & wanted)
            or bool(self.sets & wanted)
            or bool(self.reads & (values | _REACHES_FAR))
        )


def _imports(parsed: Sequence[ast.stmt]) -> set[tuple[str, str]]:
    """Return what statements import, as the name in the notebook and where it is from."""
    found = set()
    for node in parsed:
        if isinstance(node, ast.Import):
            found |= {(alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names}
    return found
