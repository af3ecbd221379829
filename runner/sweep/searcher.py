"""The plan as a Ray Tune search algorithm: it suggests the jobs that are ready and learns how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from ray.tune.search import Searcher

from runner.sweep.checkpoint_times import CheckpointTimes
from runner.sweep.jobs import Job, Queue
from runner.sweep.stopping import OUT_OF_TIME, StopRequest
from runner.sweep.worker import configuration

WARNING_SECONDS = 1.0
"""How often at most a look is taken at whether the batch system has warned."""


class Watcher(Protocol):
    """Is told of every job that is handed out and of how it ended."""

    def started(self, job: Job) -> None: ...

    def ended(self, job: Job, ending: str) -> None: ...

    def died(self, trial_id: str, cause: str) -> None: ...


class NotPickled:
    """Pickles as an empty placeholder: Ray Tune saves what it is given for a restore that we never make."""

    def __reduce__(self) -> tuple[type[NotPickled], tuple[()]]:
        return NotPickled, ()


class PlanSearcher(NotPickled, Searcher):
    """Suggests ready jobs; children of a parent that ended well follow at once, those of a failed one never.

    room: how many jobs may be out at once, as of now. Ray Tune asks from one thread. Nothing of this is saved: the
    store alone remembers, so a restart makes a new searcher over what is missing.
    """

    def __init__(
        self, queue: Queue, watcher: Watcher, stop: StopRequest, retries: int, room: Callable[[], int]
    ) -> None:
        super().__init__(metric="ending", mode="max")
        self.queue = queue
        self.watcher = watcher
        self.stop = stop
        self.retries = retries
        self.room = room
        # Without a known end nobody asks for the pace, and ten thousand records take the best part of a second to read.
        self.pace = CheckpointTimes() if stop.seconds_left is None else CheckpointTimes.of_store(queue.root)
        self.live: dict[str, Job] = {}
        self.tries: Counter[str] = Counter()

    def set_search_properties(self, *_: Any, **__: Any) -> bool:
        """Ray Tune offers a search space and a metric; a plan needs neither."""
        return True

    def set_max_concurrency(self, max_concurrent: int) -> bool:
        """True: this searcher keeps to its own bound, which moves with the cluster; Ray Tune's would be fixed."""
        return True

    def suggest(self, trial_id: str) -> Any:
        """The next ready job; None while running ones may make others ready; FINISHED when no more will come."""
        job = self._next()
        if job is not None:
            self.live[trial_id] = job
            self.pace.started(job)
            self.watcher.started(job)
            return configuration(job)
        return None if self.live else Searcher.FINISHED

    def _next(self) -> Job | None:
        """The first ready job; near the end of an allocation, the first that can still reach a checkpoint.

        Ray Tune asks several times a second, so that here a warning is heard whose signal went astray.
        """
        self.stop.look(WARNING_SECONDS)
        if self.stop or not self.queue.ready or len(self.live) >= self.room():
            return None
        left = self.stop.seconds_left
        if left is None:
            return self.queue.ready.popleft()
        for job in self.queue.ready:
            if self.pace.to_checkpoint(job) < left:
                self.queue.ready.remove(job)
                return job
        if not self.live:
            self.stop.ask(OUT_OF_TIME)
        return None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Free what waited for the job, or give up on it."""
        job = self.live.pop(trial_id, None)
        if job is None:
            return
        ending = "failed" if error else str((result or {}).get("ending", "stopped"))
        if ending in ("committed", "already", "rebuilt"):
            self.pace.succeeded(job)
            self.queue.succeeded(job)
        elif ending in ("failed", "orphaned"):
            self.tries[job.trial_id] += 1
            if self.tries[job.trial_id] > self.retries:
                if ending == "orphaned":
                    self.watcher.died(job.trial_id, f"the state of its parent, trial {job.spec.parent_id}, is gone")
                ending = "failed"
                self.queue.failed(job)
            elif ending == "orphaned":
                self.queue.orphaned(job)
            else:
                # It goes on from its checkpoint, in a fresh process. Tune's own retries cost every trial, failed or
                # not, as much again as all the rest of Tune.
                ending = "retried"
                self.queue.ready.append(job)
        self.watcher.ended(job, ending)

    def save(self, checkpoint_path: str) -> None:
        """Nothing is saved: the store remembers."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is restored: the store remembers."""
