"""Learn how long trials take to their next checkpoint, which a driver must know near the end of an allocation."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from runner.plan import training_units
from runner.store.errors import StoreError
from runner.store.reader import commits
from runner.sweep.jobs import Job


class CheckpointTimes:
    """Seconds an epoch by task and model: the slowest that this session or the store has seen.

    A trial that is told to stop saves its state at the end of an epoch: an epoch is the least it needs to leave any.
    """

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._slowest: dict[tuple[str, str], float] = {}

    @classmethod
    def of_store(cls, root: Path) -> CheckpointTimes:
        """The pace of a store's trials, as their records tell; none where they cannot be read."""
        pace = cls()
        with contextlib.suppress(StoreError):
            records = commits(root)
            epochs = {record.trial_id: record.facts.epochs or 0 for record in records}
            for record in records:
                settings, facts = record.settings, record.facts
                # A trial that went on from its parent's state counts the parent's epochs, but not their seconds.
                # A parent that is elsewhere is taken for a dense one.
                before = epochs.get(record.parent_id, settings["training"]["epochs"]) if record.parent_id else 0
                if facts.seconds and facts.epochs and facts.epochs > before:
                    pace._learn((settings["task"], settings["model"]), facts.seconds / (facts.epochs - before))
        return pace

    def started(self, job: Job) -> None:
        self._began[job.trial_id] = time.monotonic()

    def succeeded(self, job: Job) -> None:
        """Learn from a job that ran to its end; one that went on from a checkpoint says too little, never too much."""
        epochs = training_units(job.spec) * job.spec.training.epochs
        seconds = time.monotonic() - self._began.pop(job.trial_id)
        self._learn((job.spec.task, job.spec.model), seconds / epochs)

    def to_checkpoint(self, job: Job) -> float:
        """Seconds until the job's first checkpoint; 0 where nothing like it has ended yet."""
        return self._slowest.get((job.spec.task, job.spec.model), 0.0)

    def _learn(self, cell: tuple[str, str], seconds: float) -> None:
        self._slowest[cell] = max(seconds, self._slowest.get(cell, 0.0))
