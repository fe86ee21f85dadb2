"""The doctor: each fault is found, with a cure that destroys nothing; what is fine gets a tick and no cure."""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

import pytest

from helper.commands import doctor as command
from helper.course import Course
from helper.desk import examination as doctor
from helper.desk.examination import Finding
from helper.desk.places import Desk
from helper.desk.update import lay_out

STEM = "01_mean"


@pytest.fixture
def desk(course: Course) -> Desk:
    desk = Desk(course.work, course.notebooks)
    lay_out(desk)
    return desk


def faults(desk: Desk) -> list[Finding]:
    return [finding for finding in doctor.findings(desk) if finding.fault]


def test_a_sound_desk_has_ticks_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk.work)
    assert command.doctor() == 0
    said = capsys.readouterr().out
    assert "Everything is in order." in said
    assert "✗" not in said
    assert "→" not in said


def test_no_cure_stands_beside_what_is_fine(desk: Desk) -> None:
    for finding in doctor.findings(desk):
        assert bool(finding.cure) == bool(finding.fault)
        assert bool(finding.fine) != bool(finding.fault)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "key.json").unlink(), "key.json is missing"),
        (lambda folder: (folder / "key.json").write_text('{"lesson"'), "key.json is damaged"),
        (lambda folder: (folder / "key.json").write_text("[]"), "key.json is damaged"),
        (
            lambda folder: (folder / "key.json").write_text(
                (folder / "key.json").read_text().replace('"lesson":"01_mean"', '"lesson":"02_other"')
            ),
            "belongs to 02_other",
        ),
        (lambda folder: (folder / f"{STEM}.ipynb").write_text("{"), "cannot be read as a notebook"),
        (lambda folder: (folder / "progress.json").write_text("{"), "progress.json cannot be read"),
    ],
)
def test_damage_is_named_and_its_cure_leaves_every_answer(desk: Desk, damage: object, said: str) -> None:
    folder = desk.work / STEM
    damage(folder)  # type: ignore[operator]
    found = faults(desk)
    assert len(found) == 1
    assert said in found[0].fault
    assert not any(word in found[0].cure for word in ("checkout", "delete", "remove", "rm "))
    before = (folder / f"{STEM}.ipynb").read_bytes()
    lay_out(desk)  # the cure for a key
    assert (folder / f"{STEM}.ipynb").read_bytes() == before
    assert not any("key.json" in finding.fault for finding in faults(desk))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert "cannot be written to (Permission denied)" in doctor.folder(tmp_path / "work").fault


def test_a_torch_that_does_not_fit_torchvision_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = types.ModuleType("torchvision")

    def refuse(name: str) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    vars(wrong)["__getattr__"] = refuse
    monkeypatch.setitem(sys.modules, "torchvision", wrong)
    found = doctor.torch_pair()
    assert "do not fit together (operator torchvision::nms does not exist)" in found.fault
    assert "as a pair" in found.cure


def test_a_library_that_does_not_load_is_told() -> None:
    assert "no_such_library does not load" in doctor.library("no_such_library", "1.0").fault


def test_a_kernel_of_another_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other" / "python"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho /somewhere/else\n")
    other.chmod(0o755)
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps(
            {"argv": [str(other), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "P"}
        )
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = doctor.kernel()
    assert "another environment (/somewhere/else)" in found.fault
    assert "ipykernel install --sys-prefix" in found.cure


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(doctor.shutil.disk_usage(tmp_path))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 3 * 2**20))
    assert "3 MB of disk are free; 500 are needed" in doctor.disk(tmp_path).fault


def test_a_machine_without_connections_inside_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(doctor.socket, "create_server", refuse)
    assert "127.0.0.1" in doctor.ports().cure


def test_an_old_python_is_told() -> None:
    assert "3.10.2 is too old" in doctor.python_is_new((3, 10, 2)).fault


def test_the_doctor_leaves_the_desk_as_it_was(desk: Desk) -> None:
    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(desk.work.rglob("*")) if path.is_file()}

    before = state()
    list(doctor.findings(desk))
    assert state() == before
    assert os.listdir(desk.work) == [STEM]
