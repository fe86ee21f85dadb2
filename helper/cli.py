"""The `course` command: parsing only, one function per verb."""

from __future__ import annotations

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
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Stems such as 02_cross_entropy; all by default.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is stale.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Drop edits made in Jupyter.")] = False,
) -> None:
    """Build lessons: key, executed notebook and release."""
    from helper.authoring import verbs

    raise typer.Exit(verbs.build(find_course(), lessons, check=check, force=force))


@app.command("try")
def try_(lesson: Annotated[str, typer.Argument(help="LESSON or LESSON/EXERCISE")], seeds: int = 1) -> None:
    """Hold every answer of the bank against its check: who passes, who fails, with which advice."""
    from helper.authoring import verbs

    raise typer.Exit(verbs.try_(find_course(), lesson, seeds))


@app.command()
def absorb(notebook: Path) -> None:
    """Bring an edit made in Jupyter back into the lesson's text."""
    from helper.authoring import verbs

    raise typer.Exit(verbs.absorb(find_course(), notebook))


def main() -> None:
    """Run the command; what a person can mend is one line on stderr and exit code 1."""
    try:
        app()
    except CourseError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped. What was finished is kept.", err=True)
        raise SystemExit(130) from None
