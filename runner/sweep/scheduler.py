"""Schedule trials first come, first served, at a cost that does not grow with the trials that are over."""

from __future__ import annotations

from itertools import count
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler

from runner.sweep.searcher import NotPickled

READY = {Trial.PENDING: 0, Trial.PAUSED: 1}


class FirstComeFirstServed(NotPickled, FIFOScheduler):
    """First come, first served, as Ray Tune's own, which looks through every trial there ever was at every step: a
    fifth of the driver's time after ten thousand."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._clock = count()
        self._came: dict[str, int] = {}

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Called for every trial that the searcher suggests, in its order."""
        self._came[trial.trial_id] = next(self._clock)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """Called for every trial that ended well."""
        self._came.pop(trial.trial_id, None)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Called for every trial that failed."""
        self._came.pop(trial.trial_id, None)

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """The first to come of those that wait; of those that were interrupted, if none waits."""
        waiting = [trial for trial in tune_controller.get_live_trials() if trial.status in READY]
        return min(waiting, key=self._turn, default=None)

    def _turn(self, trial: Trial) -> tuple[int, int]:
        return READY[trial.status], self._came.get(trial.trial_id, 0)
