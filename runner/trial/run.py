"""Run one trial, top to bottom: seed, build, train, prune, evaluate, commit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.store.reader import is_committed
from runner.store.schema import CommitRecord
from runner.store.writer import commit
from runner.trial.answering import answers_of, extras_of, facts_of, rows_to_commit
from runner.trial.assembly import assembled
from runner.trial.checkpoints import ParentMissing, committed_weights
from runner.trial.history import History
from runner.trial.states import States
from runner.trial.watch import Watch
from runner.trial.workplace import Hooks, Workplace
from tasks.base import TaskData

__all__ = ["Hooks", "Outcome", "ParentMissing", "Workplace", "run_trial"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a trial ended.

    committed: its rows are in the store. already: another attempt's are. stopped: its state is saved, run it again.
    rebuilt: the trained state of a committed dense trial is back. epochs: done so far.
    """

    status: Literal["committed", "already", "stopped", "rebuilt"]
    trial_id: str
    epochs: int = 0
    record: CommitRecord | None = None


def run_trial(
    spec: TrialSpec,
    *,
    workplace: Workplace,
    data: TaskData,
    keep_state: bool = False,
    rebuild: bool = False,
    hooks: Hooks | None = None,
) -> Outcome:
    """Runs a trial to its commit, from its last checkpoint if it has one.

    keep_state: the trial leaves its trained state for those that continue from it. rebuild: train a committed one of
    which others continue again because that state is gone; nothing is committed. ValueError for data that are not
    the spec's, ParentMissing, CheckpointError for a state that cannot be used or does not match the commit.
    """
    layout = Layout(workplace.root)
    if rebuild:
        committed_weights(layout, spec)
    elif any(workplace.processes.agreed(is_committed(workplace.root, spec.trial_id))):
        return Outcome(status="already", trial_id=spec.trial_id)
    if data.fingerprint != spec.data:
        raise ValueError(f"trial {spec.trial_id} is of data {spec.data!r}, but {data.fingerprint!r} was given")
    hooks = hooks or Hooks()
    trial, history = assembled(spec, workplace, data), History()
    states = States(spec, workplace, trial.trainer, history, hooks)
    states.resume()
    if not trial.trainer.train(Watch(trial, history, states, hooks).after_step):
        return Outcome(status="stopped", trial_id=spec.trial_id, epochs=trial.trainer.epoch)
    with ThreadPoolExecutor(max_workers=1) as aside:
        kept = states.keep(aside, rebuild=rebuild, keep_state=keep_state) if spec.has_children else None
        answers = [] if rebuild else answers_of(trial, history)
    weights = kept.result() if kept else None
    if rebuild:
        return Outcome(status="rebuilt", trial_id=spec.trial_id, epochs=trial.trainer.epoch)
    if not workplace.processes.is_first:
        return Outcome(status="committed", trial_id=spec.trial_id, epochs=trial.trainer.epoch)
    facts = facts_of(trial, history, answers, weights)
    record = commit(workplace.root, spec, rows_to_commit(trial, answers), facts, extras_of(trial))
    states.tidy(keep_state=keep_state)
    return Outcome(
        status="committed" if record else "already",
        trial_id=spec.trial_id,
        epochs=trial.trainer.epoch,
        record=record,
    )
