"""One trial whose epochs take long, to be run in a process that is killed.

It saves its state after every step, as a trial whose steps take a quarter of a minute would.
"""

from __future__ import annotations

import time
from pathlib import Path

from runner.spec import Record
from runner.trial import checkpoint_interval as interval
from runner.trial.run import run_trial
from runner.trial.watch import Watch
from runner.trial.workplace import Workplace
from tests.runner.small_trials import DATA, spec_of

STEP_SECONDS = 0.02
RECORD = Record(probabilities=True)


def run_slowly(store: Path, method: str) -> None:
    """Run the trial from whatever state it left; the process must be one of its own."""
    interval.ASKING_SECONDS = interval.WITHIN_AN_EPOCH = 0.0
    interval.SHARE = 1.0
    after_step = Watch.after_step

    def slowly(watch: Watch, moment):
        time.sleep(STEP_SECONDS)
        return after_step(watch, moment)

    Watch.after_step = slowly  # type: ignore[assignment]
    workplace = Workplace(root=store, cache=store.parent / "cache", device="cpu")
    run_trial(spec_of(method, record=RECORD), workplace=workplace, data=DATA)
