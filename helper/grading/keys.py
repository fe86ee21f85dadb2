"""Each submission answers its own questions: their seed, and the key for them.

Keys are computed in a fork of the warm process that never sees student code (key_server.py). The classroom's secret
seed goes nowhere: what travels is a seed derived for one submission, from which nothing else follows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

from helper.course import CourseError
from helper.judging.evidence import Evidence
from helper.judging.key import Key
from helper.running.forkserver import ForkServer, receive

_SERVE = "helper.grading.key_server:serve"


def attempt_of(source: bytes) -> str:
    """Name an attempt by what was handed in: another text gets other questions."""
    return hashlib.sha256(source).hexdigest()


def own_seed(secret: str, student: str, lesson: str, attempt: str) -> str:
    """Return the seed of the inputs that one attempt of one student is given."""
    return _derived(secret, student, lesson, attempt)


def own_hidden(secret: str, student: str, lesson: str, attempt: str) -> str:
    """Return the secret of what that attempt is scored on. Unlike the seed it never enters the process of an answer."""
    return _derived(secret, "hidden", student, lesson, attempt)


def _derived(secret: str, *names: str) -> str:
    text = json.dumps(names).encode("utf-8", "replace")
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def lesson_text(solutions: Path, stem: str) -> str:
    """Return a lesson with its answers as one text, as workers anywhere need it to compute keys."""
    from helper.lessons.lesson import read

    lesson = asdict(read(solutions, stem))
    return json.dumps(lesson | {"path": f"{stem}.py", "text": ""}, sort_keys=True)


class Keys:
    """Keys from a server of one's own. For one thread at a time; use it as a context manager."""

    def __init__(self, parent: ForkServer) -> None:
        self._parent = parent
        self._control: socket.socket | None = None
        self._sent: set[str] = set()

    def __enter__(self) -> Keys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def key(
        self,
        lesson: str,
        seed: str,
        failed: Mapping[str, Evidence] | None = None,
        hidden: str | None = None,
    ) -> Key:
        """Return a lesson's key under a seed: of all checks, without mistakes; or of those that failed, with mistakes.

        lesson: see lesson_text; failed: what was shown there; hidden: see own_hidden. Mistakes that cannot have shown
        that may be left out. Raises CourseError if the lesson does not work.
        """
        shown = {name: evidence.to_json() for name, evidence in (failed or {}).items()}
        digest = _digest(lesson)
        for again in (True, False):
            if self._control is None:
                self._control, _ = self._parent.connect({"call": _SERVE})
                self._sent = set()
            wanted = {"lesson": digest, "seed": seed, "failed": shown, "hidden": hidden}
            wanted |= {} if digest in self._sent else {"text": lesson}
            try:
                self._control.sendall(json.dumps(wanted).encode() + b"\n")
                answer = receive(self._control, None)
            except OSError:
                answer = {}
            except BaseException:
                self.close()  # whatever stands in it
                raise
            if "key" in answer:
                self._sent.add(digest)
                return Key.from_json(answer["key"])
            self.close()
            if "problem" in answer or not again:
                break
        raise CourseError(answer.get("problem", "The process that computes keys ended: run this again."))

    def close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None


@dataclass(frozen=True)
class Questions:
    """What one submission is asked.

    lesson: see lesson_text; seed: of its inputs; keys: who computes what is right; hidden: see own_hidden.
    """

    lesson: str
    seed: str
    keys: Keys
    hidden: str | None = None

    def reference(self) -> Key:
        return self.keys.key(self.lesson, self.seed, hidden=self.hidden)

    def with_mistakes(self, failed: Mapping[str, Evidence]) -> Key:
        return self.keys.key(self.lesson, self.seed, failed, self.hidden)


@cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
