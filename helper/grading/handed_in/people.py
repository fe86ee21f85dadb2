"""Who is who: one id for each person, the same in every run and from whatever road the work came.

The classroom keeps what each person was ever called. Two people are never one because their names look alike;
one is never two because a file was called otherwise. A roster makes it certain.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from helper.course import CourseError
from helper.files import write_whole
from helper.grading.handed_in.owners import BLIND, Owner
from helper.grading.handed_in.roster import Entry, Roster, alike

LONGEST = 80  # characters of a name
MOST_BYTES = 120  # of a name: file systems count bytes, and allow 255 with all that is added
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(slots=True)
class Person:
    """One person.

    accounts: what each system counts them by, as "canvas:501"; came: for each lesson, how the work came last, for the
    way back; expected: whether a roster has them, so that nothing handed in is worth a line.
    """

    id: str
    name: str
    names: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    email: str = ""
    came: dict[str, dict[str, Any]] = field(default_factory=dict)
    expected: bool = False


class People:
    """All who ever handed something in to a classroom, and who is on its roster."""

    def __init__(self, path: Path | None = None, roster: Sequence[Entry] = ()) -> None:
        self._path = path
        self._people: list[Person] = []
        self._by_id: dict[str, Person] = {}
        self._by_account: dict[str, list[Person]] = {}
        self._by_name: dict[str, list[Person]] = {}  # and by id, where that is no name
        self._by_spelling: dict[str, list[Person]] = {}  # of their names
        self._taken: set[str] = set()  # ids, as a file system that knows no case has them
        for person in _load(path) if path else ():
            self._add(person)
        self._roster = Roster(roster)
        self.doubts: list[str] = []

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people)

    def get(self, student: str) -> Person | None:
        return self._by_id.get(student)

    def save(self) -> None:
        if self._path:
            write_whole(self._path, self._lines(), mode=0o600)

    def resolve(self, came: Iterable[tuple[Owner, str]]) -> dict[Owner, Person]:
        """Say which person each owner is. came: owners with the lesson of what they handed in, "" if unknown."""
        lessons: dict[Owner, set[str]] = {}
        for owner, lesson in came:
            lessons.setdefault(owner, set()).add(lesson)
        owners = sorted(
            lessons, key=lambda owner: (owner.name, owner.system, owner.number, owner.at, owner.called)
        )
        groups: dict[str, list[Owner]] = {}
        one = _of_several_assignments(lessons)
        for owner in owners:
            account = "" if owner.name in one and owner.system == "moodle" else _account(owner)
            groups.setdefault(
                account or f"{owner.system if owner.name in one else ''}:{owner.name}", []
            ).append(owner)
        crowd = Counter(safe(owners[0].name).casefold() for owners in groups.values())
        # Several accounts of one name: its number tells whose is whose, the name no longer does.
        namesakes = Counter(owners[0].name for owners in groups.values())
        found: dict[Owner, Person] = {}
        for group in groups.values():
            first = group[0]
            theirs = set().union(*(lessons[owner] for owner in group)) - {""}
            person = self._known(group, theirs, alone=namesakes[first.name] == 1)
            if person is None:
                person = self._new(first, alone=crowd[safe(first.name).casefold()] == 1)
            for owner in group:
                _learn(person, owner)
                self._index(person)
                found[owner] = person
        return found

    def note(self, person: Person, lesson: str, owner: Owner) -> None:
        """Remember how a lesson's work came, so that its marks find the way back."""
        person.came[lesson] = {
            "system": owner.system,
            "number": owner.number,
            "name": owner.name,
            "called": owner.called,
            "late": owner.late,
        }

    def absent(self, present: Iterable[str]) -> list[str]:
        """Return the names on the roster of those who are not among the ids given, and remember them all."""
        here = set(present)
        persons = [self._person_of(entry) for entry in self._roster.entries]
        return [person.name for person in persons if person.id not in here]

    def _lines(self) -> Iterator[str]:
        """Write one person a line: indented, or in one piece, a large class takes long and much memory."""
        before = '{"people": [\n'
        for person in self._people:
            yield before + json.dumps(
                {item.name: getattr(person, item.name) for item in fields(person)}, ensure_ascii=False
            )
            before = ",\n"
        yield "\n]}\n" if self._people else before + "]}\n"

    def _known(self, group: Sequence[Owner], lessons: set[str], *, alone: bool) -> Person | None:
        owner, account = group[0], _account(group[0])
        accounts = {_account(owner) for owner in group} - {""}
        theirs = [person for account in accounts for person in self._by_account.get(account, ())]
        if theirs:
            return self._eldest(theirs)
        for owner in group:
            entry = self._on_roster(owner)
            if entry:
                return self._person_of(entry)
        if _is_blind(owner):
            return None
        named = [
            person
            for person in self._by_name.get(owner.name, ())
            if owner.name in (*person.names, person.name, person.id)
        ]
        same = [person for person in named if _may_be(person, owner, lessons)]
        if len(same) == 1 and alone:
            return same[0]
        if same:
            self.doubts.append(
                f'"{owner.name}" ({account or "no number"}) may be {" or ".join(person.id for person in same)}, or '
                "somebody else of that name: kept apart. A roster tells (--roster)."
            )
        return None

    def _eldest(self, persons: Sequence[Person]) -> Person:
        return persons[0] if len(persons) == 1 else min(persons, key=self._people.index)

    def _new(self, owner: Owner, *, alone: bool) -> Person:
        wanted = safe(owner.name)
        taken = self._taken
        alone = alone and not any(owner.name in person.names for person in self._by_name.get(owner.name, ()))
        if _is_blind(owner) or not alone or wanted.casefold() in taken:
            # The number tells namesakes apart; where there is none, what their names look like does.
            if owner.number:
                wanted = f"{wanted}_{safe(owner.number)}"
            elif wanted != owner.name or wanted.casefold() in taken:
                wanted = f"{wanted}_{hashlib.sha256(owner.name.encode()).hexdigest()[:6]}"
        return self._add(Person(_free(wanted, taken), owner.name))

    def _add(self, person: Person) -> Person:
        self._people.append(person)
        self._by_id.setdefault(person.id, person)
        self._taken.add(person.id.casefold())
        self._index(person)
        return person

    def _index(self, person: Person) -> None:
        """Let a person be found by every name and account: a class of thousands is not looked through for each."""
        for index, keys in (
            (self._by_name, {*person.names, person.name, person.id}),
            (self._by_account, set(person.accounts)),
            (self._by_spelling, {alike(person.name)}),
        ):
            for key in keys:
                known = index.setdefault(key, [])
                if not any(other is person for other in known):
                    known.append(person)

    def _on_roster(self, owner: Owner) -> Entry | None:
        found = self._roster.first(("account", _account(owner)), ("email", owner.email.casefold()))
        if not found and owner.system != "moodle":  # there it is another one for every assignment
            found = self._roster.first(("number", owner.number))
        if not found and owner.system in ("", "nbgrader", "github"):
            found = self._roster.first(("id", owner.name), ("number", owner.name))
        if found:
            return found
        hits = self._roster.spelt([alike(owner.name)])
        return hits[0] if len(hits) == 1 else None

    def _person_of(self, entry: Entry) -> Person:
        wanted = self._id_of(entry)
        person = self.get(wanted)
        if person is None:
            person = self._add(Person(wanted, entry.name, email=entry.email))
        person.name, person.email = entry.name or person.name, entry.email or person.email
        person.expected = True
        person.accounts += [account for account in entry.accounts if account not in person.accounts]
        self._index(person)
        return person

    def _id_of(self, entry: Entry) -> str:
        """Return the id of somebody on the roster: the one this classroom gave them already, else the roster's."""
        theirs = [person for account in entry.accounts for person in self._by_account.get(account, ())]
        if theirs:
            return self._eldest(theirs).id
        same = {
            person.id
            for spelling in entry.spellings
            for person in self._by_spelling.get(spelling, ())
            if alike(person.name) == spelling
        }
        if len(same) == 1 and len(self._roster.spelt(entry.spellings)) == 1:
            return same.pop()
        return safe(entry.id)


def safe(name: str) -> str:
    """Make a name that nbgrader and every file system take: letters, digits, dot, dash, underscore, at."""
    name = unicodedata.normalize("NFC", name)
    text = re.sub(r"[^\w.@-]+", "-", name).strip(".-@")[:LONGEST]
    while len(text.encode()) > MOST_BYTES:
        text = text[:-1]
    text = text.strip(".-@")
    return f"{text}-" if text.casefold() in _RESERVED else text or "unnamed"


def _may_be(person: Person, owner: Owner, lessons: set[str]) -> bool:
    """Say whether a person of the same name may be this owner, by what their system counts them by."""
    theirs = [account for account in person.accounts if account.startswith(f"{owner.system}:")]
    if not owner.number or not theirs:
        return True
    # Moodle's number is another one for every assignment.
    return owner.system == "moodle" and not (lessons & person.came.keys())


def _of_several_assignments(lessons: Mapping[Owner, set[str]]) -> set[str]:
    """Return the names in Moodle's exports that are one person's: it counts people anew for every assignment."""
    named: dict[str, dict[str, set[str]]] = {}
    for owner, theirs in lessons.items():
        if owner.system == "moodle" and not _is_blind(owner):
            named.setdefault(owner.name, {}).setdefault(owner.number, set()).update(theirs)
    return {
        name
        for name, accounts in named.items()
        if len(set().union(*accounts.values())) == sum(map(len, accounts.values()))
    }


def _learn(person: Person, owner: Owner) -> None:
    account = _account(owner)
    if account and account not in person.accounts:
        person.accounts.append(account)
    if owner.name not in person.names:
        person.names.append(owner.name)
    person.email = person.email or owner.email


def _account(owner: Owner) -> str:
    return f"{owner.system}:{owner.number}" if owner.number else ""


def _is_blind(owner: Owner) -> bool:
    return bool(owner.number) and bool(BLIND.match(owner.name))


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name.casefold() in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _load(path: Path) -> list[Person]:
    if not path.exists():
        return []
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return [Person(**entry) for entry in data["people"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"{path} is damaged, and with it who is who: put it back from a copy, or delete it; then people are known "
            "by name and number again."
        ) from error
