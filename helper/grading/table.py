"""Dictionaries of texts that lie on the disk: what grows with a class does not stay in memory.

Each is a file without a name, which nobody meets and which is gone with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager

from helper.course import CourseError

AT_ONCE = 500  # rows read together: what is written meanwhile is another matter


class Table(MutableMapping[str, str]):
    """A dictionary of texts, in the order of its keys. Raises CourseError if there is no room for it."""

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        with _told():
            self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._rows.execute("pragma journal_mode = off")
            self._rows.execute("create table entry (key text primary key, value text) without rowid")
            self._rows.execute("begin")  # for good: nothing is ever taken back
            self._rows.executemany("insert or replace into entry values (?, ?)", entries)

    def __getitem__(self, key: str) -> str:
        with _told():
            row = self._rows.execute("select value from entry where key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        value: str = row[0]
        return value

    def __setitem__(self, key: str, value: str) -> None:
        with _told():
            self._rows.execute("insert or replace into entry values (?, ?)", (key, value))

    def __delitem__(self, key: str) -> None:
        with _told():
            if not self._rows.execute("delete from entry where key = ?", (key,)).rowcount:
                raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        with _told():
            found = self._rows.execute("select 1 from entry where key = ?", (key,)).fetchone()
        return found is not None

    def __len__(self) -> int:
        with _told():
            count: int = self._rows.execute("select count(*) from entry").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.rows())

    def rows(self, start: str = "", end: str = "") -> Iterator[tuple[str, str]]:
        """Yield keys with their values, from one key on and before another, "" for all."""
        last, first = start, True
        bound = "and key < ?" if end else ""
        while True:
            words = (last, end) if end else (last,)
            sign = ">=" if first else ">"
            with _told():
                some = self._rows.execute(
                    f"select key, value from entry where key {sign} ? {bound} order by key limit {AT_ONCE}",
                    words,
                ).fetchall()
            yield from some
            if len(some) < AT_ONCE:
                return
            last, first = some[-1][0], False


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise CourseError(
            f"Temporary files have no room for what a class needs ({error}): make some, or set TMPDIR to a "
            "larger place."
        ) from error
