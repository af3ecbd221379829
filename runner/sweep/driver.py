"""The driver: Ray Tune over the jobs of a plan. Ray executes; the store remembers."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.execution import class_cache

from runner.spec import TrialSpec
from runner.store.files.place import place
from runner.store.files.scratch import scratch_folder
from runner.store.session import is_holder
from runner.sweep.connection import given_cluster, own_cluster
from runner.sweep.environment import CREDENTIALS, ClusterError
from runner.sweep.jobs import Job, Queue
from runner.sweep.liveness import watched
from runner.sweep.node_arrival import await_nodes
from runner.sweep.nodes import Ask, gpu_nodes, vendor_here
from runner.sweep.scheduler import FirstComeFirstServed
from runner.sweep.searcher import NotPickled, PlanSearcher, Watcher
from runner.sweep.start_barrier import pass_through, put_up
from runner.sweep.stopping import StopRequest
from runner.sweep.worker import Assignment, Work, configured, report_on, train_and_prune

NOTHING = {"memory": 1.0}
"""What occupies nothing: one byte of main memory. Ray has no empty placement."""

ROOM_SECONDS = 10.0
"""How long what fits the cluster is believed."""

Needs = Callable[[Job], tuple[float, float]]
"""CPUs and GPUs that a job occupies."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How jobs are executed: what each occupies, how many at once at most, how often a failed one is tried again.

    ask: tells on a node whose GPUs it has, where jobs want a certain vendor's. places_itself: the work itself asks Ray
    for what jobs need, so that Ray Tune sets nothing aside for them. environment: what reaches a store in object
    storage, where the nodes do not say it themselves; credentials, so that they are never printed. umask: the user's,
    where the cluster was started under another.
    """

    needs: Needs
    max_concurrent: int | None = None
    retries: int = 2
    work: Work = train_and_prune
    ask: Ask = vendor_here
    places_itself: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    umask: int | None = None


@contextmanager
def cluster(
    address: str | None, cpus: int | None = None, is_dead: Callable[[], bool] = lambda: False
) -> Iterator[dict[str, float]]:
    """Connect to a Ray cluster, or start one on this machine's cores, loopback only; yields its resources.

    is_dead: asked at the end, since a dead cluster cannot be left in order.
    """
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with own_cluster(cpus, is_dead) if address is None else given_cluster(address, is_dead):
        yield ray.cluster_resources()  # type: ignore[no-untyped-call]


@contextmanager
def joined(address: str | None, stop: StopRequest) -> Iterator[None]:
    """A cluster with the nodes that its allocation promises, as far as they come in time; a stop is heard meanwhile.

    Left by KeyboardInterrupt when the cluster dies: `stop.is_lost` then, and says what died.
    """
    cpus = os.cpu_count() if address is None else None
    with cluster(address, cpus, lambda: stop.is_lost), watched(stop):
        await_nodes(stop)
        yield


def connected_resources() -> dict[str, float]:
    """What the nodes have that are now in the connected cluster."""
    return ray.cluster_resources()  # type: ignore[no-untyped-call, no-any-return]


class JobRoom:
    """How many of the jobs fit the cluster at once, as of now: nodes come late, and are lost.

    ClusterError when it is made, if one of the jobs does not fit at all.
    """

    def __init__(
        self, jobs: list[Job], execution: Execution, resources: Callable[[], dict[str, float]] = connected_resources
    ) -> None:
        self.most = min(len(jobs), execution.max_concurrent or len(jobs))
        self._needs = {execution.needs(job) for job in jobs}
        self._resources = resources
        self._looked = time.monotonic()
        self._slots = slots(self._needs, resources())

    def __call__(self) -> int:
        now = time.monotonic()
        if now - self._looked >= ROOM_SECONDS:
            self._looked = now
            with contextlib.suppress(ClusterError):  # the only nodes for some jobs are lost, and may come back
                self._slots = slots(self._needs, self._resources())
        return max(1, min(self._slots, self.most))


def slots(needs: set[tuple[float, float]], resources: dict[str, float]) -> int:
    """How many jobs that need so many CPUs and GPUs fit at once; ClusterError if some of them never will."""
    cpus, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
    most = 0.0
    for need_cpus, need_gpus in needs:
        if need_cpus > cpus or need_gpus > gpus:
            raise ClusterError(
                f"a trial asks for {need_cpus:g} CPUs and {need_gpus:g} GPUs, the cluster has {cpus:g} CPUs and "
                f"{gpus:g} GPUs; set resources.cpus and resources.gpus (resources.gpus=0 runs on CPUs), or connect to "
                "another cluster"
            )
        fits = [cpus / need_cpus] if need_cpus else []
        fits += [gpus / need_gpus] if need_gpus else []
        most = max(most, min(fits, default=1.0))
    return int(most)


def drive(jobs: list[Job], assignment: Assignment, execution: Execution, watcher: Watcher, stop: StopRequest) -> None:
    """Run jobs on the connected cluster until all have ended or a stop was asked for.

    Every start is a new Tune session over what the store lacks: Tune's own experiment state is thrown away. Always a
    bound on concurrency (Ray Tune would else start one trial after another), which counts only how many may wait to
    start, since the searcher keeps to the room there is; never num_to_keep or a time budget.
    """
    room = JobRoom(jobs, execution)
    root, session = place(assignment.root), assignment.session
    queue = Queue.of(jobs, root, lambda: not session or is_holder(root, session))
    searcher = PlanSearcher(queue, watcher, stop, execution.retries, room)
    keep_out_of_ray(CREDENTIALS)
    with scratch_folder("tune") as scratch, put_up(scratch.name, room(), execution.environment):
        tune.Tuner(
            tune.with_resources(
                partial(_trainable, execution.work, replace(assignment, gate=scratch.name)),
                _placement(jobs, execution),
            ),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=FirstComeFirstServed(),
                # The searcher says when there are no more; a retry may train a parent again.
                num_samples=2 * len(jobs) * (1 + execution.retries),
                max_concurrent_trials=room.most,
                reuse_actors=True,
                trial_name_creator=_short_name,
                trial_dirname_creator=_short_name,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=str(scratch),
                verbose=0,
                callbacks=[FailureCallback(watcher), SignalCallback(stop)],
            ),
        ).fit()


def keep_out_of_ray(beginnings: tuple[str, ...]) -> None:
    """Keep environment variables whose names begin so out of what Ray Tune tells its nodes, and they log.

    Tune copies AWS's keys into the runtime environment of every worker, which lies readable in runtime_env_agent.log.
    """
    class_cache.ENV_VARS_TO_PROPAGATE.difference_update(
        [name for name in class_cache.ENV_VARS_TO_PROPAGATE if name.startswith(beginnings)]
    )


class FailureCallback(NotPickled, tune.Callback):
    """Tells the watcher of a trial that failed, with what Ray Tune knows of the cause."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Called for every trial that failed."""
        known = Path(trial.error_file).read_text(encoding="utf-8") if trial.error_file else ""
        self.watcher.died(configured(trial.config).trial_id, known or "the worker process died")


class SignalCallback(NotPickled, tune.Callback):
    """Takes the signals back that Ray Tune has just claimed: its own handler would stop trials between checkpoints."""

    def __init__(self, stop: StopRequest) -> None:
        self.stop = stop

    def setup(self, stop: Any = None, num_samples: Any = None, total_num_samples: Any = None, **info: Any) -> None:
        """Called once, before the first trial."""
        self.stop.listen()


def _trainable(work: Work, assignment: Assignment, config: dict[str, str]) -> None:
    pass_through(assignment.gate)
    report_on(work, assignment, config)


def _short_name(trial: Any) -> str:
    """Tune's own names spell out the configuration, into folder names too."""
    return str(trial.trial_id)


def _placement(jobs: list[Job], execution: Execution) -> Any:
    """Where trials may run and what they occupy there: one value where it is the same for all, else looked up.

    A trial that must run on one vendor's GPUs is held to the nodes that have them. They are named by Ray's own label
    of every node, so that a cluster needs no labels for this.
    """
    nodes = gpu_nodes(execution.ask) if any(job.spec.canary for job in jobs) else {}
    groups = {}
    for job in jobs:
        bundle = NOTHING if execution.places_itself else _bundle(*execution.needs(job))
        allowed = nodes.get(job.spec.canary or "cpu")
        groups[_kind(job.spec)] = (
            tune.PlacementGroupFactory(
                [bundle], "PACK", bundle_label_selector=[{"ray.io/node-id": f"in({','.join(allowed)})"}]
            )
            if allowed
            else tune.PlacementGroupFactory([bundle])
        )
    if len(set(groups.values())) == 1:
        return next(iter(groups.values()))
    return lambda config: groups[_kind(configured(config).spec)]


def _kind(spec: TrialSpec) -> tuple[str, str]:
    """Trials alike in this occupy the same on the same nodes."""
    return spec.model, spec.canary


def _bundle(cpus: float, gpus: float) -> dict[str, float]:
    return {"CPU": cpus, "GPU": gpus} if gpus else {"CPU": cpus}
