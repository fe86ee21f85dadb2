"""A lesson's text: what is read from it, and what is refused with its place and the next step."""

import pytest

from helper.lessons.lesson import LessonError, read, stems, written_hash

SETUP = "# %% setup=true\nfrom helper import check\n"
EXERCISE = '# %% exercise="one"\ndef one():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n'
CHECK = '# %% check="one" points=2\n@check("one")\ndef _(given, expect):\n    expect("the number", one())\n'
MISTAKE = '# %% mistake="one"\n"""Count again."""\ndef one():\n    return 2\n'


@pytest.fixture
def lesson(tmp_path):
    (tmp_path / "solutions").mkdir()

    def write(text, answers=MISTAKE):
        (tmp_path / "solutions" / "01_one.py").write_text(text)
        (tmp_path / "solutions" / "01_one_answers.py").write_text(answers)
        return read(tmp_path / "solutions", "01_one")

    return write


def test_roles_points_and_answers_are_read(lesson):
    read_one = lesson(SETUP + EXERCISE + CHECK)
    assert [cell.role for cell in read_one.cells] == ["setup", "exercise", "check"]
    assert read_one.points == 2
    assert [answer.title for answer in read_one.answers] == ["Count again."]


def test_the_answers_are_no_lesson_of_their_own(lesson, tmp_path):
    lesson(SETUP + EXERCISE + CHECK)
    assert stems(tmp_path / "solutions") == ["01_one"]


@pytest.mark.parametrize(
    ("text", "answers", "says"),
    [
        (SETUP + CHECK, MISTAKE, 'check "one" has no exercise'),
        (SETUP + EXERCISE, MISTAKE, 'exercise "one" has no check'),
        (SETUP + EXERCISE + EXERCISE + CHECK, MISTAKE, "two exercise cells"),
        (SETUP + EXERCISE + CHECK + CHECK, MISTAKE, "two check cells"),
        (SETUP + CHECK + EXERCISE, MISTAKE, "stands above its exercise"),
        (SETUP + EXERCISE + CHECK.replace(" points=2", ""), MISTAKE, "needs points="),
        (SETUP + EXERCISE + CHECK.replace("points=2", "points=-1"), MISTAKE, "needs points="),
        (SETUP + EXERCISE + CHECK.replace('check("one")', 'check("two")'), MISTAKE, "must begin"),
        (SETUP + EXERCISE.replace("### END SOLUTION", ""), MISTAKE, "one"),
        (SETUP + EXERCISE.replace("### END SOLUTION", "") + CHECK, MISTAKE, "needs ### BEGIN SOLUTION"),
        (SETUP + EXERCISE + CHECK, MISTAKE.replace('"one"', '"won"'), 'unknown exercise "won"'),
        (SETUP + EXERCISE + CHECK, MISTAKE.replace('"""Count again."""\n', ""), "must begin with its title"),
        (SETUP + EXERCISE + CHECK, MISTAKE + "def", "is not Python"),
        (SETUP + EXERCISE + CHECK + "# %% [markdown]\n# a\u011f\n", MISTAKE, "damaged by a wrong encoding"),
        (
            SETUP + EXERCISE + CHECK + "# %% [markdown]\n# \u00e2\u02c6\n",
            MISTAKE,
            "damaged by a wrong encoding",
        ),
        (SETUP + '# %% exercise="x" check="x"\nx = 1\n', MISTAKE, "has one role"),
        (
            SETUP + '# %% exercise="one"\n### BEGIN SOLUTION\none = 1\n### END SOLUTION\n' + CHECK,
            MISTAKE,
            "one = ...",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(lesson, text, answers, says):
    with pytest.raises(LessonError, match=r"01_one(_answers)?\.py:?\d*:? ") as refused:
        lesson(text, answers)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_lesson_is_told_with_the_known_ones(lesson, tmp_path):
    lesson(SETUP + EXERCISE + CHECK)
    with pytest.raises(LessonError, match="the lessons are 01_one"):
        read(tmp_path / "solutions", "02_two")


def test_windows_line_ends_make_no_lesson_stale(lesson, tmp_path):
    solutions = tmp_path / "solutions"
    read_one = lesson(SETUP + EXERCISE + CHECK)
    for path in solutions.glob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert written_hash(solutions, "01_one") == read_one.written
    lesson(SETUP + EXERCISE + CHECK.replace("points=2", "points=3"))
    assert written_hash(solutions, "01_one") != read_one.written
