"""List the jobs of a sweep: what a store still lacks of a plan, and what must wait for what."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.spec import TrialSpec
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import committed_ids

TRAINED = "trained.safetensors"
"""The file in a trial's checkpoint folder from which its children start."""


@dataclass(frozen=True)
class Job:
    """One trial to run.

    keep_state: children will start from its trained state. rebuild: its rows are committed, but the trained state that
    children need is gone (they were added to the study later), so it is trained again and compared.
    """

    spec: TrialSpec
    keep_state: bool = False
    rebuild: bool = False

    @property
    def trial_id(self) -> str:
        return self.spec.trial_id


def missing_jobs(specs: Sequence[TrialSpec], root: Path) -> list[Job]:
    """The jobs that complete a plan: its uncommitted trials, and parents whose trained state must come back."""
    done = committed_ids(root)
    missing = [spec for spec in specs if spec.trial_id not in done]
    needed = {spec.parent_id for spec in missing if spec.parent_id}
    layout = Layout(root)
    by_id = {spec.trial_id: spec for spec in specs}
    gone: set[str] = set()
    wanted = list(needed & done)
    while wanted:  # a parent's own parent must come back too
        parent = wanted.pop()
        if parent in done - gone and not (layout.checkpoint(parent) / TRAINED).exists():
            gone.add(parent)
            before = by_id[parent].parent_id if parent in by_id else None
            wanted += [before] if before else []
    jobs = [Job(spec, keep_state=spec.trial_id in needed) for spec in missing]
    rebuilt = [Job(spec, keep_state=True, rebuild=True) for spec in specs if spec.trial_id in gone]
    return sorted([*rebuilt, *jobs], key=lambda job: not job.spec.is_dense)


def discard_leftovers(specs: Sequence[TrialSpec], root: Path) -> None:
    """Delete states that nobody needs: of committed trials from which no missing one starts.

    A process that was killed between its commit and its tidying up leaves them.
    """
    done = committed_ids(root)
    needed = {spec.parent_id for spec in specs if spec.trial_id not in done}
    folders = Layout(root).checkpoints.iterdir() if Layout(root).checkpoints.is_dir() else iter(())
    for folder in list(folders):
        if folder.name in done - needed:
            storage(folder).discard_folder(folder)


@dataclass
class Queue:
    """Jobs in the order in which they may start: a child becomes ready when its parent has succeeded.

    may_delete: False once another driver holds the store, whose trials may need what ours no longer do.
    """

    root: Path
    ready: deque[Job] = field(default_factory=deque)
    waiting: dict[str, list[Job]] = field(default_factory=dict)
    unfinished: dict[str, set[str]] = field(default_factory=dict)
    may_delete: Callable[[], bool] = lambda: True

    @classmethod
    def of(cls, jobs: Iterable[Job], root: Path, may_delete: Callable[[], bool] = lambda: True) -> Queue:
        queue = cls(root, may_delete=may_delete)
        jobs = list(jobs)
        coming = {job.trial_id for job in jobs}
        for job in jobs:
            parent = job.spec.parent_id
            if parent is not None:
                queue.unfinished.setdefault(parent, set()).add(job.trial_id)
            if parent in coming:
                queue.waiting.setdefault(parent, []).append(job)
            else:
                queue.ready.append(job)
        return queue

    def succeeded(self, job: Job) -> None:
        """Make the job's children ready, at the front: the sooner they end, the sooner their parent's state can go."""
        self.ready.extendleft(reversed(self.waiting.pop(job.trial_id, [])))
        parent = job.spec.parent_id
        if parent is not None:
            left = self.unfinished.get(parent, set())
            left.discard(job.trial_id)
            if not left and self.may_delete():
                storage(self.root).discard_folder(Layout(self.root).checkpoint(parent))

    def orphaned(self, job: Job) -> None:
        """Let the job wait until its parent, whose trained state is gone or damaged, has been trained again."""
        assert job.spec.parent is not None
        parent = Job(job.spec.parent, keep_state=True, rebuild=True)
        if parent.trial_id not in self.waiting:
            self.ready.appendleft(parent)
        self.waiting.setdefault(parent.trial_id, []).append(job)

    def failed(self, job: Job) -> list[Job]:
        """The children, and theirs, that cannot start in this session because the job failed."""
        found = self.waiting.pop(job.trial_id, [])
        return [*found, *(later for child in found for later in self.failed(child))]
