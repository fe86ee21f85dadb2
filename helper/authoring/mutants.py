"""Small mutations of a reference: each must fail its check, or be shown to be a right answer after all.

A grader that lets a changed operator, constant, axis or dropped line pass is not strict enough.
"""

from __future__ import annotations

import ast
import copy
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from helper.judging.judge import judge
from helper.judging.key import Key
from helper.judging.verdict import RIGHT
from helper.lessons.lesson import LessonError
from helper.lessons.stage import Stage

SECONDS = 5

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}


@dataclass(frozen=True)
class Mutant:
    """A changed reference: what was changed, in which line, and the whole source."""

    exercise: str
    change: str
    line: int
    source: str


def mutants(exercise: str, source: str) -> Iterator[Mutant]:
    """Yield every small mutation of an exercise cell between its solution markers."""
    lines = source.split("\n")
    inside = _solution_lines(lines)
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if getattr(node, "lineno", 0) in inside]
    for index in range(len(nodes)):
        for change in range(2):
            mutated = copy.deepcopy(tree)
            twins = [node for node in ast.walk(mutated) if getattr(node, "lineno", 0) in inside]
            text = _mutate(mutated, twins[index], change)
            if text:
                line = getattr(twins[index], "lineno", 0)
                yield Mutant(exercise, text, line, ast.unparse(ast.fix_missing_locations(mutated)))


def survivors(stage: Stage, exercise: str, keys: Sequence[Key]) -> list[Mutant]:
    """Return the mutants that pass under every key and that no right answer of the bank equals.

    A scored exercise has none: another learning rate is another answer there, not a wrong one.
    """
    if any(item.score for key in keys for item in key.checks[exercise].expectations):
        return []
    lesson = stage.lesson
    right = {_normal(answer.source) for answer in lesson.answers if answer.kind == "right"}
    found = []
    for mutant in mutants(exercise, lesson.exercises[exercise].source):
        if _normal(mutant.source) not in right and all(_passes(stage, mutant, key) for key in keys):
            found.append(mutant)
    return found


def _passes(stage: Stage, mutant: Mutant, key: Key) -> bool:
    try:
        with _limit():
            evidence = stage.evidence(mutant.exercise, mutant.source, key.seed).evidence
    except (LessonError, TimeoutError):
        return False
    return judge(evidence, key.checks[mutant.exercise], key.lesson).verdict == RIGHT


def _mutate(tree: ast.Module, node: ast.AST, change: int) -> str:
    """Change one node in place; return what was done in words, "" if this kind of change does not apply."""
    if change == 0:
        for name in ("op", "ops"):
            old = getattr(node, name, None)
            if old is None:
                continue
            first = old[0] if isinstance(old, list) else old
            new = OPERATORS.get(type(first))
            if new is None:
                return ""
            setattr(node, name, [new(), *old[1:]] if isinstance(old, list) else new())
            return f"{type(first).__name__} became {new.__name__}"
        if isinstance(node, ast.Constant):
            return _mutate_constant(node)
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return "a condition was negated"
        return ""
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if isinstance(body, list) and node in body and isinstance(node, ast.stmt):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Return):
                return ""
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                return ""  # the docstring of a later method: an answer is as right without it
            body[body.index(node)] = ast.Pass()
            return f"a line was dropped: {ast.unparse(node).splitlines()[0]}"
    return ""


def _mutate_constant(node: ast.Constant) -> str:
    old = node.value
    if isinstance(old, bool):
        node.value = not old
    elif isinstance(old, int | float):
        node.value = old + 1 if old >= 0 else old - 1
    else:
        return ""
    return f"{old!r} became {node.value!r}"


def _solution_lines(lines: list[str]) -> range:
    starts = [number for number, line in enumerate(lines, 1) if "### BEGIN SOLUTION" in line]
    ends = [number for number, line in enumerate(lines, 1) if "### END SOLUTION" in line]
    return range(starts[0], ends[-1] + 1)


def _normal(source: str) -> str:
    """Compare code as code: without its title, comments and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            body.pop(0)
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in (*node.args.args, *node.args.kwonlyargs):
                argument.annotation = None
    return ast.dump(tree)


@contextmanager
def _limit() -> Iterator[None]:
    """Stop a mutant that loops for ever, where the platform can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
