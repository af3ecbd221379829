"""The driver: Ray Tune over the jobs of a plan. Ray executes; the store remembers."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune

from runner.sweep.jobs import Job, Queue
from runner.sweep.searcher import PlanSearcher, Unsaved, Watcher
from runner.sweep.stopping import StopRequest
from runner.sweep.worker import Assignment, Work, configured, report_on, train_and_prune

Needs = Callable[[Job], tuple[float, float]]
"""CPUs and GPUs that a job occupies."""


class ClusterError(RuntimeError):
    """The cluster cannot run what was asked: says what it has and what to change."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How jobs are executed: what each occupies, how many at once at most, how often a failed one is tried again."""

    needs: Needs
    max_concurrent: int | None = None
    retries: int = 2
    work: Work = train_and_prune


@contextmanager
def cluster(address: str | None, cpus: int | None = None) -> Iterator[dict[str, float]]:
    """Connect to a Ray cluster, or start one on this machine's cores, loopback only; yields its resources."""
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address is None:
        ray.init(
            address="local",  # left out, Ray would join whatever cluster it finds running here
            num_cpus=cpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=128 * 2**20,
        )
    else:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield ray.cluster_resources()  # type: ignore[no-untyped-call]
    finally:
        ray.shutdown()


def slots(jobs: list[Job], execution: Execution, resources: dict[str, float]) -> int:
    """How many of the jobs fit the cluster at once; ClusterError if one of them never will."""
    cpus, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
    most = 0.0
    for need_cpus, need_gpus in {execution.needs(job) for job in jobs}:
        if need_cpus > cpus or need_gpus > gpus:
            raise ClusterError(
                f"a trial asks for {need_cpus:g} CPUs and {need_gpus:g} GPUs, the cluster has {cpus:g} CPUs and "
                f"{gpus:g} GPUs; set resources.cpus and resources.gpus (resources.gpus=0 runs on CPUs), or connect to "
                "another cluster"
            )
        fits = [cpus / need_cpus] if need_cpus else []
        fits += [gpus / need_gpus] if need_gpus else []
        most = max(most, min(fits, default=1.0))
    return max(1, min(int(most), len(jobs), execution.max_concurrent or int(most)))


def drive(jobs: list[Job], assignment: Assignment, execution: Execution, watcher: Watcher, stop: StopRequest) -> None:
    """Run jobs on the connected cluster until all have ended or a stop was asked for.

    Every start is a new Tune session over what the store lacks: Tune's own experiment state is thrown away. Always a
    bound on concurrency (a custom searcher would else run one trial at a time), never num_to_keep or a time budget.
    """
    concurrent = slots(jobs, execution, ray.cluster_resources())  # type: ignore[no-untyped-call]
    searcher = PlanSearcher(Queue.of(jobs, Path(assignment.root)), watcher, stop, execution.retries)
    scratch = Path(tempfile.mkdtemp(prefix="piesweep-tune-"))
    try:
        tune.Tuner(
            tune.with_resources(partial(_trainable, execution.work, assignment), _placement(jobs, execution)),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                num_samples=len(jobs) * (1 + execution.retries),  # the searcher says when there are no more
                max_concurrent_trials=concurrent,
                reuse_actors=True,
                trial_name_creator=_short_name,
                trial_dirname_creator=_short_name,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=str(scratch),
                verbose=0,
                callbacks=[Deaths(watcher)],
            ),
        ).fit()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Deaths(Unsaved, tune.Callback):
    """Tells the watcher of a trial that failed, with what Ray Tune knows of the cause."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Called for every trial that failed."""
        known = Path(trial.error_file).read_text(encoding="utf-8") if trial.error_file else ""
        self.watcher.died(configured(trial.config).trial_id, known or "the worker process died")


def _trainable(work: Work, assignment: Assignment, config: dict[str, str]) -> None:
    report_on(work, assignment, config)


def _short_name(trial: Any) -> str:
    """Tune's own names spell out the configuration, into folder names too."""
    return str(trial.trial_id)


def _placement(jobs: list[Job], execution: Execution) -> Any:
    """Resources of a trial: one value where all jobs need the same, else looked up by its model."""
    by_model = {job.spec.model: _bundle(*execution.needs(job)) for job in jobs}
    if len({frozenset(bundle.items()) for bundle in by_model.values()}) == 1:
        return tune.PlacementGroupFactory([next(iter(by_model.values()))])
    return lambda config: tune.PlacementGroupFactory([by_model[configured(config).spec.model]])


def _bundle(cpus: float, gpus: float) -> dict[str, float]:
    return {"CPU": cpus, "GPU": gpus} if gpus else {"CPU": cpus}
