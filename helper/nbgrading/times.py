"""The times that nbgrader's exchange writes beside what was handed in."""

from __future__ import annotations

from datetime import datetime

EARLIEST, LATEST = 2000, 2100  # years that a clock may show


def read_time(stamp: str) -> datetime | None:
    """Return the time in a timestamp.txt, in UTC without saying so, as nbgrader keeps it; None if it holds none."""
    if not stamp.strip():
        return None
    try:
        from nbgrader.utils import parse_utc

        received: datetime = parse_utc(stamp[:100])
    except Exception:  # a date's reader meets whatever stands there
        return None
    return received if EARLIEST <= received.year < LATEST else None
