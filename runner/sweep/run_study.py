"""Run a study into a store: prepare its tasks, find what is missing, drive it, say how it ended."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from runner.plan import Plan, identify
from runner.printable import printable
from runner.spec import TrialSpec
from runner.store import reader
from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.leftovers import sweep_leftovers
from runner.store.session import Session, clock_of, hold, is_holder, require_free
from runner.store.writer import freeze_plan, refuse_other_bleurt, save_task
from runner.studies import Study
from runner.sweep.allocation import Allocation
from runner.sweep.already_committed import already
from runner.sweep.canary import copies
from runner.sweep.enough_steps import require_windows
from runner.sweep.environment import prepare
from runner.sweep.jobs import Job, discard_leftovers, missing_jobs
from runner.sweep.preconditions import refuse_small_images, require_bleurt, require_reach, require_words
from runner.sweep.progress import Progress
from runner.sweep.recorder import SweepRecorder
from runner.sweep.stopping import StopRequest, stop_on_signals
from tasks.base import TaskData
from tasks.catalogue import open_task
from tasks.kinds import KINDS
from tasks.overview import lines_of
from tasks.registry_packages import cache_folder

if TYPE_CHECKING:
    from runner.sweep.driver import Execution
    from runner.sweep.worker import Work

GRACE_SECONDS = 30.0
"""How long running trials may take to reach a checkpoint when a stop is asked for."""


TAKEN = "another driver, which took this one for dead and has the store now"
"""The reason for a stop where this driver slept past its lease."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a study runs: a Ray cluster's address (None starts one here), and a bound on trials at once.

    work: what runs a trial, if not `runner.sweep.worker.train_and_prune`.
    """

    address: str | None = None
    max_concurrent: int | None = None
    work: Work | None = None


@dataclass(frozen=True, kw_only=True)
class SweepEnd:
    """How a sweep ended: trials planned, committed, failed, and the signal that stopped it, if any.

    before: how many had committed when it began.
    """

    planned: int
    committed: int
    failed: int
    before: int = 0
    stopped_by: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, 75 interrupted (run again), 1 otherwise."""
        if self.committed == self.planned:
            return 0
        return 75 if self.stopped_by else 1


def run_study(
    plan: Plan,
    root: Path,
    placement: Placement,
    console: Console,
    shown: Callable[[TaskData], TaskData] = lambda data: data,
) -> SweepEnd:
    """Do what the store lacks of a plan. A finished study is left without a byte changed, unless it declares more.

    Nothing is written before a cluster is joined that has room for a trial: ClusterError, StoreError or StoreHeld
    leave no trace. shown: what of a task's examples the trials get to see; the store holds nothing else.
    """
    tasks = {choice.name: shown(open_task(choice)) for choice in plan.study.tasks}
    refuse_small_images(plan, tasks)
    for line in (line for data in tasks.values() for line in lines_of(data)):
        _say(console, line)
    specs = identify(plan, {name: data.fingerprint for name, data in tasks.items()}).trials
    require_reach(plan.study, specs, tasks)
    require_windows(specs, tasks)
    with stop_on_signals(GRACE_SECONDS, Allocation.of(os.environ)) as (stop, _):
        with _losses(stop):
            specs += copies(plan.study, specs, placement.address, stop)
        if stop.is_lost:
            return _ending(root, specs, stop.signal_name)
        planned = _check_store(root, specs, tasks)
        jobs = missing_jobs(specs, root)
        before = len(specs) - sum(not job.rebuild for job in jobs)
        _say(console, already(specs, jobs, root, planned))
        for line in _scored_otherwise(root, tasks):
            _say(console, line)
        if not jobs:
            for data in tasks.values():
                save_task(root, data)
            if plan.study.hypotheses:
                freeze_plan(root, plan.study.model_dump(mode="json"), specs)
            return _ending(root, specs, "", before)
        require_words([job.spec for job in jobs], tasks)
        require_bleurt(tasks)
        require_free(root)
        _say(console, f"joining the Ray cluster at {placement.address}" if placement.address else "starting Ray here")
        with _losses(stop), ExitStack() as cluster:
            execution = cluster.enter_context(_joined(plan.study, jobs, placement, root, stop))
            if not stop:
                if not Layout(root).tasks.is_dir():
                    storage(root).require_exclusive_creation(root)
                # The cluster is left, and its workers ended, before another driver may have the store.
                with hold(root) as session, cluster.pop_all():
                    for data in tasks.values():
                        save_task(root, data)
                    freeze_plan(root, plan.study.model_dump(mode="json"), specs)
                    discard_leftovers(specs, root)
                    sweep_leftovers(root, clock_of(session.layout.sessions))
                    # Another driver may have finished trials between the first look and the lease.
                    jobs = missing_jobs(specs, root)
                    _sweep(plan.study, jobs, session, execution, Progress(specs, jobs, console), stop)
        return _ending(root, specs, stop.signal_name, before)


def _say(console: Console, line: str) -> None:
    """One plain line, which no terminal's width breaks; where nobody reads any more, nothing."""
    with contextlib.suppress(OSError):
        print(printable(line), file=console.file, flush=True)


@contextmanager
def _losses(stop: StopRequest) -> Iterator[None]:
    """A block that the death of the cluster ends."""
    try:
        yield
    except KeyboardInterrupt:
        if not stop.is_lost:
            raise


@contextmanager
def _joined(study: Study, jobs: list[Job], placement: Placement, root: Path, stop: StopRequest) -> Iterator[Execution]:
    """A cluster with room for each of the jobs, or else ClusterError; yields how they are executed on it."""
    prepare(placement.address)
    from runner.sweep.driver import Execution, JobRoom, joined

    execution = Execution(
        needs=lambda job: study.occupied(job.spec.model),
        max_concurrent=placement.max_concurrent,
        retries=study.retries,
        work=placement.work or _work(study),
        places_itself=study.strategy.is_sharded,
        # The processes of a cluster of our own have this one's environment.
        environment=storage(root).environment(dict(os.environ)) if placement.address else {},
        umask=None if placement.address else _umask(),
    )
    with joined(placement.address, stop):
        if not stop:
            JobRoom(jobs, execution)
        yield execution


def _sweep(
    study: Study, jobs: list[Job], session: Session, execution: Execution, progress: Progress, stop: StopRequest
) -> None:
    """Drive the jobs on the joined cluster until all have ended, or a stop is asked for."""
    from runner.sweep.driver import drive
    from runner.sweep.worker import Assignment

    root = session.layout.root
    assignment = Assignment(
        root=str(root.resolve()),
        cache=str(cache_folder()),
        threads=max(1, int(min(study.resources.of_model(model.name)[0] for model in study.models))),
        stop_file=str(session.stop_file.resolve()),
        session=session.session_id,
        umask=execution.umask,
    )
    if stop.allocation.facts:
        session.event("allocation", None, **stop.allocation.facts)
    stop.tell(session.stop_file)
    session.when_lost = lambda: stop.ask(_why_lost(session))
    with progress:
        if jobs and not stop:
            drive(jobs, assignment, execution, SweepRecorder(session, progress), stop)
        stop.look()


def _umask() -> int:
    """This process's own, by which the files of a store are made."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _why_lost(session: Session) -> str:
    """Why this driver has the store no longer: that is gone, cannot be written, or was taken over."""
    root = session.layout.root
    try:
        if not session.layout.tasks.is_dir():
            return f"the loss of the store: {root} was moved or deleted"
        if is_holder(root, session.session_id):
            clock_of(session.layout.sessions)
    except Exception as error:  # each library of object storage has errors of its own
        return f"the loss of the store: {root} cannot be written ({getattr(error, 'strerror', None) or error})"
    return TAKEN


def _work(study: Study) -> Work:
    """What runs a trial: one process, or several that share its network."""
    if not study.strategy.is_sharded:
        from runner.sweep.worker import train_and_prune

        return train_and_prune
    from runner.sweep.several_processes import SeveralProcesses

    needs = {model.name: study.resources.of_model(model.name) for model in study.models}
    return SeveralProcesses(study.strategy.zero_stage, study.strategy.count, needs)


def _scored_otherwise(root: Path, tasks: Mapping[str, TaskData]) -> Iterator[str]:
    """A line on each task that the store has scored by other metrics than this study chooses."""
    cards = reader.task_cards(root)
    for name, data in tasks.items():
        if name in cards and cards[name].metrics != data.metrics:
            before, now = (", ".join(one.scored_by) for one in (cards[name], data))
            yield f"task {name}: all its trials are scored by {now} from now on, no longer by {before}"
            if lacking := _unmeasured(data, cards[name].scored_by):
                yield f"task {name}: trials that have committed have no {', '.join(lacking)}, nor will they"


def _unmeasured(data: TaskData, before: Sequence[str]) -> list[str]:
    """The metrics that only a trial itself can measure, and that those of before have not."""
    known = () if KINDS[data.kind].scored_by_rows else (*KINDS[data.kind].metrics, *before)
    return [metric for metric in data.scored_by if known and metric not in known]


def _check_store(root: Path, specs: Sequence[TrialSpec], tasks: dict[str, TaskData]) -> Collection[str]:
    """Refuse a store that holds other data or settings under the names of this study, before anything is written.

    Returns the ids of the trials that the store's studies have planned so far.
    """
    reader.require_store_or_new(root)
    cards = reader.task_cards(root)
    for name, data in tasks.items():
        if name in cards and cards[name].fingerprint != data.fingerprint:
            raise StoreError(
                f"{root} holds task '{name}' with other data (fingerprint {cards[name].fingerprint}, this study's "
                f"{data.fingerprint}); use another store, or give the task another name"
            )
        if name in cards:
            refuse_other_bleurt(root, cards[name], data)
    planned = reader.planned_trials(root)
    held = {
        (trial.task, trial.model, trial.method, trial.sparsity, trial.seed, trial.canary): trial.trial_id
        for trial in planned.values()
    }
    for spec in specs:
        other = held.get((*spec.coordinates, spec.canary), spec.trial_id)
        if other != spec.trial_id:
            raise StoreError(
                f"{root} holds {spec.task}, {spec.model}, {spec.method}, sparsity {spec.sparsity:g}, seed {spec.seed} "
                f"with other settings (trial {other}, this study's {spec.trial_id}); use another store, or name the "
                "model differently, or the method if that is what has other options"
            )
    return planned.keys()


def _ending(root: Path, specs: Sequence[TrialSpec], stopped_by: str, before: int = 0) -> SweepEnd:
    ids = {spec.trial_id for spec in specs}
    return SweepEnd(
        planned=len(ids),
        committed=len(ids & reader.committed_ids(root)),
        failed=len(ids & reader.failed_ids(root)),
        stopped_by=stopped_by,
        before=before,
    )
