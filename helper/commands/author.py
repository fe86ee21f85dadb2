"""What an author's commands do and print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from helper.course import Course, CourseError
from helper.lessons import lesson as lessons

if TYPE_CHECKING:
    from helper.authoring.proof import Tried
    from helper.lessons.stage import Stage

SIGNS = {"right": "[green]✓[/]", "mistake": "[yellow]✗[/]"}


def build(course: Course, stems: list[str] | None, *, check: bool, force: bool) -> int:
    """Build lessons (by default those that are stale), or with `check` only say which are. Returns the exit code."""
    from helper.authoring import build as building

    known = lessons.stems(course.solutions)
    for stem in stems or []:
        if stem not in known:
            raise CourseError(
                f'There is no lesson "{stem}": the lessons are {", ".join(known) or "none yet"}.'
            )
    chosen = stems or known
    console = Console(highlight=False, soft_wrap=True)
    if check:
        complaints = building.stale(course, chosen)
        for line in complaints or ["Everything built is up to date."]:
            console.print(line)
        return 1 if complaints else 0
    if not stems and not force:
        chosen = [stem for stem in known if building.stale(course, [stem])]
        if not chosen:
            console.print("Everything built is up to date.")
    code = 0
    for stem in chosen:
        taken = building.take_answers_along(course, stem)
        if taken:
            console.print(escape(taken))
        with console.status(f"building {stem}"):
            problems = building.build(course, stem, force=force)
        for line in problems:
            console.print(escape(line))
        console.print(f"{stem}: {'not built, nothing was written' if problems else 'built'}")
        code = code or bool(problems)
    return int(code)


def try_(course: Course, name: str, seeds: int, *, mutants: bool = False, answers: Path | None = None) -> int:
    """Print each answer of a lesson's bank, or of a file, with its verdict and advice. Returns the exit code."""
    from helper.authoring import rules
    from helper.authoring.proof import try_answers, try_elsewhere
    from helper.lessons.key_of import make_key
    from helper.lessons.stage import Stage

    stem, _, exercise = name.partition("/")
    lesson = lessons.read(course.solutions, stem)
    if exercise and exercise not in lesson.exercises:
        raise CourseError(f'{stem} has no exercise "{exercise}": it has {", ".join(lesson.exercises)}.')
    elsewhere = lessons.read_answers(answers, lesson) if answers else ()
    console = Console(highlight=False, soft_wrap=True)
    stage = Stage(lesson)
    wanted = [exercise] if exercise else list(lesson.exercises)
    if mutants:
        return _try_mutants(console, stage, wanted)
    broken: list[str] = []
    names = _seeds(seeds)
    if answers:
        chosen = [answer for answer in elsewhere if answer.exercise in wanted]
        asked = list(dict.fromkeys(answer.exercise for answer in chosen))
        keys = [make_key(stage, seed, asked) for seed in names]
        rows = try_elsewhere(stage, keys, chosen)
    else:
        keys = [make_key(stage, seed, wanted) for seed in names]
        by_seed = [try_answers(stage, key, wanted) for key in keys]
        rows = [list(row) for row in zip(*by_seed, strict=True)]
        broken = [] if exercise else rules.broken_by_lesson(lesson)
        for name in wanted:
            broken += [*rules.broken_by_bank(lesson, name)]
            broken += [sentence for key in keys for sentence in rules.broken_by_luck(stage, name, key)]
    for row in rows:
        _show(console, row, names, titles=bool(answers))
    for sentence in broken:
        console.print(f"[red]RULE[/] {escape(sentence)}")
    wrong = sum(bool(tried.problem) for row in rows for tried in row) + len(broken)
    confused = sum(bool(tried.confusion) for row in rows for tried in row)
    if confused:
        console.print(f"{confused} mistakes would be taken for another if the bank did not have them")
    console.print(f"{wrong} problem{'' if wrong == 1 else 's'} under {seeds} seed{'' if seeds == 1 else 's'}")
    return 1 if wrong else 0


def _show(console: Console, row: Sequence[Tried], seeds: Sequence[str], *, titles: bool) -> None:
    """Print one answer as the first seed sees it, and what is wrong under any."""
    answer, verdict = row[0].answer, row[0].verdict
    points = f"{verdict.points:.3g}/{verdict.max:g}"
    head = f"{SIGNS[answer.kind]} {answer.exercise:24} {verdict.verdict:14} {points:8}"
    console.print(f"{head} {escape(answer.title if titles or answer.kind == 'right' else '')}".rstrip())
    for text in (*verdict.advice, *(note.text for note in verdict.notes)):
        console.print(f"    {escape(text)}")
    for seed, tried in zip(seeds, row, strict=True):
        if tried.problem:
            console.print(f"    [red]PROBLEM[/] under seed {seed}: {escape(tried.problem)}")
        if tried.confusion:
            console.print(f"    [dim]without its entry, under seed {seed}: {escape(tried.confusion)}[/]")


def prove(course: Course, stems: list[str] | None, seeds: int, page: Path, answers: Path | None) -> int:
    """Write the page that says, for each exercise, what was held against its check. Returns the exit code."""
    from helper.authoring.proof_page import page as page_of
    from helper.authoring.proof_page import prove as proven
    from helper.files import write_whole
    from helper.lessons.stage import Stage

    console = Console(highlight=False, soft_wrap=True)
    rows = []
    for stem in stems or lessons.stems(course.solutions):
        lesson = lessons.read(course.solutions, stem)
        file = answers / f"{stem}.py" if answers else None
        others = lessons.read_answers(file, lesson) if file and file.exists() else ()
        with console.status(stem):
            rows.append((stem, lesson.written, list(proven(Stage(lesson), _seeds(seeds), others))))
        console.print(f"{stem}: {sum(row.problems for row in rows[-1][2])} problems")
    write_whole(page, page_of(rows, seeds))
    console.print(f"{page} has the proof")
    return int(any(row.problems or row.killed < row.mutants for _, _, of_lesson in rows for row in of_lesson))


def _seeds(number: int) -> list[str]:
    from helper.lessons.key_of import PRACTICE

    return [PRACTICE, *(f"seed {place}" for place in range(1, number))]


def _try_mutants(console: Console, stage: Stage, exercises: list[str]) -> int:
    from helper.authoring.mutants import survivors
    from helper.lessons.key_of import make_key

    keys = [make_key(stage, seed) for seed in ("practice", "seed 1", "seed 2")]
    found = 0
    for exercise in exercises:
        for mutant in survivors(stage, exercise, keys):
            found += 1
            console.print(f"{exercise}, line {mutant.line}: {escape(mutant.change)}, and the check passes.")
            console.print(escape(mutant.source), style="dim")
    console.print(
        f"{found} mutation{'' if found == 1 else 's'} passed; tighten the check or add it as a right answer"
    )
    return 1 if found else 0


def new(course: Course, name: str) -> int:
    """Write the skeleton of a lesson, or add one of an exercise. Returns the exit code."""
    from helper.authoring.new import new_exercise, new_lesson

    stem, _, exercise = name.partition("/")
    written = new_exercise(course, stem, exercise) if exercise else new_lesson(course, stem)
    console = Console(highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"written: {path}")
    console.print(f'Now write, then look at it with "course try {name}" and "course build {stem}".')
    return 0


def site(course: Course, stems: list[str] | None) -> int:
    """Build the reading site into build/site. Returns the exit code."""
    from helper.authoring.build import stale
    from helper.site.build import build_site

    console = Console(highlight=False, soft_wrap=True)
    chosen = stems or lessons.stems(course.solutions)
    for line in stale(course, chosen):
        console.print(f"The site shows what was built: {escape(line)}")
    first = build_site(course, chosen, _site_of(course))
    if not list(first.parent.glob("slides/*.pdf")):
        console.print(
            "The slides are not printed: install Chromium and run course site again to have them as PDF."
        )
    console.print(f"{first}: open it in a browser, from the disk", markup=False)
    return 0


def look_at_site(course: Course, *, outer_links: bool, pictures: bool) -> int:
    """List the addresses that the built site links to, or take pictures of its pages. Returns the exit code."""
    from helper.site.build import outer_links as links_of
    from helper.site.pictures import html_pages, take_pictures

    console = Console(highlight=False, soft_wrap=True)
    html_pages(_site_of(course))  # or says that there is no site
    if outer_links:
        for address, pages in links_of(_site_of(course)):
            console.print(f"{address}  ({', '.join(pages)})", markup=False)
    if pictures:
        folder = course.root / "build" / "screenshots"
        taken = sum(1 for _ in take_pictures(_site_of(course), folder))
        console.print(f"{taken} pictures in {folder}", markup=False)
    return 0


def _site_of(course: Course) -> Path:
    return course.root / "build" / "site"


def absorb(course: Course, notebook: Path) -> int:
    """Write an edited notebook's cells back into its lesson's text. Returns the exit code."""
    from helper.authoring.absorb import absorb as bring_back

    Console(highlight=False, soft_wrap=True).print(escape(bring_back(course, notebook)))
    return 0
