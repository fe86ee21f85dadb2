"""Sentences about an answer as a whole: what it builds on, what it does without, that it is not written yet."""

from __future__ import annotations

from collections.abc import Sequence

from helper.judging.evidence import Failure

BUILDS_ON = "It builds on "


def builds_on(names: Sequence[str]) -> str:
    """Point to the other exercises an answer calls whose own checks it has not passed."""
    listed = " and ".join(f"`{name}`" for name in names)
    passed = "whose own check has not passed yet. Get that right first"
    if len(names) > 1:
        passed = "whose own checks have not passed yet. Get those right first"
    return f"{BUILDS_ON}{listed}, {passed}: what goes wrong here may come from there."


def forbidden(exercise: str, names: Sequence[str]) -> str:
    listed = " and ".join(f"`{name}`" for name in names)
    return (
        f"This exercise builds `{exercise}` from scratch: it does without {listed}. What happens inside it?"
    )


def not_attempted(exercise: str, failure: Failure | None) -> str:
    if failure and failure.kind == "NameError":
        return f"`{exercise}` is not defined yet: run the cell above this one first."
    return "Nothing to check yet: write your answer in the cell above, run it, then run this cell again."
