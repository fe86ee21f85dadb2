"""`course grade` as it would be if a class shared its questions: only to see what questions of one's own cost.

Everybody gets the same inputs, so what is right and what mistakes show is computed once.
"""

from __future__ import annotations

import socket
from functools import cache

from helper.cli import main
from helper.grading import key_server, keys, workers
from helper.judging.evidence import Evidence
from helper.judging.key import CheckKey, Mistake


class _Desk(key_server._Desk):
    """Computes everything once. For as long as one seed is asked for."""

    def _mistakes(self, seed: str, check: CheckKey, evidence: Evidence) -> tuple[Mistake, ...]:
        return self._once(check.name, seed)

    @cache  # noqa: B019 - it lives as long as its process
    def _once(self, check: str, seed: str) -> tuple[Mistake, ...]:
        return self._run(check, seed)


def serve(control: socket.socket) -> None:
    """Answer requests for keys, as the key server does."""
    key_server._Desk = _Desk  # type: ignore[misc]
    key_server.serve(control)


def _same_for_all(secret: str, student: str, lesson: str, attempt: str) -> str:
    return keys.own_seed(secret, "", lesson, "")


if __name__ == "__main__":
    workers.own_seed = workers.own_hidden = _same_for_all  # type: ignore[attr-defined]
    keys._SERVE = f"{serve.__module__}:{serve.__name__}".replace("__main__", "helper.bench.shared_questions")
    main()
