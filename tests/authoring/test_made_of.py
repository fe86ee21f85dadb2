"""What a change of the code reaches: exactly the lessons and marks that are made by it."""

import shutil

import pytest

from helper.made_of import PACKAGE, code_hash, modules

MARK = ["helper.judging.judge", "helper.checking.check"]


@pytest.fixture
def package(tmp_path):
    copy = tmp_path / "helper"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def changed(package, path, roots, change=lambda text: f"{text}\nnew = 1\n"):
    """Say whether the hash of `roots` changes with one file."""
    file = package / path
    before = file.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    file.write_text(after, encoding="utf-8")
    return code_hash(roots, package) != code_hash(roots, PACKAGE)


def test_a_copy_has_the_same_hash(package):
    assert code_hash(MARK, package) == code_hash(MARK)


@pytest.mark.parametrize(
    "path", ["judging/judge.py", "judging/compare.py", "judging/errors.py", "judging/evidence.py"]
)
def test_a_changed_judge_reaches_marks(package, path):
    assert changed(package, path, MARK)


def test_a_changed_words_of_advice_reaches_marks(package):
    assert changed(
        package,
        "judging/errors.py",
        MARK,
        lambda text: text.replace("Two matrices do not", "Two tables do not"),
    )


def test_a_changed_docstring_or_comment_reaches_nobody(package):
    assert not changed(package, "judging/judge.py", MARK, lambda text: text.replace('"""', '"""Indeed: ', 1))
    assert not changed(package, "judging/judge.py", MARK, lambda text: f"{text}\n# a comment\n")


def test_windows_line_ends_reach_nobody(package):
    for file in package.rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert code_hash(MARK, package) == code_hash(MARK)


def test_the_bench_reaches_neither_marks_nor_lessons(package):
    roots = [*MARK, "helper.authoring.build", "helper.plot", "helper.data"]
    assert not changed(package, "bench/loaders.py", roots)


def test_a_figure_of_one_lesson_reaches_the_lessons_that_import_it(package):
    used, other = ["helper.interactive.graph"], ["helper.interactive.wheel"]
    assert "helper.interactive" in modules(other)
    assert not changed(package, "interactive/graph.py", other)
    assert code_hash(used, package) != code_hash(used)


def test_a_template_beside_a_module_is_part_of_it(package):
    (package / "judging" / "page.html.j2").write_text("before", encoding="utf-8")
    module = package / "judging" / "advice.py"
    module.write_text(module.read_text(encoding="utf-8") + '\nTEMPLATE = "page.html.j2"\n', encoding="utf-8")
    before = code_hash(MARK, package)
    copied = package.with_name("copied") / "helper"
    shutil.copytree(package, copied)
    (copied / "judging" / "page.html.j2").write_text("after", encoding="utf-8")
    assert code_hash(MARK, copied) != before
