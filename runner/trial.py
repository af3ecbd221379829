"""One trial, top to bottom: seed, build, train, prune, evaluate, commit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from runner.attempt import Attempt
from runner.checkpoints import ParentMissing, committed_weights
from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.store.reader import is_committed
from runner.store.schema import CommitRecord
from runner.store.writer import commit
from runner.workplace import Hooks, Workplace
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

    keep_state: a dense trial leaves its trained state for the trials that continue from it. rebuild: train a
    committed dense trial again because that state is gone; nothing is committed. ValueError for data that are not
    the spec's, ParentMissing, CheckpointError for a state that cannot be used or does not match the commit.
    """
    layout = Layout(workplace.root)
    if rebuild:
        committed_weights(layout, spec)
    elif any(workplace.processes.agreed(is_committed(workplace.root, spec.trial_id))):
        return Outcome(status="already", trial_id=spec.trial_id)
    if data.fingerprint != spec.data:
        raise ValueError(f"trial {spec.trial_id} is of data {spec.data!r}, but {data.fingerprint!r} was given")
    attempt = Attempt(spec, workplace, data, hooks or Hooks())
    attempt.resume()
    if not attempt.train():
        return Outcome(status="stopped", trial_id=spec.trial_id, epochs=attempt.trainer.epoch)
    with ThreadPoolExecutor(max_workers=1) as aside:
        kept = attempt.keep(aside, rebuild=rebuild, keep_state=keep_state) if spec.is_dense else None
        answers = [] if rebuild else attempt.evaluate()
    weights = kept.result() if kept else None
    if rebuild:
        return Outcome(status="rebuilt", trial_id=spec.trial_id, epochs=attempt.trainer.epoch)
    if not workplace.processes.is_first:
        return Outcome(status="committed", trial_id=spec.trial_id, epochs=attempt.trainer.epoch)
    record = commit(workplace.root, spec, attempt.rows(answers), attempt.facts(answers, weights))
    attempt.tidy(keep_state=keep_state)
    return Outcome(
        status="committed" if record else "already",
        trial_id=spec.trial_id,
        epochs=attempt.trainer.epoch,
        record=record,
    )
