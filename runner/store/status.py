"""Tell how far a store's studies are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.store.reader import committed_ids, failed_ids, failures, frozen_plans, open_store, planned_trials
from runner.store.session import running_trials


@dataclass(frozen=True, kw_only=True)
class Status:
    """Counts of trials. failed: gave up after their retries and not committed since; running: held by a live driver."""

    planned: int
    committed: int
    running: int
    failed: int


def status(root: Path) -> Status:
    """Count a store's trials from names alone: no data file is opened."""
    open_store(root)
    committed = committed_ids(root)
    planned = planned_trials(root).keys() | committed
    running = running_trials(root) - committed
    return Status(
        planned=len(planned),
        committed=len(committed),
        running=len(running),
        failed=len(failed_ids(root) - running),
    )


def progress(root: Path) -> str:
    """Two words: one that changes whenever a trial commits or reaches its next checkpoint; how many trials can still.

    A trial cannot that has failed more often than its study's `retries`, nor one that starts from such a trial.
    """
    layout = open_store(root)
    saved = [path.stat().st_mtime for path in layout.checkpoints.glob("*/*.safetensors")]
    committed = committed_ids(root)
    left = planned_trials(root).keys() - committed - _given_up(root)
    return f"{len(committed)}-{len(saved)}-{max(saved, default=0)} {len(left)}"


def _given_up(root: Path) -> set[str]:
    attempts = {trial_id: int(failure["attempts"]) for trial_id, failure in failures(root).items()}
    found = set()
    for plan in frozen_plans(root):
        retries = int(plan.study.get("retries", 0))
        failed = {trial.trial_id for trial in plan.trials if attempts.get(trial.trial_id, 0) > retries}
        found |= failed
        while later := {trial.trial_id for trial in plan.trials if trial.parent_id in found} - found:
            found |= later
    return found
