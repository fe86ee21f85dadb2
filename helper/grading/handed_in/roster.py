"""A roster: the list of participants that Moodle, Canvas, nbgrader, Blackboard, Brightspace or Gradescope exports."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helper.course import CourseError

_FULL = ("full name", "student", "name", "student name", "display name", "vollständiger name")
_FIRST = ("first name", "first_name", "firstname", "given name", "vorname")
_LAST = ("last name", "last_name", "lastname", "surname", "family name", "nachname")
_EMAIL = ("email address", "email", "e-mail", "e-mail address", "e-mail-adresse")
# The first of these that a row has is the person's id.
_IDS = ("sis login id", "username", "user name", "login id", "sid", "student id", "id number", "orgdefinedid",
        "org defined id", "sis user id", "github_username", "id")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One person on a roster. accounts: as "canvas:501"; numbers: everything they are counted by, of any system."""

    id: str
    name: str
    email: str = ""
    accounts: tuple[str, ...] = ()
    numbers: frozenset[str] = field(default_factory=frozenset)
    spellings: frozenset[str] = field(default_factory=frozenset)


class Roster:
    """A roster to look somebody up in: a class of thousands is not looked through for each."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)
        self._by: dict[tuple[str, str], list[int]] = {}
        for place, entry in enumerate(self.entries):
            keys = {("account", account) for account in entry.accounts}
            keys |= {("email", entry.email.casefold()), ("id", entry.id)}
            keys |= {("number", number) for number in entry.numbers}
            keys |= {("spelling", spelling) for spelling in entry.spellings}
            for key in keys:
                self._by.setdefault(key, []).append(place)

    def first(self, *keys: tuple[str, str]) -> Entry | None:
        """Return the first entry that has one of some keys, of those that are not empty."""
        places = [self._by[key][0] for key in keys if key[1] and key in self._by]
        return self.entries[min(places)] if places else None

    def spelt(self, spellings: Iterable[str]) -> list[Entry]:
        """Return all who may be written in one of some ways."""
        places = {place for spelling in spellings for place in self._by.get(("spelling", spelling), ())}
        return [self.entries[place] for place in sorted(places)]


def read_roster(path: Path) -> list[Entry]:
    """Read a roster. Raises CourseError, with what to do, if it is none or names somebody twice."""
    rows = read_table(path)
    entries = [entry for row in rows if (entry := _entry(row))]
    if not entries:
        raise CourseError(
            f"{path} is no roster: its first line must name columns, such as Full name and Email address (Moodle), "
            "Student and ID (Canvas), or id, first_name and last_name (nbgrader)."
        )
    seen: set[str] = set()
    for entry in entries:
        if entry.id.casefold() in seen:
            raise CourseError(f"{path} has two people with the id {entry.id}: give each their own.")
        seen.add(entry.id.casefold())
    return entries


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as an LMS or a spreadsheet writes it: any usual separator and encoding."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} could not be read: {error.strerror}.") from error
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
            break
        except UnicodeError:
            continue
    else:
        raise CourseError(f"{path} is not a text file: export it as CSV, in UTF-8.")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise CourseError(f"{path} could not be read as CSV ({error}): export it again.") from error
    return [
        {str(name): value or "" for name, value in row.items() if isinstance(value, str | None)}
        for row in rows
    ]


def alike(name: str) -> str:
    """Return a name as LMSs write it into file names: small letters and digits, in one spelling."""
    text = unicodedata.normalize("NFC", name).casefold()
    return "".join(character for character in text if character.isalnum())


def _entry(raw: Mapping[str, str]) -> Entry | None:
    row = {name.strip().casefold(): value.strip() for name, value in raw.items()}
    first, last = _pick(row, _FIRST), _pick(row, _LAST)
    full = _pick(row, _FULL)
    if full.casefold() in ("points possible", "student, test"):
        return None
    if "," in full and not first:
        last, _, first = (part.strip() for part in full.partition(","))
    name = " ".join(part for part in (first, last) if part) or full
    email = _pick(row, _EMAIL)
    accounts = []
    moodle = re.search(r"(\d+)$", row.get("identifier", ""))
    if moodle:
        accounts.append(f"moodle:{moodle[1]}")
    if "student" in row and row.get("id"):
        accounts.append(f"canvas:{row['id']}")
    if "identifier" in row and "github_username" in row:  # GitHub Classroom's own roster
        name, accounts = name or row["identifier"], []
    numbers = [value.lstrip("#") for column in _IDS if (value := row.get(column, ""))]
    identity = next(iter(numbers), "") or email or name
    if "id" in row and "last_name" in row:  # nbgrader's own
        identity = row["id"]
    if not identity or not (name or numbers):
        return None
    spellings = {
        alike(text) for text in (full, name, f"{last} {first}", f"{first} {last}", email) if alike(text)
    }
    return Entry(identity, name or identity, email, tuple(accounts), frozenset(numbers), frozenset(spellings))


def _pick(row: Mapping[str, str], columns: Sequence[str]) -> str:
    return next((row[column] for column in columns if row.get(column)), "")
