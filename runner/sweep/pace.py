"""How long trials take to their next checkpoint: what a driver must know before it hands one out near the end."""

from __future__ import annotations

import time

from runner.plan import training_units
from runner.sweep.jobs import Job


class Pace:
    """Seconds an epoch by task and model: the slowest that this session has seen.

    A trial that is told to stop saves its state at the end of an epoch: an epoch is the least it needs to leave any.
    """

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._slowest: dict[tuple[str, str], float] = {}

    def started(self, job: Job) -> None:
        self._began[job.trial_id] = time.monotonic()

    def succeeded(self, job: Job) -> None:
        """Learn from a job that ran to its end; one that went on from a checkpoint says too little, never too much."""
        epochs = training_units(job.spec) * job.spec.training.epochs
        seconds = (time.monotonic() - self._began.pop(job.trial_id)) / epochs
        cell = job.spec.task, job.spec.model
        self._slowest[cell] = max(seconds, self._slowest.get(cell, 0.0))

    def to_checkpoint(self, job: Job) -> float:
        """Seconds until the job's first checkpoint; 0 where nothing like it has ended yet."""
        return self._slowest.get((job.spec.task, job.spec.model), 0.0)
