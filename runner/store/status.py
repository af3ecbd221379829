"""How far a store's studies are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.store.reader import committed_ids, failures, open_store, planned_trials
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
        failed=len(failures(root).keys() - running),
    )


def progress(root: Path) -> str:
    """A word that changes whenever a trial of the store has committed or has reached its next checkpoint."""
    layout = open_store(root)
    saved = [path.stat().st_mtime for path in layout.checkpoints.glob("*/*.safetensors")]
    return f"{len(committed_ids(root))}-{len(saved)}-{max(saved, default=0)}"
