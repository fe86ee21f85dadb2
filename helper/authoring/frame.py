"""What the build adds to every lesson: ways to its neighbours, a cell for who lacks the course, what is off limits."""

from __future__ import annotations

from typing import Any

from helper.lessons.lesson import Cell, Lesson, address, neighbours

START = "00_start_here"
# How a name in `without` is said to students, where that differs.
SAID = {
    "requires_grad_": "requires_grad",
    "aten": "torch.ops.aten",
    "optim": "torch.optim",
    "clip_grad": "torch.nn.utils.clip_grad",
    "fixtures": "helper.fixtures",
}
MADE = "made"  # the mark, in a cell's metadata, of what was not written in the lesson's text


def framed(lesson: Lesson, cells: list[Any]) -> list[Any]:
    """Return a lesson's cells with a bar above and below them and, before the code, one that looks for the course."""
    import nbformat

    bar = _bar(lesson)
    ends = []
    for place in ("top", "bottom") if bar else ():
        cell = nbformat.v4.new_markdown_cell(bar, id=f"bar_{place}")
        cell.metadata = nbformat.from_dict({"course": {MADE: "bar"}})
        ends.append(cell)
    look = nbformat.v4.new_code_cell(_look(address(lesson.path.parent)), id="installed")
    # Folded where the editor knows how: it is of no interest to who has the course.
    look.metadata = nbformat.from_dict({"course": {MADE: "look"}, "jupyter": {"source_hidden": True}})
    first = next((number for number, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    return [*ends[:1], *cells[:first], look, *cells[first:], *ends[1:]]


def off_limits(exercise: Cell) -> Any:
    """Return a cell that says what an exercise does without, to stand above it, or None if there is nothing."""
    import nbformat

    if not exercise.without:
        return None
    names = dict.fromkeys(SAID.get(name, name) for name in exercise.without)
    listed = ", ".join(f"`{name}`" for name in names)
    text = f"Off limits here: {listed}. What counts is what runs, not what is written."
    cell = nbformat.v4.new_markdown_cell(text, id=f"limits_{exercise.name}")
    cell.metadata = nbformat.from_dict({"course": {MADE: "limits"}})
    return cell


def is_made(cell: Any) -> bool:
    return MADE in cell.metadata.get("course", {})


def title(stem: str) -> str:
    """Return a stem as words: `02_cross_entropy` is `2 · cross entropy`."""
    number, _, words = stem.partition("_")
    return f"{int(number)} · {words.replace('_', ' ')}"


def _bar(lesson: Lesson) -> str:
    before, after = neighbours(lesson.path.parent, lesson.stem)
    parts = []
    if before and before != START:
        parts.append(f"[← {title(before)}]({_path(before)})")
    if START in (before, after) or (lesson.path.parent / f"{START}.py").exists():
        parts.append("**All lessons**" if lesson.stem == START else f"[All lessons]({_path(START)})")
    if after:
        parts.append(f"[{title(after)} →]({_path(after)})")
    return " &nbsp;|&nbsp; ".join(parts)


def _path(stem: str) -> str:
    return f"../{stem}/{stem}.ipynb"


def _look(where: str) -> str:
    look = "# Is the course installed here?\ntry:\n    from helper import check\nexcept ImportError:\n"
    if where:
        return f"{look}    %pip install --quiet {where}"
    return (
        f"{look}"
        "    raise ImportError(\n"
        '        "The course is not installed where this notebook runs. Get its folder, install it with "\n'
        '        "%pip install FOLDER (in the folder\'s place its path), and run this cell again."\n'
        "    ) from None"
    )
