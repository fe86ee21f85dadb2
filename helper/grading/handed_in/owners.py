"""Whose is each file? Read from the part of its path that the receiver made, never from what a student named.

The tree of folders and archives is gone down from the outside. A level is the receiver's until a name at it says
who handed in what lies below; from there on everything was named by that student.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import PurePosixPath

from helper.grading.handed_in.files import without_suffix

# Moodle: "Full Name_12345_assignsubmission_file_" as a folder, or before each file's own name.
MOODLE = re.compile(r"^(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<rest>.*))?$")
# Canvas: name_user_attachment_file, or LATE after the name; anonymous marking has no name.
CANVAS = re.compile(r"^(?P<name>.+?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)$")
CANVAS_BLIND = re.compile(r"^(?P<late>LATE_)?anon_(?P<number>[A-Za-z0-9]+)_(?P<file>\d+)_(?P<rest>.+)$")
# Blackboard: TITLE_user_attempt_2026-11-01-10-00-00_file, and a receipt without the file's name.
BLACKBOARD = re.compile(r"^(?P<head>.+)_attempt_(?P<at>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|\.txt)$")
# Brightspace: "123-456 - Full Name - Nov 1, 2026 1005 AM", as a folder or before " - file".
BRIGHTSPACE = re.compile(
    r"^(?P<number>\d+)-\d+ ?- (?P<name>.+?) ?- (?P<at>[A-Z][a-z]+ \d{1,2}, \d{4} \d{3,4} [AP]M)(?: ?- (?P<rest>.+))?$"
)
# nbgrader's exchange: user+assignment+time(+random), a folder in "inbound".
INBOUND = re.compile(
    r"^(?P<name>[^+]+)\+[^+]+\+(?P<at>\d{4}-\d\d-\d\d[ T_]\d\d[:.\-_]\d\d[:.\-_]\d\d[^+]*)(?:\+[^+]+)?$"
)
GRADESCOPE = "submission_metadata.yml"
BLIND = re.compile(r"(?i)^(participant|teilnehmer|participante|deelnemer)[\w/]*$")
COLLECTED = {"submitted", "inbound"}
NBGRADERS_OWN = {"source", "release", "outbound", "autograded", "feedback", "solutions", "notebooks"}
COPY = re.compile(r"(?i)(?:[ _-]*\(\d+\)|[ _-]+copy(?:[ _-]?\d+)?|[ _-]*\(copy\))+$")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who handed something in, as the receiver called them.

    number: what the receiver counts them by, if it told; at: which of several attempts this is, as text that
    sorts; called: the receiver's own name for the file or folder, for the way back; exchange: the folder in which
    nbgrader's exchange wrote a timestamp.txt ("FOLDER/*" for one of each lesson in it), "" if it brought nothing.
    """

    name: str
    system: str = ""
    number: str = ""
    email: str = ""
    late: bool = False
    at: str = ""
    called: str = ""
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A file that may be somebody's work. lesson: of its notebook, "" if unknown; archives: see files.File."""

    path: PurePosixPath
    lesson: str = ""
    archives: tuple[int, ...] = ()


@dataclass
class Found:
    """owners: of each item by its place in the list, several for a group; lost: what could not be told apart."""

    owners: dict[int, tuple[Owner, ...]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


@dataclass
class _Node:
    name: str
    path: PurePosixPath
    is_archive: bool = False
    folders: dict[str, _Node] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)

    @cached_property
    def below(self) -> dict[int, Item]:
        """Everything in this folder and deeper."""
        parts = [some for some in (self.items, *(node.below for node in self.folders.values())) if some]
        return parts[0] if len(parts) == 1 else dict(chain(*(some.items() for some in parts)))

    @property
    def bare(self) -> str:
        return without_suffix(self.name) if self.is_archive else self.name


def find_owners(
    place: str,
    items: Sequence[Item],
    others: Sequence[PurePosixPath],
    lessons: Sequence[str],
    texts: Mapping[PurePosixPath, str],
) -> Found:
    """Say whose each item is.

    place: the name of the folder or archive itself; others: files that are nobody's notebook, by whose names an
    export may be known; texts: what stands in the small files that an LMS adds.
    """
    return _Reading(lessons, others, texts).read(_tree(place, items))


class _Reading:
    """One pass through a tree. It holds what every level may need to look at."""

    def __init__(
        self, lessons: Sequence[str], others: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, str]
    ) -> None:
        self._lessons = set(lessons)
        self._others: dict[PurePosixPath, list[str]] = {}
        for path in others:
            self._others.setdefault(path.parent, []).append(path.name)
        self._texts = texts
        self._found = Found()

    def read(self, root: _Node) -> Found:
        self._level(root)
        return self._found

    def _level(self, node: _Node) -> None:
        """Read a level that the receiver, or whoever packed it, made."""
        if not node.below:
            return
        named = self._export(node)
        if named:
            self._rest(node, named)
        elif COLLECTED & node.folders.keys():
            for name in sorted(node.folders.keys() - NBGRADERS_OWN):
                self._level(node.folders[name])
            self._files(node)
        elif self._is_own_folder(node):
            self._claim(node.below, self._plain(node.bare, "" if node.is_archive else f"{node.path}/*"))
        elif self._is_enclosing(node):
            for child in node.folders.values():
                self._level(child)
            self._files(node)
        else:
            self._people(node)

    def _rest(self, node: _Node, named: Mapping[str, tuple[Owner, ...]]) -> None:
        """Take what an export names, and read what lies beside it as what it is."""
        for index, item in node.items.items():
            owners = named.get(item.path.name)
            if owners:
                self._found.owners[index] = owners
        self._files(node, skip=named)
        for name, child in node.folders.items():
            if name in named:
                self._claim(child.below, *named[name])
            else:
                self._level(child)

    def _people(self, node: _Node) -> None:
        """Read a level at which each folder, archive and file is one person's."""
        common = self._github(node)
        for child in node.folders.values():
            inner = self._export(child)
            if len({owner.number or owner.name for owners in inner.values() for owner in owners}) > 1:
                self._found.lost.append(
                    f"{child.path}: an export of several people lies among the work of others: grade it by itself."
                )
                continue
            has_lesson = any(name in self._lessons for name in child.folders)
            exchange = f"{child.path}/*" if has_lesson and not child.is_archive else ""
            owner = self._plain(child.bare.removeprefix(common), exchange)
            self._claim(child.below, replace(owner, system="github") if common else owner)
        self._files(node)

    def _files(self, node: _Node, skip: Mapping[str, object] | None = None) -> None:
        """Read the notebooks that lie at a level themselves: the name of each is its owner's."""
        nameless = []
        for index, item in node.items.items():
            if skip and item.path.name in skip:
                continue
            name = self._name_in(item)
            if name:
                self._found.owners[index] = (self._plain(name),)
            else:
                nameless.append(item)
        for item in nameless:
            self._found.lost.append(
                f"{item.path}: nobody's name is on it. Put it into a folder with the student's name."
            )

    def _claim(self, items: Mapping[int, Item], *owners: Owner) -> None:
        self._found.owners.update(dict.fromkeys(items, owners))

    def _plain(self, name: str, exchange: str = "") -> Owner:
        return Owner(name, called=name, exchange=exchange)

    def _name_in(self, item: Item) -> str:
        """Return the name that a notebook's file name holds beside its lesson's."""
        stem = re.sub(r"(?i)\.ipynb(\.(txt|json))?$", "", item.path.name)
        if item.archives and item.archives[-1] == len(item.path.parts):
            stem = without_suffix(item.path.name)
        stem = COPY.sub("", stem)
        for lesson in sorted(self._lessons, key=len, reverse=True):
            stem = re.sub(rf"(?i)[ _.-]*{re.escape(lesson)}[ _.-]*", " ", stem)
        return COPY.sub("", stem).strip(" _-.")

    def _export(self, node: _Node) -> dict[str, tuple[Owner, ...]]:
        """Return the owners that an LMS's own names give to the entries of a level, none if it is no export."""
        names = [*node.folders, *(item.path.name for item in node.items.values())]
        if GRADESCOPE in self._others.get(node.path, ()):
            return self._gradescope(node, names)
        return {name: owners for name in names if (owners := self._exported(node, name))}

    def _exported(self, node: _Node, name: str) -> tuple[Owner, ...]:
        is_folder = name in node.folders and not node.folders[name].is_archive
        if found := MOODLE.match(name):
            return (
                Owner(found["name"], "moodle", found["number"], called=f"{found['name']}_{found['number']}"),
            )
        if is_folder and (found := INBOUND.match(name)):
            at = re.sub(r"\D", "", found["at"])
            return (Owner(found["name"], "nbgrader", "", at=at, called=name, exchange=str(node.path / name)),)
        if found := BRIGHTSPACE.match(name):
            return (
                Owner(
                    found["name"],
                    "brightspace",
                    found["number"],
                    at=_brightspace_time(found["at"]),
                    called=name,
                ),
            )
        if found := BLACKBOARD.match(name):
            return (self._blackboard(node, found),)
        if is_folder:
            return ()
        if found := CANVAS_BLIND.match(name):
            blind = f"anon_{found['number']}"
            return (
                Owner(
                    blind,
                    "canvas",
                    found["number"],
                    late=bool(found["late"]),
                    at=_resubmitted(name),
                    called=name,
                ),
            )
        if (found := CANVAS.match(name)) and not f"{found['file']}_{found['rest']}".startswith(
            tuple(self._lessons)
        ):
            late = bool(found["late"])
            return (
                Owner(
                    found["name"], "canvas", found["number"], late=late, at=_resubmitted(name), called=name
                ),
            )
        return ()

    def _blackboard(self, node: _Node, found: re.Match[str]) -> Owner:
        """Tell title from user by the receipt, or by what all names of the export have in common."""
        head, at = found["head"], found["at"]
        receipt = self._texts.get(node.path / f"{head}_attempt_{at}.txt", "")
        said = re.search(r"^Name: (?P<name>.*) \((?P<user>[^()\s]+)\)\s*$", receipt, re.M)
        if said and head.endswith(f"_{said['user']}"):
            return Owner(said["name"], "blackboard", said["user"], at=at, called=f"{head}_attempt_{at}")
        names = [
            *node.folders,
            *(item.path.name for item in node.items.values()),
            *self._others.get(node.path, ()),
        ]
        heads = {match["head"] for match in map(BLACKBOARD.match, names) if match}
        user = head.rpartition("_")[2]
        if len(heads) > 1:
            title = re.match(r"(?s)(.*_)", _common(sorted(heads)))
            user = head[len(title[1]) :] if title else user
        return Owner(user, "blackboard", user, at=at, called=f"{head}_attempt_{at}")

    def _gradescope(self, node: _Node, names: Sequence[str]) -> dict[str, tuple[Owner, ...]]:
        import yaml

        noted = self._texts.get(node.path / GRADESCOPE, "")
        try:
            data = yaml.safe_load(noted)
        except (yaml.YAMLError, RecursionError, ValueError):
            data = None
        found: dict[str, tuple[Owner, ...]] = {}
        for name in names:
            entry = data.get(name) if isinstance(data, dict) else None
            people = _noted(entry, "submitters")
            owners = tuple(
                _submitter(person, name) for person in (people if isinstance(people, list) else ())
            )
            found[name] = owners or (Owner(name, "gradescope", name, called=name),)
        return found

    def _github(self, node: _Node) -> str:
        """Return what `gh classroom clone` puts before each user's name: the assignment's."""
        title = node.name.removesuffix("-submissions")
        if title == node.name or not node.folders:
            return ""
        return f"{title}-" if all(name.startswith(f"{title}-") for name in node.folders) else ""

    def _is_own_folder(self, node: _Node) -> bool:
        """Say whether a level is inside one person's work: folders or files that lessons, not people, named."""
        lessons = [child for name, child in node.folders.items() if name in self._lessons]
        if lessons and all(self._holds_itself(child) for child in lessons):
            return len(lessons) == len(node.folders)
        if node.folders or not node.items:
            return False
        seen = [item.lesson for item in node.items.values()]
        return not any(self._name_in(item) for item in node.items.values()) and len(set(seen)) == len(seen)

    def _holds_itself(self, node: _Node) -> bool:
        """Say whether a folder called as a lesson holds one person's notebook of it."""
        return not node.folders and not any(self._name_in(item) for item in node.items.values())

    def _is_enclosing(self, node: _Node) -> bool:
        """Say whether a level only encloses others: one folder that holds a class, or folders that all do."""
        children = [child for child in node.folders.values() if child.below]
        if not children or any(self._name_in(item) for item in node.items.values()):
            return False
        if all(self._export(child) or COLLECTED & child.folders.keys() for child in children):
            return True
        if len(children) == 1 and not node.items:
            return not self._is_own_folder(children[0]) and self._is_class(children[0])
        if not all(self._is_class(child) for child in children):
            return False
        if all(child.name in self._lessons for child in children):
            return True  # LESSON/STUDENT
        # Sections hold different people, weeks different lessons; the same folders with the same lesson in each are
        # what every student was given.
        names = [set(child.folders) for child in children]
        lessons = [{item.lesson for item in child.below.values() if item.lesson} for child in children]
        return not set.intersection(*names) or not set.intersection(*lessons)

    def _is_class(self, node: _Node) -> bool:
        """Say whether a folder holds the work of several: one lesson twice or more in folders or files of its own."""
        if self._export(node) or COLLECTED & node.folders.keys() or self._github(node):
            return True
        children = [child for child in node.folders.values() if child.below]
        if any(name in self._lessons for child in children for name in child.folders):
            return True  # STUDENT/LESSON: nbgrader's layout
        if len(children) == 1 and not node.items:
            return self._is_class(children[0])
        named = [item for item in node.items.values() if self._name_in(item)]
        sets = [{item.lesson for item in child.below.values() if item.lesson} for child in children]
        sets += [{item.lesson} for item in named if item.lesson]
        return len(sets) > 1 and len(set.union(*sets)) < sum(map(len, sets))


def _tree(place: str, items: Sequence[Item]) -> _Node:
    root = _Node(place, PurePosixPath(), place != without_suffix(place))
    for index, item in enumerate(items):
        node = root
        # An archive that could not be opened stands for a file.
        for depth, part in enumerate(item.path.parts[:-1], 1):
            child = node.folders.get(part)
            if child is None:
                child = node.folders[part] = _Node(part, node.path / part, depth in item.archives)
            node = child
        node.items[index] = item
    return root


def _common(texts: Sequence[str]) -> str:
    first, last = texts[0], texts[-1]
    length = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:length]


def _resubmitted(name: str) -> str:
    """Canvas counts what was handed in again: file-1.ipynb, file-2.ipynb."""
    found = re.search(r"-(\d+)(?:\.[a-z]+)+$", name, re.I)
    return f"{int(found[1]):06}" if found and len(found[1]) < 6 else "000000"


def _brightspace_time(text: str) -> str:
    from datetime import datetime

    for form in ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"):
        day, _, clock = text.rpartition(" ")[0].rpartition(" ")
        try:
            return datetime.strptime(f"{day} {clock:0>4} {text[-2:]}", form).isoformat()
        except ValueError:
            continue
    return ""


def _noted(entry: object, name: str) -> object:
    """Get a value from Gradescope's notes, which write names with a colon before them."""
    if not isinstance(entry, dict):
        return None
    return entry.get(f":{name}", entry.get(name))


def _submitter(person: object, called: str) -> Owner:
    name, sid, email = (str(_noted(person, key) or "") for key in ("name", "sid", "email"))
    return Owner(name or sid or email or called, "gradescope", sid or email or called, email, called=called)
