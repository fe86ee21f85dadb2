"""What the bench compares does the same work on both sides."""

from helper.bench.loaders import loader_speed


def test_both_ways_train_to_the_same_losses():
    speed = loader_speed(rounds=1)  # raises if a loss differs
    assert speed["ratio"] == speed["classical"] / speed["memory"]
