"""A file can only harm itself: the others of its class are marked, and it is named."""

import io
import json
import os
import tarfile
import zipfile

import pytest
from test_intake import EXERCISES, MEAN
from test_layouts import tarred, who, write, zipped

from helper.course import CourseError
from helper.grading.handed_in import files
from helper.grading.handed_in import intake as intake_module
from helper.grading.handed_in.intake import intake


def lzma_broken():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("01_mean.ipynb", MEAN * 20)
    data = bytearray(stream.getvalue())
    data[60:90] = b"\xff" * 30
    return bytes(data)


def local_name_broken():
    name = "ä_01_mean.ipynb"
    data = zipped({name: MEAN})
    return data.replace(name.encode(), b"\xff\xff" + name.encode()[2:], 1)  # the first is the local one


def encrypted():
    data = bytearray(zipped({"01_mean.ipynb": MEAN}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def endless_tar():
    info = tarfile.TarInfo("01_mean.ipynb")
    info.size = 50 * 2**40
    return info.tobuf() + bytes(1024)


HARMFUL = {
    "worksheets that are a number": ("01_mean.ipynb", '{"worksheets": 5}'),
    "a worksheet that is a number": ("01_mean.ipynb", '{"worksheets": [5]}'),
    "cells of a worksheet that are a number": ("01_mean.ipynb", '{"worksheets": [{"cells": 5}]}'),
    "cells of every kind": (
        "01_mean.ipynb",
        json.dumps({"cells": [3, None, [], {"source": {}}, {"metadata": 7}]}),
    ),
    "metadata that are a list": ("01_mean.ipynb", '{"cells": [], "metadata": [1], "nbformat": "x"}'),
    "a number of a million digits": ("01_mean.ipynb", '{"cells": [' + "9" * 1_000_000 + "]}"),
    "two bytes a character": ("01_mean.ipynb", MEAN.encode("utf-16")),
    "a broken LZMA entry": ("mallory.zip", lzma_broken()),
    "a broken local name": ("mallory.zip", local_name_broken()),
    "an encrypted zip": ("mallory.zip", encrypted()),
    "a zip of zips of zips of zips": (
        "mallory.zip",
        zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"01_mean.ipynb": MEAN})})})}),
    ),
    "a tar of absurd size": ("mallory.tar", endless_tar()),
    "a tar cut short": ("mallory.tar.gz", tarred({"01_mean.ipynb": MEAN * 100}, "w:gz")[:-200]),
    "a zip that is none": ("mallory.zip", b"PK\x03\x04 and nothing else"),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_file_harms_only_itself(tmp_path, kind):
    name, content = HARMFUL[kind]
    place = name if name.startswith("mallory") else f"mallory/{name}"
    taken = intake(write(tmp_path / "in", {"ada/01_mean.ipynb": MEAN, place: content}), EXERCISES)
    assert taken.records[0].student == "ada"
    assert taken.records[0].problem == ""
    assert [student for student, _ in who(taken)] == ["ada", "mallory"]


def test_two_bytes_a_character_are_read(tmp_path):
    taken = intake(
        write(tmp_path / "in", {"ada/01_mean.ipynb": MEAN.encode("utf-16"), "b.ipynb": MEAN}), EXERCISES
    )
    assert not any(record.problem for record in taken.records)


@pytest.fixture
def very_deep(tmp_path, monkeypatch):
    """Return a folder in which no path leads to the deepest one in one go. It goes away again: pytest could not."""
    root = write(tmp_path / "in", {"ada/01_mean.ipynb": MEAN, "zoe/01_mean.ipynb": MEAN})
    monkeypatch.chdir(root)
    deep = 1500
    for _ in range(deep):
        os.mkdir("deeper")
        os.chdir("deeper")
    os.chdir(root)
    yield root
    for _ in range(deep):
        os.chdir("deeper")
    for _ in range(deep):
        os.chdir("..")
        os.rmdir("deeper")


def test_very_deep_folders_are_named_and_stop_nobody(very_deep):
    taken = intake(very_deep, EXERCISES)
    assert [student for student, _ in who(taken)] == ["ada", "zoe"]
    assert "folders in folders" in taken.lost[0]


def test_deep_paths_in_an_archive_are_named(tmp_path):
    path = tmp_path / "in.zip"
    path.write_bytes(zipped({"ada/01_mean.ipynb": MEAN, "zoe/" + "x/" * 3000 + "01_mean.ipynb": MEAN}))
    taken = intake(path, EXERCISES)
    assert who(taken) == [("ada", "01_mean")]
    assert len(taken.lost) == 1
    assert len(taken.lost[0]) < 200


def test_names_that_are_no_text_are_two_and_readable(tmp_path):
    root = write(tmp_path / "in", {"zoe/01_mean.ipynb": MEAN})
    for name in (b"Jos\xe9", b"Jos\xe8"):
        folder = os.fsencode(root) + b"/" + name
        os.mkdir(folder)
        with open(folder + b"/01_mean.ipynb", "w") as file:
            file.write(MEAN)
    assert [student for student, _ in who(intake(root, EXERCISES))] == ["Josè", "José", "zoe"]


def test_whatever_breaks_at_one_file_is_that_files_matter(tmp_path, monkeypatch):
    read = intake_module.read_notebook

    def break_at_one(content):
        if b"break here" in content:
            raise ZeroDivisionError
        return read(content)

    monkeypatch.setattr(intake_module, "read_notebook", break_at_one)
    root = write(tmp_path / "in", {"ada/01_mean.ipynb": MEAN, "mallory/01_mean.ipynb": MEAN + "break here"})
    taken = intake(root, EXERCISES)
    assert who(taken) == [("ada", "01_mean")]
    assert taken.lost == ["mallory/01_mean.ipynb: could not be read (ZeroDivisionError), left aside."]


class Full:
    """A file on a full disk."""

    def seek(self, *_):
        return 0

    def write(self, *_):
        raise OSError(28, "No space left on device")

    close = write  # which tries once more to write what is left


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(files.tempfile, "TemporaryFile", Full)
    with pytest.raises(CourseError, match="no room for the submissions"):
        intake(write(tmp_path / "in", {"ada/01_mean.ipynb": MEAN}), EXERCISES)


@pytest.mark.parametrize("kind", ["/dev/zero", "pipe"])
def test_what_is_no_file_is_not_opened(tmp_path, kind):
    root = write(tmp_path / "in", {"ada/01_mean.ipynb": MEAN, "zoe/01_mean.ipynb": MEAN})
    (root / "mallory").mkdir()
    if kind == "pipe":
        os.mkfifo(root / "mallory" / "01_mean.ipynb")
    else:
        (root / "mallory" / "01_mean.ipynb").symlink_to(kind)
    assert [student for student, _ in who(intake(root, EXERCISES))] == ["ada", "zoe"]
