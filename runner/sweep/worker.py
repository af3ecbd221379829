"""What runs inside a Ray actor: one trial after another, none leaving a trace in the next."""

from __future__ import annotations

import functools
import json
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ray import tune

from runner.spec import TrialSpec
from runner.store.reader import failures, task_data
from runner.store.writer import record_failure
from runner.sweep.jobs import Job
from tasks.base import TaskData


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Where a trial runs: the store's folder, a cache folder of the node, threads, and the file that says stop."""

    root: str
    cache: str
    threads: int
    stop_file: str


class Work(Protocol):
    """Runs one job and says how it ended: committed, already, rebuilt or stopped."""

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
    try:
        ending = work(job, assignment)
    except Exception:
        root = Path(assignment.root)
        attempts = failures(root).get(job.trial_id, {}).get("attempts", 0)
        record_failure(root, job.trial_id, attempts + 1, traceback.format_exc())
        raise
    tune.report({"ending": ending})


def train_and_prune(job: Job, assignment: Assignment) -> str:
    """The real work: one trial, top to bottom."""
    from runner.trial import Hooks, Workplace, run_trial

    stop_file = Path(assignment.stop_file)
    workplace = Workplace(
        root=Path(assignment.root), cache=Path(assignment.cache), threads=assignment.threads, device="auto"
    )
    hooks = Hooks(should_stop=stop_file.exists, on_epoch=lambda epoch, total: None)
    outcome = run_trial(
        job.spec,
        workplace=workplace,
        data=_examples(assignment.root, job.spec.task, job.spec.data),
        keep_state=job.keep_state,
        rebuild=job.rebuild,
        hooks=hooks,
    )
    return outcome.status


@functools.lru_cache(maxsize=4)
def _examples(root: str, task: str, fingerprint: str) -> TaskData:
    data = task_data(Path(root), task)
    if data.fingerprint != fingerprint:
        raise ValueError(f"task '{task}' of {root} has fingerprint {data.fingerprint}, the trial needs {fingerprint}")
    return data
