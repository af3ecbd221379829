"""What a run says it found, before it trains anything."""

from __future__ import annotations

from pathlib import Path

from runner.store.reader import planned_trials
from runner.store.writer import freeze_plan
from runner.sweep.already_committed import already
from runner.sweep.jobs import missing_jobs
from tests.runner.store import samples
from tests.runner.sweep.test_jobs import trials


def told(root: Path, seeds: int) -> str:
    """The sentence on a study of so many seeds."""
    jobs = missing_jobs(trials(seeds), root)
    return already(trials(seeds), jobs, root, planned_trials(root).keys()).removeprefix(f"{root}: ")


def test_a_run_says_what_was_there_what_is_new_and_why(tmp_path: Path) -> None:
    """Before the first run, in the middle, at the end, and after two more seeds were asked for."""
    assert told(tmp_path, 2) == "a new store, 8 trials to do"
    freeze_plan(tmp_path, {"name": "first"}, trials(2))
    for spec in trials(2)[:3]:
        samples.committed(tmp_path, spec)
    assert told(tmp_path, 2) == "3 of 8 trials are there already, 5 to do"
    for spec in trials(2)[3:]:
        samples.committed(tmp_path, spec)
    assert told(tmp_path, 2) == "all 8 trials of this study are there already; nothing is trained"
    assert told(tmp_path, 4) == "8 of 16 trials are there already, 8 to do, 8 of them new in this study (seed 2, 3)"


def test_parents_that_are_trained_again_are_counted(tmp_path: Path) -> None:
    """The trained state of a committed dense trial is gone, and a new method starts from it."""
    freeze_plan(tmp_path, {"name": "first"}, trials(1)[:1])
    samples.committed(tmp_path, trials(1)[0])
    assert told(tmp_path, 1) == (
        "1 of 4 trials are there already, 3 to do, 3 of them new in this study (method imp-ft, mp-ai; "
        "sparsity 0.5, 0.9); 1 dense ones are trained again, since others start from their state"
    )
