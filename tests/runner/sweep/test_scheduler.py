"""Tests of runner.sweep.scheduler: who is started next."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial

from runner.sweep.scheduler import FirstComeFirstServed
from runner.sweep.searcher import NotPickled


class Controller:
    """As much of Ray Tune's as a scheduler of turns may ask: the trials that are not over, in no order."""

    def __init__(self, *trials: Any) -> None:
        self.trials = trials

    def get_live_trials(self) -> set[Any]:
        """The trials that are not over."""
        return set(self.trials)


class Known(SimpleNamespace):
    """A trial, by its name."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.trial_id)


def trials(*states: str) -> list[Any]:
    """One trial for every state, none of them added yet."""
    return [Known(trial_id=str(number), status=status) for number, status in enumerate(states)]


def test_turns_go_by_arrival() -> None:
    """Of those that wait, the first to come is next, whatever order the set of them has."""
    waiting = trials(*["PENDING"] * 50)
    turns, controller = FirstComeFirstServed(), Controller(*waiting)
    for trial in reversed(waiting):
        turns.on_trial_add(controller, trial)
    assert turns.choose_trial_to_run(controller) is waiting[-1]
    waiting[-1].status = Trial.RUNNING
    assert turns.choose_trial_to_run(controller) is waiting[-2]


def test_interrupted_trials_wait_for_new_ones() -> None:
    """A paused trial goes on when none is pending; running ones have had their turn."""
    paused, running, pending = trials(Trial.PAUSED, Trial.RUNNING, Trial.PENDING)
    turns, controller = FirstComeFirstServed(), Controller(paused, running, pending)
    for trial in (paused, running, pending):
        turns.on_trial_add(controller, trial)
    assert turns.choose_trial_to_run(controller) is pending
    pending.status = Trial.RUNNING
    assert turns.choose_trial_to_run(controller) is paused
    paused.status = Trial.RUNNING
    assert turns.choose_trial_to_run(controller) is None


def test_what_is_over_is_forgotten_and_nothing_is_saved() -> None:
    """Memory holds the unfinished alone, and Ray Tune's own state of an experiment none of it."""
    done, failed = trials("PENDING", "PENDING")
    turns, controller = FirstComeFirstServed(), Controller()
    for trial in (done, failed):
        turns.on_trial_add(controller, trial)
    turns.on_trial_complete(controller, done, {})
    turns.on_trial_error(controller, failed)
    assert turns._came == {}
    assert type(pickle.loads(pickle.dumps(turns))) is NotPickled
