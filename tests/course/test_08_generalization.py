"""What only lesson 08 has: its row in the table, and a test pile that nobody opens before the end."""

from pathlib import Path

from helper import data, results
from helper.lessons.lesson import read

SOLUTIONS = Path(__file__).parents[2] / "solutions"
STEM = "08_generalization"


def test_its_row_of_the_table_comes_from_five_seeds_and_the_whole_test_pile():
    rows = [row for row in results._read(results.STORED).values() if row.lesson == STEM[:2]]
    assert [(len(row.accuracies), row.images) for row in rows] == [(5, len(data.Digits("test")))]


def test_the_digits_of_the_test_pile_are_opened_once_in_the_cell_that_adds_the_row():
    cells = [cell.source for cell in read(SOLUTIONS, STEM).cells if cell.type == "code"]
    opening = [source for source in cells if 'digits("test")' in source]
    assert len(opening) == 1
    assert "results.add" in opening[0]
