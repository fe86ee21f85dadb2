"""Decide where the nodes and arrows of a graph go in a picture: leaves on the left, the root on the right."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from helper.graphs import visiting_order

Point = tuple[float, float]
Key = tuple[
    int, ...
]  # (id of a node,), or for a bend of a long arrow (id of its end, number of parent, column)


@dataclass(frozen=True)
class Layout:
    """Places in columns and rows, both 1 apart, rows centred on 0.

    nodes: by id of the node; bends: points that an arrow passes on its way, by the id of the node it ends at and
    the number of the parent it starts from.
    """

    nodes: dict[int, Point]
    bends: dict[tuple[int, int], list[Point]]


def layered(root: Any) -> Layout:
    """Place a graph in columns, so that every arrow points right and passes between the nodes, not behind them.

    root: a node as in `helper.graphs`. Raises TypeError if something in the graph is no node.
    """
    order = visiting_order(root)
    column = _columns(root, order)
    chains = _chains(order, column)
    left: dict[Key, list[Key]] = {}
    right: dict[Key, list[Key]] = {}
    for chain in chains.values():
        for start, end in pairwise(chain):
            right.setdefault(start, []).append(end)
            left.setdefault(end, []).append(start)
    at: dict[Key, int] = {(id(node),): column[id(node)] for node in reversed(order)}  # first parents on top
    at |= {key: key[2] for chain in chains.values() for key in chain[1:-1]}
    row = _rows(at, left, right)
    return Layout(
        {id(node): (float(column[id(node)]), row[(id(node),)]) for node in order},
        {edge: [(float(at[key]), row[key]) for key in chain[1:-1]] for edge, chain in chains.items()},
    )


def _columns(root: Any, order: list[Any]) -> dict[int, int]:
    column: dict[int, int] = {}
    first_use: dict[int, int] = {}
    for node in reversed(order):
        column[id(node)] = 1 + max((column[id(parent)] for parent in node.parents), default=-1)
    for node in order:
        for parent in node.parents:
            first_use[id(parent)] = min(column[id(node)], first_use.get(id(parent), len(order)))
    for node in order:
        if not node.parents and node is not root:
            column[id(node)] = first_use[id(node)] - 1  # next to where it is used first
    return column


def _chains(order: list[Any], column: dict[int, int]) -> dict[tuple[int, int], list[Key]]:
    """Return, for each arrow, its start, a bend in each column it crosses, and its end."""
    chains: dict[tuple[int, int], list[Key]] = {}
    for node in order:
        for number, parent in enumerate(node.parents):
            crossed = range(column[id(parent)] + 1, column[id(node)])
            bends: list[Key] = [(id(node), number, place) for place in crossed]
            chains[id(node), number] = [(id(parent),), *bends, (id(node),)]
    return chains


def _rows(at: dict[Key, int], left: dict[Key, list[Key]], right: dict[Key, list[Key]]) -> dict[Key, float]:
    """Order each column by the middle of its neighbours, leftwards and rightwards in turn."""
    row = dict.fromkeys(at, 0.0)
    columns = [[key for key in at if at[key] == place] for place in sorted(set(at.values()))]
    for sweep in range(6):
        neighbours = left if sweep % 2 else right
        for members in columns if sweep % 2 else reversed(columns):
            middle = {key: _mean([row[other] for other in neighbours.get(key, [key])]) for key in members}
            members.sort(key=middle.__getitem__)
            for number, key in enumerate(members):
                row[key] = number - (len(members) - 1) / 2
    return row


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)
