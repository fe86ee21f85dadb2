"""The `course` command: parsing only, one function per verb."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from helper.course import CourseError, find_course

app = typer.Typer(
    help="Training Neural Networks: work through it, write it, mark it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def lab(
    lesson: Annotated[
        str, typer.Argument(help="A stem such as 02_cross_entropy, or its number; the start page by default.")
    ] = "",
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Open JupyterLab on the start page, or on a lesson."""
    from helper.commands import student

    raise typer.Exit(student.lab(lesson, browser))


@app.command()
def doctor() -> None:
    """Check the installation; each problem names its cure."""
    from helper.commands import doctor as examination

    raise typer.Exit(examination.doctor())


@app.command()
def progress() -> None:
    """Print the best points so far per lesson and exercise."""
    from helper.commands import student

    raise typer.Exit(student.progress())


@app.command()
def submit(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(
            help="Stems such as 02_cross_entropy, or their numbers; all you worked in by default."
        ),
    ] = None,
) -> None:
    """Run a lesson from the top, show what would be marked, and write one notebook to hand in."""
    from helper.commands import submit as handing_in

    raise typer.Exit(handing_in.submit(lessons or []))


@app.command()
def review(
    notebook: Annotated[bool, typer.Option("--notebook", help="Write the questions as a notebook.")] = False,
) -> None:
    """Ask a few questions from lessons done; each comes again after 1, 3, 7 and 21 days."""
    from helper.commands import review as reviewing

    raise typer.Exit(reviewing.review_lessons(as_notebook=notebook))


@app.command()
def update() -> None:
    """Bring a new version of the lessons to your desk; your answers stay in them."""
    from helper.commands import student

    raise typer.Exit(student.update())


@app.command()
def bench(
    submissions: Annotated[str, typer.Option(help="Class sizes to mark, with commas.")] = "100,500,2000",
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Only several hosts, and a large class that is marked at once.")
    ] = False,
    simulated: Annotated[
        str, typer.Option(help="Submissions of that class, of several with commas, the largest last.")
    ] = "500,2000",
    figures: Annotated[
        Path | None, typer.Option("--json", help="Write what --cluster measured, for its tables.")
    ] = None,
) -> None:
    """Measure the speeds that the documents speak of, each beside what it is compared with."""
    from helper.bench import cluster as hosts
    from helper.bench import grading as bench

    if not cluster:
        raise typer.Exit(bench.run(find_course(), [int(size) for size in submissions.split(",")]))
    raise typer.Exit(hosts.run(find_course(), [int(size) for size in simulated.split(",")], figures))


@app.command()
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Stems such as 02_cross_entropy; the stale ones by default.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is stale.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Build what is up to date too, and drop edits made in Jupyter.")
    ] = False,
) -> None:
    """Build lessons: key, executed notebook and release."""
    from helper.commands import author as verbs

    raise typer.Exit(verbs.build(find_course(), lessons, check=check, force=force))


@app.command("try")
def try_(
    lesson: Annotated[str, typer.Argument(help="LESSON or LESSON/EXERCISE")],
    seeds: Annotated[int, typer.Option(help="How many sets of inputs.")] = 1,
    mutants: Annotated[bool, typer.Option("--mutants", help="Try small mutations of the reference.")] = False,
    answers: Annotated[
        Path | None, typer.Option(help="Answers from elsewhere, in the form of a bank, instead of the bank.")
    ] = None,
) -> None:
    """Hold every answer of the bank against its check: who passes, who fails, with which advice."""
    from helper.commands import author as verbs

    raise typer.Exit(verbs.try_(find_course(), lesson, seeds, mutants=mutants, answers=answers))


@app.command()
def new(name: Annotated[str, typer.Argument(help="LESSON, or LESSON/EXERCISE to add to one")]) -> None:
    """Write the skeleton of a lesson or an exercise: text, answers, figure."""
    from helper.commands import author as verbs

    raise typer.Exit(verbs.new(find_course(), name))


@app.command()
def site(
    lessons: Annotated[list[str] | None, typer.Argument(help="Stems; all lessons by default.")] = None,
    outer_links: Annotated[
        bool, typer.Option("--outer-links", help="Only list the addresses that the built site links to.")
    ] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Only take pictures of the built site, into build/screenshots.")
    ] = False,
) -> None:
    """Build the reading site into build/site: lessons with their outputs, slides, glossary, cheat sheet, documents."""
    from helper.commands import author as verbs

    course = find_course()
    if outer_links or pictures:
        raise typer.Exit(verbs.look_at_site(course, outer_links=outer_links, pictures=pictures))
    raise typer.Exit(verbs.site(course, lessons))


@app.command()
def prove(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Stems such as 02_cross_entropy; all by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many sets of inputs.")] = 3,
    page: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("PROOF.md"),
    answers: Annotated[
        Path | None, typer.Option(help="A folder with LESSON.py: answers from elsewhere.")
    ] = None,
) -> None:
    """Write a page that says, for each exercise, what was held against its check and what came of it."""
    from helper.commands import author as verbs

    raise typer.Exit(verbs.prove(find_course(), lessons, seeds, page, answers))


@app.command()
def absorb(notebook: Path) -> None:
    """Bring an edit made in Jupyter back into the lesson's text."""
    from helper.commands import author as verbs

    raise typer.Exit(verbs.absorb(find_course(), notebook))


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder or archive, as nbgrader or an LMS leaves it.")
    ],
    classroom: Annotated[Path, typer.Option(help="Where marks, feedback and report go.")] = Path("classroom"),
    workers: Annotated[int, typer.Option(help="Submissions at once; all processors by default.")] = 0,
    scheduler: Annotated[str, typer.Option(help="Address of a running Dask scheduler.")] = "",
    certificates: Annotated[
        Path | None, typer.Option(help="The folder of course certificates, for a scheduler at tls://...")
    ] = None,
    database: Annotated[
        str, typer.Option(help="postgresql://... instead of the classroom's SQLite file.")
    ] = "",
    roster: Annotated[
        Path | None, typer.Option(help="The participants' list that Moodle, Canvas or nbgrader exports.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the marks for programs.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Compare with the marks an example class must get.")
    ] = None,
    unsandboxed: Annotated[
        bool, typer.Option("--unsandboxed", help="Only for submissions you trust.")
    ] = False,
) -> None:
    """Mark a class. Exit code 0: all marked; 1: told in one line; 130: stopped, and nothing lost."""
    from helper.commands import instructor as verbs

    raise typer.Exit(
        verbs.grade_class(
            find_course(),
            submissions,
            classroom,
            workers=workers,
            scheduler=scheduler,
            certificates=certificates,
            database=database,
            roster=roster,
            json_file=json_file,
            sheet=sheet,
            unsandboxed=unsandboxed,
        )
    )


@app.command("certificates")
def make_certificates(
    folder: Annotated[Path, typer.Argument(help="A folder that only you can read.")],
) -> None:
    """Make what encrypts the road to workers on other machines, and say where it goes."""
    from helper.commands import cluster

    raise typer.Exit(cluster.certificates(folder))


@app.command()
def marks(
    to: Annotated[str, typer.Option(help="moodle, canvas, nbgrader or csv.")],
    classroom: Annotated[Path, typer.Option(help="The classroom that was graded.")] = Path("classroom"),
    template: Annotated[
        Path | None, typer.Option(help="The grading worksheet (Moodle) or gradebook (Canvas) as exported.")
    ] = None,
    lesson: Annotated[list[str] | None, typer.Option(help="Only these lessons; all by default.")] = None,
) -> None:
    """Write what an LMS imports: marks, and feedback files for upload."""
    from helper.commands import instructor as verbs

    raise typer.Exit(verbs.write_marks(find_course(), classroom, to, template, lesson or []))


@app.command("example-class")
def example_class(
    directory: Path,
    students: int = 12,
    seed: int = 0,
    lesson: Annotated[list[str] | None, typer.Option(help="Only these lessons; all by default.")] = None,
) -> None:
    """Write a class made from the answers banks, with a sheet of the marks it must get."""
    from helper.commands import instructor as verbs

    raise typer.Exit(verbs.example_class(find_course(), directory, students, seed, lesson or []))


def main() -> None:
    """Run the command; what a person can mend is one line on stderr and exit code 1."""
    gc.set_threshold(
        50_000
    )  # imports make much and drop little: collecting meanwhile costs a third of their time
    try:
        app()
    except CourseError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped. What was finished is kept.", err=True)
        raise SystemExit(130) from None
    finally:
        gc.freeze()  # else the end looks through all that was imported, for a second and more


if __name__ == "__main__":
    main()
