"""Record what happens to trials: the lease, the event log and the display learn of it, and of deaths without a word."""

from __future__ import annotations

import contextlib

from runner.store import reader
from runner.store.session import Session
from runner.store.writer import record_failure
from runner.sweep.jobs import Job
from runner.sweep.progress import Progress


class SweepRecorder:
    """Passes what happens on to the lease, the event log and the display; records deaths that left no traceback."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self.session = session
        self.progress = progress
        self.known_attempts: dict[str, int] = {}

    def started(self, job: Job) -> None:
        """A job was handed out."""
        self.known_attempts[job.trial_id] = self._recorded_attempts(job.trial_id)
        self.session.started(job.trial_id)
        self.session.event("trial-started", job.trial_id, rebuild=job.rebuild, cell=list(job.spec.coordinates))
        self.progress.started(job)

    def ended(self, job: Job, ending: str) -> None:
        """A job ended."""
        self.session.ended(job.trial_id)
        self.session.event(f"trial-{ending}", job.trial_id)
        self.progress.ended(job, ending)

    def died(self, trial_id: str, cause: str) -> None:
        """Record a failure that its worker could not record itself, because it was killed."""
        known = self.known_attempts.get(trial_id, 0)
        if self._recorded_attempts(trial_id) == known:
            with contextlib.suppress(OSError):  # a full disk ends no sweep: the trial counts as missing all the same
                record_failure(self.session.layout.root, trial_id, known + 1, cause)

    def _recorded_attempts(self, trial_id: str) -> int:
        return int(reader.failure_of(self.session.layout.root, trial_id).get("attempts", 0))
