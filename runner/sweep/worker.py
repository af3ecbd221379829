"""Run trials inside a Ray actor, one after another, none leaving a trace in the next."""

from __future__ import annotations

import functools
import json
import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ray
from ray import tune

from runner.spec import TrialSpec
from runner.store.files.place import place
from runner.store.files.storage import storage
from runner.store.reader import failure_of, is_committed, task_data
from runner.store.session import is_holder, note
from runner.store.writer import record_failure
from runner.sweep.jobs import Job
from runner.sweep.start_barrier import learn_environment
from tasks.base import TaskData


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Where a trial runs: the store's folder, a cache folder of the node, threads, and the file that says stop.

    session: the driver's, which must hold the store for the trial to go on; "" where nobody asks. gate: the name of the
    gate that tells how to reach the store. umask: the user's, where the cluster was started under another.
    """

    root: str
    cache: str
    threads: int
    stop_file: str
    session: str = ""
    gate: str = ""
    umask: int | None = None


class Work(Protocol):
    """Runs one job and says how it ended: committed, already, rebuilt, stopped, or orphaned (of its parent's state)."""

    def __call__(self, job: Job, assignment: Assignment) -> str: ...


def configuration(job: Job) -> dict[str, str]:
    """A job as what Ray Tune hands to an actor: one string, since Tune copies, flattens and names every value."""
    flags = {"keep_state": job.keep_state, "rebuild": job.rebuild}
    return {"job": json.dumps({"settings": job.spec.settings(), **flags})}


def configured(config: dict[str, str]) -> Job:
    """The job of a configuration."""
    given = json.loads(config["job"])
    return Job(TrialSpec.from_settings(given["settings"]), given["keep_state"], given["rebuild"])


def report_on(work: Work, assignment: Assignment, config: dict[str, str]) -> None:
    """Run one job and report its end to Ray Tune; a failure is recorded with its traceback, then raised.

    Raising makes Ray replace the process, so that a retry starts in a fresh one.
    """
    job = configured(config)
    settle_in(assignment)
    try:
        ending = work(job, assignment)
    except Exception:
        root = place(assignment.root)
        if not job.rebuild and is_committed(root, job.trial_id):
            # Another attempt was faster, and has taken the checkpoints away under this one.
            tune.report({"ending": "already"})
            return
        attempts = failure_of(root, job.trial_id).get("attempts", 0)
        record_failure(root, job.trial_id, attempts + 1, traceback.format_exc())
        raise
    tune.report({"ending": ending})


def settle_in(assignment: Assignment) -> None:
    """Make this process one that reaches the store, and writes files as the user's own processes do."""
    if assignment.gate:
        learn_environment(assignment.gate)
    if assignment.umask is not None:
        os.umask(assignment.umask)


def train_and_prune(job: Job, assignment: Assignment) -> str:
    """The real work: one trial, top to bottom, on the GPUs that Ray assigned to this process or on the processor."""
    from runner.trial.run import ParentMissing

    try:
        return in_this_process(job, assignment)
    except ParentMissing:
        return "orphaned"


def in_this_process(job: Job, assignment: Assignment, zero_stage: int = 0) -> str:
    """A trial, or with a stage of ZeRO this process's part of one; says how it ended.

    ParentMissing, where the state that the trial continues from is gone.
    """
    from runner.trial.devices import choose_device, device_memory, take_assigned
    from runner.trial.processes import ALONE
    from runner.trial.run import Hooks, Workplace, run_trial

    processes, device = ALONE, take_assigned(assigned_gpus())
    if zero_stage:
        from runner.trial.sharding.accelerator import join

        processes = join(choose_device(device).torch)
    root, session = place(assignment.root), assignment.session
    # The node's own choice counts; where it has none, its folder of the driver's name.
    cache = os.environ.setdefault("PIESWEEP_CACHE", assignment.cache)
    workplace = Workplace(
        root=root,
        cache=Path(cache),
        threads=assignment.threads,
        device=device,
        processes=processes,
        zero_stage=zero_stage,
    )
    stop_file = place(assignment.stop_file)
    hooks = Hooks(
        should_stop=storage(stop_file).watched(stop_file),
        superseded=lambda: bool(session) and not is_holder(root, session),
        on_damage=lambda message: note(root, session, "restore-failed", job.trial_id, message),
    )
    with device_memory():
        outcome = run_trial(
            job.spec,
            workplace=workplace,
            data=_examples(assignment.root, job.spec.task, job.spec.data),
            keep_state=job.keep_state,
            rebuild=job.rebuild,
            hooks=hooks,
        )
    return outcome.status


def assigned_gpus() -> list[str]:
    """The GPUs of its node that Ray set aside for this process, by index or name; none where it asked for none."""
    ids = ray.get_runtime_context().get_accelerator_ids()
    return list(map(str, ids.get("GPU", ())))


@functools.lru_cache(maxsize=4)
def _examples(root: str, task: str, fingerprint: str) -> TaskData:
    data = task_data(place(root), task)
    if data.fingerprint != fingerprint:
        raise ValueError(f"task '{task}' of {root} has fingerprint {data.fingerprint}, the trial needs {fingerprint}")
    return data
