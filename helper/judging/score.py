"""Scored evidence: count how many predictions are right, and give points by thresholds.

What goes out of the process that ran an answer is what it predicts, or the network that predicts; the labels stay
with the key. Two forms of evidence:

- {"predictions": [7, 2, …]}: one class for each example, in their order;
- {"network": {…}}: a network as plain data (see network.py), which the judge lets predict. Then the examples, too,
  stay with the key: an answer cannot look up what it never sees.

In a key the labels are sealed one by one, as a hash of lesson, place and label. That keeps them from being read in
passing, no more: ten guesses for each find it out. In practice nothing depends on it. Where marks are made, the key
and the examples lie on the trusted side and are drawn from a secret that no student's process gets.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helper.judging.evidence import Plain, seal
from helper.judging.network import NetworkError, predictions

FORECAST_IMAGES = 150  # what an expectation is at least expected to rest on
ERRORS = 2.0  # standard errors that an expected accuracy may lie away from what comes


@dataclass(frozen=True)
class Score:
    """How predictions are scored.

    steps: (accuracy, points in all), rising; labels: sealed, one per example; examples: what a network is shown, as
    text, or "" where predictions are handed in.
    """

    steps: tuple[tuple[float, float], ...]
    labels: tuple[str, ...]
    examples: str = ""

    @classmethod
    def of(
        cls, steps: Mapping[float, float], labels: Sequence[int], salt: str, examples: Any = None
    ) -> Score:
        """Seal labels. examples: (n, …) float32, or None if they shall not be kept."""
        text = "" if examples is None else pack_examples(examples)
        sealed = tuple(_sealed(label, place, salt) for place, label in enumerate(labels))
        return cls(tuple(sorted((float(a), float(b)) for a, b in steps.items())), sealed, text)


@dataclass(frozen=True)
class Forecast:
    """How an expected accuracy is scored: against the accuracy reached in the expectation `of`.

    images: it may be as far off as two standard errors of an accuracy counted on so many images.
    """

    of: str
    images: int


@dataclass(frozen=True)
class Counted:
    """What scoring found. accuracy: None if nothing could be counted; words: what to tell the student."""

    points: float
    full: bool
    accuracy: float | None
    words: str
    seal: str = ""  # stands for the predictions: equal only where they are


def pack_examples(examples: Any) -> str:
    """Write examples as text: float32 (n, …)."""
    array = np.ascontiguousarray(examples, dtype="<f4")
    head = json.dumps(list(array.shape)).encode() + b"\n"
    return base64.b64encode(head + zlib.compress(array.tobytes(), 6)).decode()


def unpack_examples(text: str) -> np.ndarray[Any, Any]:
    head, _, body = base64.b64decode(text).partition(b"\n")
    return np.frombuffer(zlib.decompress(body), "<f4").reshape(json.loads(head))


def count(score: Score, evidence: Plain, salt: str) -> Counted:
    """Score one piece of evidence, whatever it is: it may come from a hostile process."""
    if "text" in evidence:
        return Counted(0.0, False, None, str(evidence["text"]))
    answers = evidence.get("predictions")
    if "network" in evidence and score.examples:
        try:
            answers = predictions(evidence["network"], unpack_examples(score.examples))
        except NetworkError as error:
            return Counted(0.0, False, None, str(error))
    if not isinstance(answers, list) or len(answers) != len(score.labels):
        return Counted(0.0, False, None, f"{len(score.labels)} predictions are needed, one for each example.")
    whole = [item if isinstance(item, int) and not isinstance(item, bool) else -1 for item in answers]
    right = sum(
        _sealed(answer, place, salt) == label
        for place, (answer, label) in enumerate(zip(whole, score.labels, strict=True))
    )
    accuracy = right / len(whole)
    points = max((worth for needed, worth in score.steps if accuracy >= needed), default=0.0)
    words = f"{right:,} of {len(whole):,} right, an accuracy of {accuracy:.3f}."
    ahead = next(((needed, worth) for needed, worth in score.steps if accuracy < needed), None)
    if ahead:
        words += f" The next threshold is {ahead[0]:g}: it brings the points here to {ahead[1]:g}."
    return Counted(points, ahead is None, accuracy, words, seal(json.dumps(whole), salt))


def compare(forecast: Forecast, worth: float, evidence: Plain, reached: Counted | None) -> Counted:
    """Score an expected accuracy against the one that was reached. It counts from the first threshold on."""
    expected = evidence.get("number")
    if not isinstance(expected, int | float) or isinstance(expected, bool) or not 0 <= expected <= 1:
        return Counted(0.0, False, None, "The accuracy you expect must be a plain number between 0 and 1.")
    if reached is None or reached.accuracy is None or reached.points == 0:
        return Counted(0.0, False, None, "Your expectation counts once the first threshold is reached.")
    accuracy = reached.accuracy
    band = ERRORS * math.sqrt(accuracy * (1 - accuracy) / forecast.images)
    off = float(expected) - accuracy
    words = f"You expected {expected:.3f}, and {accuracy:.3f} came: "
    if abs(off) <= band:
        return Counted(worth, True, accuracy, words + f"within {band:.3f}.")
    words += f"more than {band:.3f} apart. "
    if off > 0:
        words += "Which images did you measure on, and had they any part in training, or in choosing?"
    else:
        words += "A network does better than you say. Was it measured before it was finished, or on too few images?"
    return Counted(0.0, False, accuracy, words)


def _sealed(label: int, place: int, salt: str) -> str:
    return seal(f"{place}:{label}", salt)[:12]
