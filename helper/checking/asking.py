"""How an expectation was asked: its lines in the check, and the inputs in them, for people to look at."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Mapping
from functools import lru_cache
from types import FrameType
from typing import Any

from helper.judging.evidence import Asked, plain
from helper.judging.short import short

MOST_INPUTS = 6
LONGEST_LINE = 400


def asked(frame: FrameType, exercise: str) -> Asked:
    """Describe the call of `expect` that runs in this frame of a check. Never raises."""
    try:
        source = "".join(linecache.getlines(frame.f_code.co_filename))
        place = _place(source, frame.f_lineno, exercise)
        if place is None:
            return Asked("")
        line, names, results = place
        return Asked(line, _inputs(frame.f_locals, names, results))
    except Exception:  # whatever a student's values do when they are looked at: there is nothing to show
        return Asked("")


def _inputs(
    found: Mapping[str, Any], names: tuple[str, ...], results: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    inputs = []
    for name in names:
        value = found.get(name)
        if name not in results and name in found and not callable(value):
            data = plain(value)
            if "object" not in data:
                inputs.append((name, short(data)))
    return tuple(inputs[:MOST_INPUTS])


@lru_cache(maxsize=256)
def _place(source: str, number: int, exercise: str) -> tuple[str, tuple[str, ...], frozenset[str]] | None:
    """Return the source of the call of `expect` at a line, the names in it, and those that hold an answer.

    Where the answer was asked in a line above, that line belongs to it.
    """
    tree = ast.parse(source)
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "expect"
        and node.lineno <= number <= (node.end_lineno or node.lineno)
    ]
    if not calls:
        return None
    call = calls[-1]
    lines, names, results = [_text(source, call)], _names(call), set[str]()
    if exercise not in names:
        for node in _assignments(tree, call.lineno):
            targets = {name for target in node.targets for name in _stored(target)}
            if targets & set(names) and exercise in _names(node.value) and not targets & results:
                lines.insert(0, _text(source, node))
                results |= targets
                names += _names(node.value)
    return "\n".join(lines)[:LONGEST_LINE], tuple(dict.fromkeys(names)), frozenset(results)


def _assignments(tree: ast.Module, before: int) -> list[ast.Assign]:
    """Return the assignments above a line, the nearest first."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and node.lineno < before]
    return sorted(nodes, key=lambda node: -node.lineno)


def _names(node: ast.AST) -> list[str]:
    return [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]


def _stored(node: ast.AST) -> list[str]:
    return [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]


def _text(source: str, node: ast.AST) -> str:
    segment = ast.get_source_segment(source, node) or ""
    return " ".join(segment.split())
