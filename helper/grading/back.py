"""The way back: marks as an LMS imports them, with its own ids, and feedback pages as the archive that it takes.

Moodle: the assignment's grading worksheet, and "Upload multiple feedback files in a zip", whose folders are called
"Full name_ID_assignfeedback_file_". Canvas: the gradebook's CSV, and the re-upload of submissions, whose files are
called as they were downloaded. A cell that a spreadsheet would run as a formula gets an apostrophe.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helper.course import CourseError
from helper.files import write_whole
from helper.grading.classroom import Classroom
from helper.grading.handed_in.people import People, Person
from helper.grading.handed_in.roster import alike, read_table
from helper.grading.written import Written
from helper.nbgrading.gradebook import Score, scores

MOODLE = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
          "Last modified (submission)", "Last modified (grade)", "Feedback comments"]  # fmt: skip
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
NBGRADER = ["assignment", "student_id", "last_name", "first_name", "email", "raw_score", "late_submission_penalty",
            "score", "max_score"]  # fmt: skip
PLAIN = ["student", "name", "email", "number", "lesson", "points", "max", "penalty", "status"]
ZIPPED_AT = (1980, 1, 1, 0, 0, 0)  # the same archive from the same pages

Scores = Mapping[str, Mapping[str, Score]]  # student -> lesson -> score


@dataclass
class Back:
    """What was written, each file with what to do with it, and a line for everybody whom it leaves out."""

    files: list[tuple[Path, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Class:
    """A marked classroom. lessons: those to write."""

    room: Classroom
    folder: Path
    people: People
    scores: Scores
    lessons: Sequence[str]

    def of(self, lesson: str) -> Iterator[tuple[Person, Score]]:
        """Yield everybody who has marks for a lesson."""
        for student, of_student in sorted(self.scores.items()):
            if lesson in of_student:
                yield self.people.get(student) or Person(student, student), of_student[lesson]

    def missing(self, lesson: str) -> list[Person]:
        """Return who is on the roster and has no marks for a lesson."""
        return [
            person
            for person in self.people
            if person.expected and lesson not in self.scores.get(person.id, {})
        ]


def write_back(room: Classroom, to: str, template: Path | None = None, only: Sequence[str] = ()) -> Back:
    """Write the marks of a classroom for an LMS into marks/ in it.

    to: "moodle", "canvas", "nbgrader" or "csv"; template: the worksheet or gradebook as the LMS exported it, which
    comes back with the marks filled in; only: lessons, all that are marked by default.
    """
    writers: dict[str, Callable[[_Class, Path | None, Back], None]] = {
        "moodle": _moodle,
        "canvas": _canvas,
        "nbgrader": _nbgrader,
        "csv": _plain,
    }
    if to not in writers:
        raise CourseError(f'Marks cannot be written for "{to}": say {", ".join(writers)}.')
    written = Written(room)
    unknown = [lesson for lesson in only if lesson not in room.lessons]
    if unknown:
        raise CourseError(f'There is no lesson "{unknown[0]}": the lessons are {", ".join(room.lessons)}.')
    if not written.url:
        raise CourseError(f"{room.root} has no marks yet: run course grade first.")
    marked = sorted({record.rpartition("/")[2] for record in written.records()} & set(room.lessons))
    lessons = [lesson for lesson in marked if not only or lesson in only]
    people = People(room.trusted / "people.json")
    group = _Class(room, room.root / "marks" / to, people, scores(written.url, lessons), lessons)
    back = Back()
    writers[to](group, template, back)
    return back


def inert(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _moodle(group: _Class, template: Path | None, back: Back) -> None:
    if template and len(group.lessons) != 1:
        raise CourseError("A grading worksheet is of one assignment: say which lesson it is (--lesson).")
    for lesson in group.lessons:
        by_number = {
            number: (person, score)
            for person, score in group.of(lesson)
            if (number := _number(person, lesson, "moodle"))
        }
        back.lost += _without(group.of(lesson), lesson, "moodle")
        rows = (
            read_table(template)
            if template
            else [_moodle_row(number, *of) for number, of in by_number.items()]
        )
        if template and not (rows and {"Identifier", "Grade", "Last modified (grade)"} <= rows[0].keys()):
            raise CourseError(
                f"{template} is not a grading worksheet: it needs the columns Identifier, Grade and Last modified "
                "(grade). Switch on offline grading in the assignment and download its worksheet."
            )
        seen = set()
        for row in rows:
            number = re.sub(r"\D", "", row["Identifier"])
            if number in by_number:
                seen.add(number)
                _, score = by_number[number]
                row["Grade"] = _scaled(score, row.get("Maximum Grade", ""))
        back.lost += [
            f"{by_number[number][0].id}, {lesson}: not in {template}, so these marks stay here."
            for number in by_number.keys() - seen
        ]
        _write_csv(
            group.folder / f"{lesson}.csv",
            list(rows[0]) if rows else MOODLE,
            rows,
            back,
            "the assignment, Grading action, Upload grading worksheet",
        )
        pages = {
            f"{person.came[lesson]['name']}_{number}_assignfeedback_file_/{lesson}.html": _page(
                group, person, lesson
            )
            for number, (person, _) in by_number.items()
        }
        _write_zip(
            group.folder / f"{lesson}-feedback.zip",
            pages,
            back,
            "the assignment, Grading action, Upload multiple feedback files in a zip",
        )


def _moodle_row(number: str, person: Person, score: Score) -> dict[str, str]:
    row = dict.fromkeys(MOODLE, "")
    return row | {
        "Identifier": f"Participant {number}",
        "Full name": person.name,
        "Email address": person.email,
        "Maximum Grade": f"{score.max:g}",
        "Grade can be changed": "Yes",
        "Last modified (submission)": "-",
        "Last modified (grade)": "-",
    }


def _canvas(group: _Class, template: Path | None, back: Back) -> None:
    rows = read_table(template) if template else []
    if template and not (rows and {"Student", "ID"} <= rows[0].keys()):
        raise CourseError(
            f"{template} is not a gradebook of Canvas: it needs the columns Student and ID. Export it from Grades."
        )
    columns = {lesson: _column(lesson, rows[0].keys() if rows else ()) for lesson in group.lessons}
    fixed = [name for name in CANVAS if not rows or name in rows[0]]
    table: dict[str, dict[str, str]] = {}
    possible = dict.fromkeys(fixed, "") | {"Student": "    Points Possible"}
    for row in rows:
        if row["Student"].strip() == "Points Possible":
            possible |= {name: row[name] for name in (*fixed, *columns.values()) if row.get(name)}
        elif row["ID"]:
            table[row["ID"]] = {name: row.get(name, "") for name in (*fixed, *columns.values())}
    for lesson in group.lessons:
        back.lost += _without(group.of(lesson), lesson, "canvas")
        for person, score in group.of(lesson):
            number = _number(person, lesson, "canvas")
            if number and template and number not in table:
                back.lost.append(f"{person.id}, {lesson}: not in {template}, so these marks stay here.")
            elif number:
                row = table.setdefault(
                    number, dict.fromkeys(fixed, "") | {"Student": person.name, "ID": number}
                )
                row[columns[lesson]] = _scaled(score, possible.get(columns[lesson], ""))
                possible.setdefault(columns[lesson], f"{score.max:g}")
    _write_csv(
        group.folder / "gradebook.csv",
        [*fixed, *columns.values()],
        [possible, *table.values()],
        back,
        "Grades, Import",
    )
    for lesson in group.lessons:
        pages = {}
        for person, _ in group.of(lesson):
            if _number(person, lesson, "canvas"):
                called = re.sub(r"(?i)(\.ipynb(\.\w+)?|\.zip)$", "", person.came[lesson]["called"])
                pages[f"{called}.html"] = _page(group, person, lesson)
        _write_zip(
            group.folder / f"{lesson}-feedback.zip",
            pages,
            back,
            "the assignment, Re-Upload Submissions (after its submissions were downloaded)",
        )


def _nbgrader(group: _Class, template: Path | None, back: Back) -> None:
    rows = []
    for lesson in group.lessons:
        for person, score in group.of(lesson):
            first, _, last = person.name.rpartition(" ")
            values = [lesson, person.id, last, first, person.email, _text(score.points + score.penalty),
                      _text(score.penalty), _text(score.points), _text(score.max)]  # fmt: skip
            rows.append(dict(zip(NBGRADER, values, strict=True)))
    _write_csv(group.folder / "grades.csv", NBGRADER, rows, back, "the columns of nbgrader export")
    back.files.append((group.room.feedback, "run nbgrader release_feedback LESSON in the classroom's folder"))


def _plain(group: _Class, template: Path | None, back: Back) -> None:
    rows = []
    for lesson in group.lessons:
        for person, score in group.of(lesson):
            late = score.late or bool(person.came.get(lesson, {}).get("late"))
            numbers = [_text(score.points), _text(score.max), _text(score.penalty)]
            values = [person.id, person.name, person.email, _any_number(person), lesson, *numbers]
            values.append("late" if late else "handed in")
            rows.append(dict(zip(PLAIN, values, strict=True)))
        for person in group.missing(lesson):
            values = [
                person.id,
                person.name,
                person.email,
                _any_number(person),
                lesson,
                "",
                "",
                "",
                "missing",
            ]
            rows.append(dict(zip(PLAIN, values, strict=True)))
    _write_csv(group.folder / "marks.csv", PLAIN, rows, back, "one line for each student and lesson")


def _number(person: Person, lesson: str, system: str) -> str:
    """Return what an LMS counts a person by for a lesson: as the work came, or as the roster says."""
    came = person.came.get(lesson, {})
    return str(came["number"]) if came.get("system") == system else ""


def _any_number(person: Person) -> str:
    return next((account.rpartition(":")[2] for account in person.accounts), "")


def _without(of_lesson: Iterable[tuple[Person, Score]], lesson: str, system: str) -> list[str]:
    return [
        f"{person.id}, {lesson}: did not come from {system.capitalize()}, so these marks stay here."
        for person, _ in of_lesson
        if not _number(person, lesson, system)
    ]


def _column(lesson: str, columns: Iterable[str]) -> str:
    """Find an assignment's column: it has the lesson's name in its own, before Canvas's number in brackets."""
    title = alike(re.sub(r"^\d+_", "", lesson))
    hits = [column for column in columns if column not in CANVAS and title in alike(column)]
    exact = [column for column in hits if alike(lesson) in alike(column)]
    chosen = exact or hits
    if len(chosen) > 1:
        raise CourseError(
            f"Several columns may be {lesson}: {', '.join(chosen)}. Leave one of them in the gradebook."
        )
    return chosen[0] if chosen else lesson


def _scaled(score: Score, most: str) -> str:
    """Return the points as a part of what the LMS counts as all."""
    try:
        whole = float(most.replace(",", "."))
    except ValueError:
        whole = score.max
    return _text(score.points * whole / score.max if score.max else 0.0)


def _text(number: float) -> str:
    return f"{round(number, 2):g}"


def _page(group: _Class, person: Person, lesson: str) -> Path:
    return group.room.feedback / person.id / lesson / f"{lesson}.html"


def _write_csv(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]], back: Back, what: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: inert(row.get(name, "")) for name in columns})
    write_whole(path, text.getvalue())
    back.files.append((path, what))


def _write_zip(path: Path, pages: Mapping[str, Path], back: Back, what: str) -> None:
    if not pages:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in sorted(pages.items()):
            try:
                content = page.read_bytes()
            except OSError:
                back.lost.append(f"{page} is missing: run course grade again, then this.")
                continue
            archive.writestr(zipfile.ZipInfo(name, ZIPPED_AT), content, zipfile.ZIP_DEFLATED)
    back.files.append((path, what))
