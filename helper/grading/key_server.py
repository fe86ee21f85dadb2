"""The process that computes keys: it has the lessons' references and mistakes, and never sees student code.

Running all mistakes of a check takes twenty times as long as the check. A mistake shows the same under every seed but
for its numbers: the first time a check has failed all its mistakes are run, from then on those that can have shown
what a student's answer did, the commonest first, until one has shown numbers that are shared by no chance.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.judging.compare import is_fingerprint
from helper.judging.evidence import Evidence, same, sealed
from helper.judging.key import CheckKey, Key, Mistake, sealed_failure


def serve(control: socket.socket) -> None:
    """Answer requests for keys until the other side is gone."""
    desks: dict[str, _Desk] = {}
    with control.makefile("rb") as requests:
        for line in requests:
            wanted = json.loads(line)
            try:
                if wanted["lesson"] not in desks:
                    desks[wanted["lesson"]] = _Desk(wanted["text"])
                desk, seed = desks[wanted["lesson"]], wanted["seed"]
                failed = {name: Evidence.from_json(data) for name, data in wanted["failed"].items()}
                hidden = wanted["hidden"]
                key = desk.with_mistakes(seed, failed, hidden) if failed else desk.reference(seed, hidden)
                answer: dict[str, Any] = {"key": key.to_json()}
            except CourseError as error:
                answer = {"problem": str(error)}
            control.sendall(json.dumps(answer).encode() + b"\n")


class _Desk:
    """One lesson, ready to be asked for keys."""

    def __init__(self, text: str) -> None:
        from helper.checking.world import World
        from helper.lessons.stage import Stage

        self._stage = Stage(_lesson(text))
        # What a reference uses need not be watched; a mistake that uses what is off limits is told by that alone.
        self._watched, self._bare = self._stage.world, World(self._stage.world.imports)
        self._kinds: dict[str, list[_Kind]] = {}  # by check
        self._forms: dict[str, list[Any]] = {}  # by check: what the reference shows, numbers aside
        self._last: tuple[str, str | None, Key] | None = None
        self._hidden: str | None = None  # of the submission whose mistakes are run

    def reference(self, seed: str, hidden: str | None) -> Key:
        from helper.lessons.key_of import make_key

        if self._last is None or self._last[:2] != (seed, hidden):
            self._stage.world = self._bare
            key = make_key(self._stage, seed, reference_only=True, hidden=hidden)
            self._last = seed, hidden, key
        return self._last[2]

    def with_mistakes(self, seed: str, failed: Mapping[str, Evidence], hidden: str | None) -> Key:
        """Return the key of some checks with the mistakes that can have shown what was shown there."""
        key = self.reference(seed, hidden)
        self._hidden = hidden
        checks = {
            name: replace(key.checks[name], mistakes=self._mistakes(seed, key.checks[name], evidence))
            for name, evidence in failed.items()
        }
        return replace(key, checks=checks)

    def _mistakes(self, seed: str, check: CheckKey, evidence: Evidence) -> tuple[Mistake, ...]:
        """Run all mistakes of a check the first time; then those that look alike, then others."""
        if any(item.score for item in check.expectations):
            return ()  # a network that was trained is like no other: only its score can tell something
        reference = [_form(item.value) for item in check.expectations]
        if self._forms.setdefault(check.name, reference) != reference:
            return self._run(check.name, seed)  # sizes of what it shows are drawn too
        tolerances = {item.name: item.tolerance for item in check.expectations}
        if check.name not in self._kinds:
            mistakes = self._run(check.name, seed)
            self._kinds[check.name] = _kinds(mistakes, check, tolerances)
            return mistakes
        salt = self._stage.lesson.stem
        shown = {name: sealed(value, salt) for name, value in evidence.shown.items()}
        got = Evidence(shown, sealed_failure(evidence.failure, salt))
        look, kinds = _Look(got, check), self._kinds[check.name]
        if look.has_text:
            return self._run(check.name, seed)  # few, and each text is one to choose from
        expected = {item.name: item.value for item in check.expectations}
        first = look.first_wrong(check)
        telling = first in got.shown and is_fingerprint(expected[first], got.shown[first], tolerances[first])
        tried: list[Mistake] = []
        agreed = False
        for kind in sorted(kinds, key=lambda kind: -kind.met):
            if kind.look == look:
                mistakes = self._run(check.name, seed, kind.titles)
                tried += mistakes
                if any(_agree(mistake.evidence, got, tolerances) for mistake in mistakes):
                    kind.met += 1
                    agreed = True
                    if telling:
                        break
        if agreed:
            return tuple(tried)  # without a fingerprint all that look alike: more than one may agree
        others = [kind.titles for kind in kinds if kind.look != look and look.could_be(kind.look, telling)]
        return (
            *tried,
            *self._run(check.name, seed, [title for part in others for title in part]),
        )

    def _run(self, check: str, seed: str, titles: Sequence[str] | None = None) -> tuple[Mistake, ...]:
        from helper.lessons.key_of import run_mistakes

        # Titles are asked for once all have been run: those that use what is off limits are out since then.
        self._stage.world = self._watched if titles is None else self._bare
        return run_mistakes(self._stage, check, seed, titles, hidden=self._hidden)


@dataclass
class _Kind:
    """Mistakes that show the same, by their titles. met: how often somebody made one."""

    titles: tuple[str, ...]
    look: _Look
    met: int = 0


def _kinds(mistakes: Sequence[Mistake], check: CheckKey, tolerances: Mapping[str, float]) -> list[_Kind]:
    """Put together what cannot be told apart."""
    kinds: list[tuple[_Kind, Evidence]] = []
    for mistake in mistakes:
        same_as = [kind for kind, shown in kinds if _agree(mistake.evidence, shown, tolerances)]
        if same_as:
            same_as[0].titles += mistake.advice
        else:
            kinds.append((_Kind(mistake.advice, _Look(mistake.evidence, check)), mistake.evidence))
    return [kind for kind, _ in kinds]


class _Look:
    """What evidence looks like, numbers aside: the same under every seed, as a rule."""

    def __init__(self, evidence: Evidence, check: CheckKey) -> None:
        items = check.expectations
        self.failure = evidence.failure and (evidence.failure.kind, evidence.failure.message)
        self.forms = [_form(evidence.shown.get(item.name)) for item in items]
        self.right = [
            item.name in evidence.shown and same(item.value, evidence.shown[item.name], item.tolerance)
            for item in items
        ]
        self.has_text = any(
            "text" in str(form) for form, right in zip(self.forms, self.right, strict=True) if not right
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Look) and vars(self) == vars(other)

    def first_wrong(self, check: CheckKey) -> str:
        return check.expectations[self.right.index(False)].name if False in self.right else ""

    def could_be(self, other: _Look, telling: bool) -> bool:
        """Say whether the other could be the same under another seed, or show the same first wrong value.

        telling: whether that value is a fingerprint, by which the judge knows a mistake.
        """
        first = self.right.index(False) if False in self.right else 0
        whole = self.forms == other.forms and self.failure == other.failure
        return whole or (telling and bool(self.forms[first] == other.forms[first]))


def _form(value: Any) -> Any:
    """Return what plain data is but for its numbers."""
    if isinstance(value, dict):
        return {
            name: item if name in ("shape", "type", "object") else _form(item) for name, item in value.items()
        }
    if isinstance(value, list):
        forms = [_form(item) for item in value]
        return forms if any(isinstance(form, dict | list) for form in forms) else len(forms)
    return type(value).__name__ if isinstance(value, bool) or value is None else "number"


def _agree(mistake: Evidence, got: Evidence, tolerances: Mapping[str, float]) -> bool:
    if mistake.failure != got.failure or set(mistake.shown) != set(got.shown):
        return False
    return all(
        name in tolerances and same(value, got.shown[name], tolerances[name])
        for name, value in mistake.shown.items()
    )


def _lesson(text: str) -> Any:
    from helper.lessons.lesson import Answer, Cell, Lesson

    data = json.loads(text)
    cells = tuple(Cell(**{**cell, "without": tuple(cell["without"])}) for cell in data.pop("cells"))
    answers = tuple(Answer(**answer) for answer in data.pop("answers"))
    return Lesson(**{**data, "path": Path(data["path"])}, cells=cells, answers=answers)
