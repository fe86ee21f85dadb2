"""Progress and the lab: what is counted, and what JupyterLab is started with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from helper.checking.progress import note_progress, read_progress
from helper.commands import student
from helper.course import Course, CourseError
from helper.desk.places import Desk, find_desk
from helper.desk.update import lay_out

STEM = "01_mean"


@pytest.fixture
def desk(course: Course, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(course.work, course.notebooks)
    lay_out(desk)
    monkeypatch.chdir(course.root)
    monkeypatch.setenv("COLUMNS", "120")
    return desk


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    assert student.progress() == 0
    return " ".join(capsys.readouterr().out.split())


def test_progress_is_the_best_so_far_with_the_last_verdict_beside_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    note_progress(desk.work / STEM, "mean_square", 3.0, "right")
    note_progress(desk.work / STEM, "mean_square", 0.0, "not attempted")  # a restart, and the check run first
    said = printed(capsys)
    assert "mean_square │ 3 of 3 │ not attempted" in said
    assert "3 of 4 points" in said


def test_progress_is_found_in_a_lessons_own_folder_as_a_notebook_asks_for_it(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    note_progress(desk.work / STEM, "exit_mean", 1.0, "right")
    monkeypatch.chdir(desk.work / STEM)
    assert "1 of 4 points" in printed(capsys)


def test_progress_works_in_a_folder_fetched_by_nbgrader(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = tmp_path / "fetched" / STEM
    shutil.copytree(desk.released / STEM, fetched)
    note_progress(fetched, "exit_mean", 1.0, "right")
    for place in (fetched, fetched.parent):
        monkeypatch.chdir(place)
        assert "1 of 4 points" in printed(capsys)


def test_a_damaged_progress_file_costs_a_sentence_and_is_set_aside(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.work / STEM / "progress.json").write_text('{"mean_square": {"be')
    assert "cannot be read" in printed(capsys)
    note_progress(desk.work / STEM, "exit_mean", 1.0, "right")
    said = printed(capsys)
    assert "cannot be read" not in said
    assert "1 of 4 points" in said
    assert (desk.work / STEM / "progress-damaged.json").read_text() == '{"mean_square": {"be'


def test_progress_of_the_first_version_still_counts(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.work / STEM / "progress.json").write_text('{"mean_square": [2.0, "mistake"]}')
    assert "2 of 3 │ mistake" in printed(capsys)


def test_a_folder_without_write_access_is_no_reason_to_stop(tmp_path: Path) -> None:
    done = note_progress(tmp_path / "missing", "one", 1.0, "right")
    assert done["one"].best == 1.0
    assert read_progress(tmp_path / "missing") == {}


def test_where_there_is_no_lesson_the_next_step_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student, "find_desk", lambda: Desk(tmp_path, None))
    with pytest.raises(CourseError, match="run course lab"):
        student.progress()


def test_a_damaged_key_does_not_stop_the_counting_of_others(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(desk.work / STEM, desk.work / "02_other")
    (desk.work / "02_other" / "key.json").write_text("{")
    assert "0 of 4 points" in printed(capsys)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Take down what would be started in this process's place."""
    taken: dict[str, object] = {}

    def start(program: str, words: list[str]) -> None:
        taken.update(words=words, folder=Path.cwd(), environment=dict(student.os.environ))

    for name in ("PATH", "JUPYTER_CONFIG_PATH"):  # the lab sets them for what it becomes: put them back here
        monkeypatch.setenv(name, student.os.environ.get(name, ""))
    monkeypatch.setattr(student.os, "execv", start)
    return taken


def test_the_lab_opens_the_lesson_on_the_desk_without_the_instructors_tools(
    desk: Desk, started: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helper.nbgrading.exchange.is_set_up", lambda: False)
    student.lab("1", browser=False)
    assert f"--LabApp.default_url=/lab/tree/{STEM}/{STEM}.ipynb" in started["words"]  # type: ignore[operator]
    assert "--no-browser" in started["words"]  # type: ignore[operator]
    assert started["folder"] == desk.work
    settings = Path(started["environment"]["JUPYTER_CONFIG_PATH"])  # type: ignore[index]
    page = json.loads((settings / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyter/nbgrader:create-assignment"]


def test_with_an_exchange_the_assignment_list_stays(
    desk: Desk, started: dict[str, object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "nbgrader_config.py").write_text(f'c = get_config()\nc.Exchange.root = "{tmp_path}"\n')
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(config))
    student.lab("1", browser=True)
    assert str(student.SETTINGS) not in started["environment"]["JUPYTER_CONFIG_PATH"]  # type: ignore[index]


def test_an_unknown_lesson_is_told_with_those_there_are(desk: Desk, started: dict[str, object]) -> None:
    with pytest.raises(CourseError, match="the lessons are 01_mean"):
        student.lab("nowhere", browser=False)
    assert not started


def test_a_notebooks_shell_finds_the_course_command(desk: Desk) -> None:
    path = student.lab_environment()["PATH"]
    assert Path(shutil.which("course", path=path) or "").parent == Path(student.sys.executable).parent
    assert find_desk() == desk
