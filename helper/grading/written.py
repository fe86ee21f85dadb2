"""What the gradebook and the pages hold already, so that only what is new is written down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from helper.files import add_line, write_whole
from helper.grading.classroom import Classroom
from helper.grading.ledger import Ledger
from helper.grading.marking import Marked
from helper.grading.table import Table

GRADEBOOK = "gradebook"
AGAIN = "?"  # before the stamp of what is to be written anew
LINE = 500  # records in a line that is written anew


class Written:
    """A stamp for each record of the classroom: its name in the ledger, when it came, and what else its pages show.

    Each batch adds a line to the file; what a later line says of a record counts. A crash between a batch and the
    note of it repeats the batch, which changes nothing.
    """

    def __init__(self, room: Classroom, url: str = "") -> None:
        """url: of the gradebook that will be written; without one nothing is."""
        self._place = room.trusted / "written.json"
        self._stamps, self._sound = _read(self._place)
        self.url = self._stamps.pop(GRADEBOOK, "")  # of the gradebook that was written last
        lost = url == room.database and not _has_content(room.root / "gradebook.db")
        if url and (lost or self.url != url):
            # Whoever was marked stays known, but all is to be written anew.
            again = Table((name, f"{AGAIN}{stamp.lstrip(AGAIN)}") for name, stamp in self._stamps.rows())
            self._stamps, self.url, self._sound = again, url, False
            if len(again):
                self.note({})

    def records(self) -> Iterator[str]:
        """Yield everything that was ever marked here, as STUDENT/LESSON."""
        return iter(self._stamps)

    def has(self, record: str, stamp: str) -> bool:
        return self._stamps.get(record) == stamp

    def note(self, stamps: Mapping[str, str]) -> None:
        """Add a line; where the file is not sound, write it anew. Raises CourseError if that cannot be done."""
        self._stamps.update(stamps)
        if not self._sound:
            write_whole(self._place, self._lines(), mode=0o600)
            self._sound = True
        elif stamps:
            add_line(self._place, json.dumps(stamps))

    def again(self) -> Iterator[tuple[str, str, str, datetime | None]]:
        """Yield student, lesson, name in the ledger and time of what a lost or other gradebook does not hold yet."""
        for record, stamp in self._stamps.rows():
            student, _, lesson = record.rpartition("/")
            if student and stamp.startswith(AGAIN):
                name, received, _ = f"{stamp.lstrip(AGAIN)}||".split("|", 2)
                yield student, lesson, name, datetime.fromisoformat(received) if received else None

    def restored(self, records: Iterable[str]) -> None:
        """Note that a new gradebook holds these again; their pages were never lost."""
        self.note({record: self._stamps[record].lstrip(AGAIN) for record in records})

    def marks(self, ledger: Ledger) -> Mapping[str, Mapping[str, Marked]]:
        """Return the latest marks of everybody in the classroom, of earlier runs too, without what was printed."""
        named = ((record, stamp.lstrip(AGAIN).split("|")[0]) for record, stamp in self._stamps.rows())
        return ledger.marks(
            Table((record, name) for record, name in named if "/" in record and name in ledger)
        )

    def _lines(self) -> Iterator[str]:
        yield json.dumps({GRADEBOOK: self.url}) + "\n"
        rows = self._stamps.rows()
        while some := dict(islice(rows, LINE)):
            yield json.dumps(some) + "\n"


def stamp(name: str, received: datetime | None, page: str) -> str:
    return f"{name}|{received.isoformat() if received else ''}|{page}"


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _read(place: Path) -> tuple[Table, bool]:
    """Return the stamps, and whether the file may be added to: it is there, and every line of it is whole.

    Once it was a single line, rewritten with every batch.
    """
    stamps, sound = Table(), False
    with suppress(OSError), place.open("rb") as file:
        sound = True
        for line in file:
            found = _stamps(line)
            stamps.update(found)
            sound = sound and bool(found) and line.endswith(b"\n")
    return stamps, sound and bool(len(stamps))


def _stamps(line: bytes) -> dict[str, str]:
    try:
        data = json.loads(line)
        json.dumps(data, ensure_ascii=False).encode()  # halves of characters cannot be kept
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {name: stamp for name, stamp in data.items() if isinstance(stamp, str)}
