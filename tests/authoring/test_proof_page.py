"""The page that says what was held against each check."""

from typer.testing import CliRunner

from helper.cli import app
from helper.lessons.lesson import read

ELSEWHERE = '''# %% right="mean_square"
"""a power"""
def mean_square(x):
    return (x**2).mean()

# %% mistake="mean_square"
"""the sum"""
def mean_square(x):
    return (x * x).sum()

# %% mistake="mean_square"
"""something else"""
def mean_square(x):
    return (x * x).mean().sqrt() + x.abs().amax()
'''


def test_the_page_counts_what_was_held_against_each_check(mini, monkeypatch):
    monkeypatch.chdir(mini.root)
    (mini.root / "others").mkdir()
    (mini.root / "others" / "01_mean.py").write_text(ELSEWHERE)
    result = CliRunner().invoke(app, ["prove", "--seeds", "2", "--answers", "others"])
    page = (mini.root / "PROOF.md").read_text()
    assert f"Proved as of `{read(mini.solutions, '01_mean').written}`." in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells[:3] == ["`mean_square`", "3", "3"]
    killed, _, made = cells[3].split()
    assert killed == made
    assert cells[4:6] == ["3", "1 of 2"]
    assert cells[7] == "0"
    assert len(rows) == 2
    assert result.exit_code == 0


def test_a_check_that_lets_a_mistake_pass_is_no_proof(mini, monkeypatch):
    monkeypatch.chdir(mini.root)
    bank = mini.solutions / "01_mean_answers.py"
    bank.write_text(bank.read_text().replace("return (x * x).sum()", "return (x * x).mean()"))
    assert CliRunner().invoke(app, ["prove", "--seeds", "1"]).exit_code == 1
