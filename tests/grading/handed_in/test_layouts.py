"""Whatever way a class's work came, each person's notebook has its record: a row of MARKING.md each."""

import io
import json
import tarfile
import zipfile

import pytest
from test_intake import EXERCISES, MEAN, OTHER, notebook

from helper.course import CourseError
from helper.grading.handed_in.intake import intake
from helper.grading.handed_in.owners import Item, find_owners
from helper.grading.handed_in.people import People

BOTH = [("ada", "01_mean"), ("alan", "01_mean")]
METADATA = """
submission_1:
  :submitters:
  - :name: ada
    :sid: "1"
    :email: ada@example.org
submission_2:
  :submitters:
  - :name: alan
    :sid: "2"
"""


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files, mode="w"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def receipt(user):
    return f"Name: {user} ({user})\nAssignment: Lesson 1\nDate Submitted: Sunday\nFiles:\n\tFilename: 01_mean.ipynb\n"


MOODLE = {
    "ada_101_assignsubmission_file_/01_mean.ipynb": MEAN,
    "alan_102_assignsubmission_file_/01_mean.ipynb": MEAN,
}
CANVAS = {"ada_501_9001_01_mean.ipynb": MEAN, "alan_502_9002_01_mean.ipynb": MEAN}
PLAIN = {"ada/01_mean.ipynb": MEAN, "alan/01_mean.ipynb": MEAN}

LAYOUTS = {
    "nbgrader's exchange, inbound": {
        "inbound/ada+01_mean+2026-11-01 10:00:00.123456 UTC+abc/01_mean.ipynb": MEAN,
        "inbound/alan+01_mean+2026-11-01 11:00:00 UTC/01_mean.ipynb": MEAN,
        "outbound/01_mean/01_mean.ipynb": MEAN,
    },
    "nbgrader's course folder": {
        "submitted/ada/01_mean/01_mean.ipynb": MEAN,
        "submitted/alan/01_mean/01_mean.ipynb": MEAN,
        "release/01_mean/01_mean.ipynb": MEAN,
        "source/01_mean/01_mean.ipynb": MEAN,
    },
    "Moodle 4.1 and later": {name.replace("_file_/", "_file/"): content for name, content in MOODLE.items()},
    "Moodle, online text beside files": {
        **MOODLE,
        "ada_101_assignsubmission_onlinetext_/onlinetext.html": "<p>see the file</p>",
    },
    "Canvas, zips as handed in": {
        "ada_501_9001_lesson.zip": zipped({"01_mean/01_mean.ipynb": MEAN}),
        "alan_LATE_502_9002_work.zip": zipped({"deep/er/01_mean.ipynb": MEAN}),
    },
    "Gradescope": {
        "assignment_7_export/submission_metadata.yml": METADATA,
        "assignment_7_export/submission_1/01_mean.ipynb": MEAN,
        "assignment_7_export/submission_2/01_mean.ipynb": MEAN,
    },
    "Blackboard, with receipts": {
        f"Lesson_1_{user}_attempt_2026-11-01-10-00-00{rest}": content
        for user in ("ada", "alan")
        for rest, content in (("_01_mean.ipynb", MEAN), (".txt", receipt(user)))
    },
    "Blackboard, without receipts": {
        "Lesson_1_ada_attempt_2026-11-01-10-00-00_01_mean.ipynb": MEAN,
        "Lesson_1_alan_attempt_2026-11-01-10-00-00_01_mean.ipynb": MEAN,
    },
    "Brightspace": {
        "11-21 - ada - Nov 1, 2026 1005 AM/01_mean.ipynb": MEAN,
        "12-22 - alan - Nov 1, 2026 905 PM/01_mean.ipynb": MEAN,
        "index.html": "<html></html>",
    },
    "Brightspace, without folders": {
        "11-21 - ada - Nov 1, 2026 1005 AM - 01_mean.ipynb": MEAN,
        "12-22 - alan - Nov 1, 2026 905 PM - 01_mean.ipynb": MEAN,
    },
    "GitHub Classroom": {
        "mean-submissions/mean-ada/01_mean.ipynb": MEAN,
        "mean-submissions/mean-alan/01_mean.ipynb": MEAN,
        "mean-submissions/mean-alan/.git/HEAD": "ref",
    },
    "Google Classroom": {"Lesson 1/ada - 01_mean.ipynb": MEAN, "Lesson 1/alan - 01_mean.ipynb": MEAN},
    "plain folders": PLAIN,
    "plain folders in an enclosing one": {f"export/{name}": content for name, content in PLAIN.items()},
    "plain folders, twice enclosed": {f"a/b/{name}": content for name, content in PLAIN.items()},
    "a folder for each lesson": {"01_mean/ada.ipynb": MEAN, "01_mean/alan.ipynb": MEAN},
    "a folder for each lesson, with folders of students": {
        "01_mean/ada/x.ipynb": MEAN,
        "01_mean/alan/x.ipynb": MEAN,
    },
    "a folder for each group": {"monday/ada/01_mean.ipynb": MEAN, "monday/grace/02_other.ipynb": OTHER,
                                "monday/emil/a.ipynb": OTHER, "friday/alan/01_mean.ipynb": MEAN,
                                "friday/zoe/01_mean.ipynb": MEAN},
    "zips of students": {"ada.zip": zipped({"01_mean.ipynb": MEAN}), "alan.zip": zipped({"x/01_mean.ipynb": MEAN})},
    "tars of students": {"ada.tar": tarred({"01_mean.ipynb": MEAN}), "alan.tgz": tarred({"a.ipynb": MEAN}, "w:gz")},
    "an export in a folder": {f"down loads/{name}": content for name, content in MOODLE.items()},
    "exports in a folder": {"one.zip": zipped({"ada_101_assignsubmission_file_/01_mean.ipynb": MEAN}),
                            "two.zip": zipped({"alan_102_assignsubmission_file_/01_mean.ipynb": MEAN})},
    "an export zipped by right-click": {"class.zip": zipped({f"class/{name}": text for name, text in CANVAS.items()})},
    "browsers' extensions": {"ada/01_mean.ipynb.txt": MEAN, "alan/01_mean.ipynb.json": MEAN},
    "the lesson beside the name": {"01_mean_ada.ipynb": MEAN, "alan-01_mean (1).ipynb": MEAN},
    "copies": {"ada-Copy1.ipynb": MEAN, "alan (2).ipynb": MEAN},
    "a Mac's leavings": {**PLAIN, "__MACOSX/ada/._01_mean.ipynb": "x", "ada/._01_mean.ipynb": "x"},
}  # fmt: skip


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def packed(tmp_path, files, how):
    if how == "folder":
        return write(tmp_path / "in", files)
    path = tmp_path / ("in.zip" if how == "zip" else "in.tar.gz")
    path.write_bytes(zipped(files) if how == "zip" else tarred(files, "w:gz"))
    return path


def who(taken):
    return [(record.student, record.lesson) for record in taken.records]


@pytest.mark.parametrize("how", ["folder", "zip", "tar.gz"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nobody_is_lost(tmp_path, layout, how):
    taken = intake(packed(tmp_path, LAYOUTS[layout], how), EXERCISES)
    more = [("emil", "02_other"), ("grace", "02_other"), ("zoe", "01_mean")]
    wanted = [*BOTH, *more] if "group" in layout else BOTH
    assert who(taken) == wanted
    assert taken.lost == []
    assert not any(record.problem for record in taken.records)


def test_several_assignments_are_one_persons(tmp_path):
    exports = {
        f"lesson-{number}.zip": zipped({f"ada_{number}_assignsubmission_file_/x.ipynb": content})
        for number, content in ((101, MEAN), (205, OTHER))
    }
    assert who(intake(write(tmp_path / "in", exports), EXERCISES)) == [
        ("ada", "01_mean"),
        ("ada", "02_other"),
    ]


def test_one_students_own_folder_is_named_after_it(tmp_path):
    for name, files in {
        "ada": {"01_mean.ipynb": MEAN, "02_other.ipynb": OTHER},
        "alan": {"01_mean/01_mean.ipynb": MEAN, "02_other/02_other.ipynb": OTHER},
    }.items():
        assert who(intake(write(tmp_path / name, files), EXERCISES)) == [
            (name, "01_mean"),
            (name, "02_other"),
        ]


def test_notebooks_without_a_name_are_told_not_guessed(tmp_path):
    files = {"01_mean.ipynb": MEAN, "01_mean (1).ipynb": MEAN.replace("= 1", "= 2"), "zoe.ipynb": MEAN}
    taken = intake(write(tmp_path / "in", files), EXERCISES)
    assert who(taken) == [("zoe", "01_mean")]
    assert [line.split(":")[0] for line in taken.lost] == ["01_mean (1).ipynb", "01_mean.ipynb"]


def test_blind_marking_keeps_people_apart(tmp_path):
    moodle = {f"Participant_{n}_assignsubmission_file_/01_mean.ipynb": MEAN for n in (7, 8)}
    assert [s for s, _ in who(intake(write(tmp_path / "moodle", moodle), EXERCISES))] == [
        "Participant_7",
        "Participant_8",
    ]
    canvas = {f"anon_{n}_90{i}_01_mean.ipynb": MEAN for i, n in enumerate(("aB3", "xY9"))}
    assert [s for s, _ in who(intake(write(tmp_path / "canvas", canvas), EXERCISES))] == [
        "anon_aB3",
        "anon_xY9",
    ]


def test_a_group_of_gradescope_has_a_record_for_each(tmp_path):
    text = 'submission_1:\n  :submitters:\n  - :name: ada\n    :sid: "1"\n  - :name: alan\n    :sid: "2"\n'
    files = {"submission_metadata.yml": text, "submission_1/01_mean.ipynb": MEAN}
    assert who(intake(write(tmp_path / "in", files), EXERCISES)) == BOTH


def test_metadata_that_cannot_be_read_leaves_the_folders_names(tmp_path):
    files = {
        "submission_metadata.yml": "{" * 10_000,
        "submission_1/a.ipynb": MEAN,
        "submission_2/a.ipynb": MEAN,
    }
    assert [s for s, _ in who(intake(write(tmp_path / "in", files), EXERCISES))] == [
        "submission_1",
        "submission_2",
    ]


def test_the_last_attempt_counts_whatever_the_clock_of_the_files_says(tmp_path):
    new, old = MEAN.replace("= 1", "= 2"), MEAN
    for system, files in {
        "blackboard": {
            "T_ada_attempt_2026-11-02-10-00-00_a.ipynb": new,
            "T_ada_attempt_2026-11-01-10-00-00_a.ipynb": old,
            "T_alan_attempt_2026-11-01-10-00-00_a.ipynb": old,
        },
        "brightspace": {"1-3 - ada - Nov 2, 2026 1005 AM/a.ipynb": new, "1-2 - ada - Nov 1, 2026 1105 AM/a.ipynb": old},
        "canvas": {"ada_501_9002_a-1.ipynb": new, "ada_501_9001_a.ipynb": old},
        "nbgrader": {"ada+01_mean+2026-11-02 10:00:00 UTC/01_mean.ipynb": new,
                     "ada+01_mean+2026-11-01 10:00:00 UTC/01_mean.ipynb": old},
    }.items():  # fmt: skip
        taken = intake(write(tmp_path / system, files), EXERCISES)
        assert b"= 2" in taken.records[0].source, system
        assert any("was marked, not" in line for line in taken.left)
        assert taken.lost == []


def test_an_untouched_copy_does_not_take_the_place_of_the_work(tmp_path):
    import os

    release = json.loads(MEAN)
    worked = MEAN.replace("mean_square = 1", "mean_square = 5")
    root = write(tmp_path / "in", {"ada/01_mean.ipynb": worked, "ada/01_mean-Copy1.ipynb": MEAN})
    os.utime(root / "ada/01_mean.ipynb", (1, 1))
    (record,) = intake(root, EXERCISES, releases={"01_mean": release}).records
    assert b"mean_square = 5" in record.source


def test_different_work_in_different_folders_of_one_name_is_told(tmp_path):
    files = {
        "ada/bob/01_mean.ipynb": MEAN,
        "ada/eve/01_mean.ipynb": MEAN.replace("= 1", "= 3"),
        "zoe.ipynb": MEAN,
    }
    taken = intake(write(tmp_path / "in", files), EXERCISES)
    assert who(taken) == [("ada", "01_mean"), ("zoe", "01_mean")]
    assert "another notebook of 01_mean" in taken.lost[0]


def test_a_classmates_name_inside_somebodys_upload_takes_nobodys_place(tmp_path):
    mine = MEAN.replace("= 1", "= 6")
    for forged in (
        "ada_101_assignsubmission_file_/01_mean.ipynb",
        "ada_501_9001_01_mean.ipynb",
        "submitted/ada/01_mean/01_mean.ipynb",
        "ada/01_mean/01_mean.ipynb",
    ):
        root = tmp_path / str(abs(hash(forged)))
        write(root, {"ada.ipynb": MEAN, "zoe.ipynb": MEAN, "mallory.zip": zipped({forged: mine})})
        taken = intake(root, EXERCISES)
        assert who(taken) == [("ada", "01_mean"), ("mallory", "01_mean"), ("zoe", "01_mean")], forged
        assert b"= 6" not in taken.records[0].source


def test_an_export_among_the_work_of_others_is_told(tmp_path):
    taken = intake(write(tmp_path / "in", {"zoe.ipynb": MEAN, "class.zip": zipped(MOODLE)}), EXERCISES)
    assert who(taken) == [("zoe", "01_mean")]
    assert taken.lost == [
        "class.zip: an export of several people lies among the work of others: grade it by itself."
    ]


def test_whoever_handed_in_no_notebook_is_told(tmp_path):
    files = {**MOODLE, "zoe_103_assignsubmission_file_/work.ipynb": notebook("theorem")}
    taken = intake(write(tmp_path / "in", files), EXERCISES)
    assert who(taken) == BOTH
    assert taken.lost == [
        "zoe_103_assignsubmission_file_/work.ipynb: no notebook of this course, left aside."
    ]


@pytest.mark.parametrize(("start", "says"), [(b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\x01\x00", "rar")])
def test_archives_of_other_kinds_are_refused_with_what_to_do(tmp_path, start, says):
    path = tmp_path / f"class.{says}"
    path.write_bytes(start + bytes(100))
    with pytest.raises(CourseError, match=f"{says} archives are not read here. Unpack it"):
        intake(path, EXERCISES)
    root = write(tmp_path / "in", {"zoe.ipynb": MEAN, f"ada.{says}": start + bytes(100)})
    ada, _ = intake(root, EXERCISES).records
    assert (ada.student, ada.lesson) == ("ada", "01_mean")
    assert ada.problem == f"A {says} archive is not read here. Hand in the notebook itself, or a zip."


def test_an_archive_of_another_kind_that_may_be_any_lessons_is_told(tmp_path):
    files = {"zoe.ipynb": MEAN, "emil.ipynb": OTHER, "ada.rar": b"Rar!\x1a\x07\x01\x00"}
    taken = intake(write(tmp_path / "in", files), EXERCISES)
    assert len(taken.records) == 2
    assert taken.lost[0].startswith("ada.rar: a rar archive is not read here")


def test_only_the_exchange_says_when_something_came(tmp_path):
    stamp = "2026-11-01 10:00:00 UTC"
    believed = {
        "ada/01_mean/01_mean.ipynb": MEAN,
        "ada/01_mean/timestamp.txt": stamp,
        "alan/01_mean/01_mean.ipynb": MEAN,
    }
    inbound = {f"ada+01_mean+{stamp}/01_mean.ipynb": MEAN, f"ada+01_mean+{stamp}/timestamp.txt": stamp}
    for number, files in enumerate((believed, inbound)):
        taken = intake(write(tmp_path / f"yes{number}", files), EXERCISES)
        assert str(taken.records[0].received) == "2026-11-01 10:00:00"
    forged = (
        {
            "ada_1_assignsubmission_file_/01_mean.ipynb": MEAN,
            "ada_1_assignsubmission_file_/timestamp.txt": stamp,
        },
        {
            "ada.zip": zipped({"01_mean/01_mean.ipynb": MEAN, "01_mean/timestamp.txt": stamp}),
            "zoe.ipynb": MEAN,
        },
        {"ada/01_mean.ipynb": MEAN, "ada/timestamp.txt": stamp, "zoe.ipynb": MEAN},
        {
            "ada/x/01_mean/01_mean.ipynb": MEAN,
            "ada/x/01_mean/timestamp.txt": stamp,
            "zoe/01_mean/01_mean.ipynb": MEAN,
        },
    )
    for number, files in enumerate(forged):
        taken = intake(write(tmp_path / f"no{number}", files), EXERCISES)
        assert taken.records[0].received is None, files


@pytest.mark.parametrize(
    "stamp", ["0001-01-01 00:00:00 UTC", "9" * 5000, "9999-12-31 23:59:59 UTC", "yesterday", "\0"]
)
def test_a_time_that_is_none_is_told_and_harms_nobody(tmp_path, stamp):
    files = {
        "ada/01_mean/01_mean.ipynb": MEAN,
        "ada/01_mean/timestamp.txt": stamp,
        "alan/01_mean/01_mean.ipynb": MEAN,
    }
    taken = intake(write(tmp_path / "in", files), EXERCISES)
    assert who(taken) == BOTH
    assert taken.records[0].received is None
    assert any("holds no time" in line for line in taken.left)


def test_a_title_of_blackboard_is_told_from_users_with_underscores(tmp_path):
    names = [f"My_title_{user}_attempt_2026-11-01-10-00-00_a.ipynb" for user in ("a_smith", "b_smith")]
    assert [s for s, _ in who(intake(write(tmp_path / "in", dict.fromkeys(names, MEAN)), EXERCISES))] == [
        "a_smith",
        "b_smith",
    ]


def test_people_are_found_by_their_place_alone():
    items = [Item(path, "01_mean") for path in map(__import__("pathlib").PurePosixPath, PLAIN)]
    found = find_owners("in", items, [], ["01_mean"], {})
    assert {owner.name for owners in found.owners.values() for owner in owners} == {"ada", "alan"}


def test_names_are_kept_for_the_way_back(tmp_path):
    people = People()
    intake(write(tmp_path / "in", CANVAS), EXERCISES, people)
    ada = people.get("ada")
    assert ada.came["01_mean"]["called"] == "ada_501_9001_01_mean.ipynb"
    assert ada.accounts == ["canvas:501"]
