"""When a checkpoint is worth its time."""

from __future__ import annotations

from runner.trial.checkpoint_interval import BYTES_PER_SECOND, CHEAP_SECONDS, SHARE, Interval


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_small_states_are_saved_at_every_epochs_end() -> None:
    """What costs next to nothing is always due."""
    clock = Clock()
    interval = Interval(1_000_000, clock)
    for _ in range(3):
        assert interval.is_due()
        with interval.writing():
            clock.now += CHEAP_SECONDS


def test_large_states_take_at_most_their_share() -> None:
    """Over a long training of short epochs, checkpoints of two seconds take two percent of the time, and no less."""
    clock = Clock()
    interval = Interval(int(BYTES_PER_SECOND), clock)
    spent = 0.0
    for _ in range(5_000):
        clock.now += 1.0
        if interval.is_due():
            with interval.writing():
                clock.now += 2.0
            spent += 2.0
    assert 0.9 * SHARE < spent / clock.now <= SHARE


def test_long_epochs_end_in_a_checkpoint_each() -> None:
    """Where an epoch takes 50 times a checkpoint or more, nothing is left out."""
    clock = Clock()
    interval = Interval(int(BYTES_PER_SECOND), clock)
    for _ in range(3):
        clock.now += 100.0
        assert interval.is_due()
        with interval.writing():
            clock.now += 2.0
        assert not interval.is_due()
