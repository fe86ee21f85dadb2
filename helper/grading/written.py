"""What the gradebook and the pages hold already, so that only what is new is written down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from helper.files import write_whole
from helper.grading.classroom import Classroom
from helper.grading.ledger import Ledger
from helper.grading.marking import Marked

GRADEBOOK = "gradebook"
AGAIN = "?"  # before the stamp of what is to be written anew


class Written:
    """A stamp for each record of the classroom: its name in the ledger, when it came, and what else its pages show.

    A crash between a batch and the note of it repeats the batch, which changes nothing.
    """

    def __init__(self, room: Classroom, url: str = "") -> None:
        """url: of the gradebook that will be written; without one nothing is."""
        self._place = room.trusted / "written.json"
        self._stamps = _stamps(self._place)
        lost = url == room.database and not _has_content(room.root / "gradebook.db")
        if url and (lost or self._stamps.get(GRADEBOOK) != url):
            # Whoever was marked stays known, but all is to be written anew.
            again = {name: f"{AGAIN}{stamp.lstrip(AGAIN)}" for name, stamp in self._stamps.items()}
            self._stamps = {**again, GRADEBOOK: url}
            if again:
                self._save()

    @property
    def url(self) -> str:
        """The gradebook that was written last."""
        return self._stamps.get(GRADEBOOK, "")

    def records(self) -> list[str]:
        """Return everything that was ever marked here, as STUDENT/LESSON."""
        return [name for name in self._stamps if name != GRADEBOOK]

    def has(self, record: str, stamp: str) -> bool:
        return self._stamps.get(record) == stamp

    def note(self, stamps: Mapping[str, str]) -> None:
        self._stamps |= stamps
        self._save()

    def again(self) -> Iterator[tuple[str, str, str, datetime | None]]:
        """Yield student, lesson, name in the ledger and time of what a lost or other gradebook does not hold yet."""
        for record, stamp in sorted(self._stamps.items()):
            student, _, lesson = record.rpartition("/")
            if student and stamp.startswith(AGAIN):
                name, received, _ = f"{stamp.lstrip(AGAIN)}||".split("|", 2)
                yield student, lesson, name, datetime.fromisoformat(received) if received else None

    def restored(self, records: Iterable[str]) -> None:
        """Note that a new gradebook holds these again; their pages were never lost."""
        self.note({record: self._stamps[record].lstrip(AGAIN) for record in records})

    def marks(self, ledger: Ledger) -> Mapping[str, Mapping[str, Marked]]:
        """Return the latest marks of everybody in the classroom, of earlier runs too, without what was printed."""
        names: dict[str, dict[str, str]] = {}
        for record, stamp in sorted(self._stamps.items()):
            student, _, lesson = record.rpartition("/")
            name = stamp.lstrip(AGAIN).split("|")[0]
            if student and name in ledger:
                names.setdefault(student, {})[lesson] = name
        return ledger.marks(names)

    def _save(self) -> None:
        write_whole(self._place, json.dumps(self._stamps), mode=0o600)


def stamp(name: str, received: datetime | None, page: str) -> str:
    return f"{name}|{received.isoformat() if received else ''}|{page}"


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _stamps(place: Path) -> dict[str, str]:
    try:
        data = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {name: stamp for name, stamp in data.items() if isinstance(stamp, str)}
