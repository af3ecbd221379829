"""What scripts are told of a store: whether it came further, and what is left to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.store.status import progress
from runner.store.writer import freeze_plan, record_failure, save_task
from tests.runner.store import samples


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A store with nothing in it but a plan: two dense trials, each with a child that starts from it."""
    save_task(tmp_path, samples.task())
    trials = [samples.spec(*cell, seed=seed) for seed in (0, 1) for cell in (("dense", 0.0), ("imp-ft", 0.5))]
    freeze_plan(tmp_path, {"name": "sample", "retries": 2}, trials)
    return tmp_path


def left(store: Path) -> int:
    """How many trials can still be finished."""
    return int(progress(store).split()[1])


def test_progress_is_two_words_of_which_one_tells_what_is_left(planned: Path) -> None:
    """A commit changes the first and is taken off the second."""
    before = progress(planned).split()
    samples.committed(planned, samples.spec(seed=0))
    after = progress(planned).split()
    assert (before[1], after[1]) == ("4", "3")
    assert before[0] != after[0]


def test_trials_that_used_up_their_retries_are_not_left_nor_are_their_children(planned: Path) -> None:
    """One that will be tried again is, and so is its child; a committed parent's child fails for itself alone."""
    parent = samples.spec(seed=1).trial_id
    record_failure(planned, parent, 2, "Traceback")
    assert left(planned) == 4
    record_failure(planned, parent, 3, "Traceback")
    assert left(planned) == 2
    samples.committed(planned, samples.spec(seed=0))
    record_failure(planned, samples.spec("imp-ft", 0.5, seed=0).trial_id, 3, "Traceback")
    assert left(planned) == 0
