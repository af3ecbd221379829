"""Ray Tune over a plan, with work that takes no time: order, failures, retries."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from runner.store import reader
from runner.store.layout import Layout
from runner.sweep.environment import prepare
from runner.sweep.jobs import TRAINED, Job, missing_jobs
from runner.sweep.stopping import StopRequest
from tests.runner.store import samples

prepare(None)

import ray  # noqa: E402
from ray.tune.execution import class_cache  # noqa: E402

from runner.sweep.driver import (  # noqa: E402
    CREDENTIALS,
    ROOM_SECONDS,
    ClusterError,
    Execution,
    Room,
    cluster,
    drive,
    keep_out_of_ray,
)
from runner.sweep.worker import Assignment  # noqa: E402

TOLD = "what only workers may know"
CELLS = (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("mp-ai", 0.5))


def commit_at_once(job: Job, assignment: Assignment) -> str:
    """Stands for a trial: checks that its parent is there, fails where it is told to, commits."""
    root = Path(assignment.root)
    assert os.environ["FSSPEC_TOLD"] == TOLD
    if (job.spec.method, job.spec.seed) == ("mp-ai", 1):
        raise ValueError("this trial always fails")
    if (job.spec.method, job.spec.seed) == ("dense", 2):
        raise ValueError("this parent always fails")
    if job.spec.method == "mp-ai" and job.spec.seed == 0 and not (root / "failed-once").exists():
        (root / "failed-once").touch()
        raise ValueError("this trial fails once")
    if job.spec.parent_id:
        assert (Layout(root).checkpoint(job.spec.parent_id) / TRAINED).exists()
        assert Layout(root).commit(job.spec.parent_id).exists()
    if job.keep_state:
        folder = Layout(root).checkpoint(job.trial_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TRAINED).touch()
    samples.committed(root, job.spec)
    return "committed"


class Recorder:
    """Remembers what a watcher is told."""

    def __init__(self) -> None:
        self.endings: Counter[str] = Counter()
        self.causes: dict[str, str] = {}

    def started(self, job: Job) -> None:
        """Counted when it ends."""

    def ended(self, job: Job, ending: str) -> None:
        self.endings[ending] += 1

    def died(self, trial_id: str, cause: str) -> None:
        self.causes[trial_id] = cause


@pytest.mark.cluster
def test_failures_are_retried_then_recorded_while_the_others_go_on(tmp_path: Path) -> None:
    """One trial that fails once commits; one that always fails is recorded with its traceback and attempts; a failed
    parent's children do not start; everything else commits, and parents' states are gone in the end. Workers
    are told how to reach the store, and no file of Ray's is."""
    specs = [samples.spec(method, sparsity, seed) for seed in range(3) for method, sparsity in CELLS]
    recorder = Recorder()
    assignment = Assignment(root=str(tmp_path), cache=str(tmp_path), threads=1, stop_file=str(tmp_path / "stop"))
    execution = Execution(
        needs=lambda job: (1.0, 0.0), retries=1, work=commit_at_once, environment={"FSSPEC_TOLD": TOLD}
    )
    with cluster(None, cpus=2):
        drive(missing_jobs(specs, tmp_path), assignment, execution, recorder, StopRequest(1.0))
        session = Path(ray._private.worker._global_node.get_session_dir_path())
        logs = [path.read_bytes() for path in session.rglob("*") if path.is_file()]
    assert logs
    assert not [log for log in logs if TOLD.encode() in log]
    missing = {spec.trial_id: spec for spec in specs if spec.trial_id not in reader.committed_ids(tmp_path)}
    assert Counter((spec.method, spec.seed) for spec in missing.values()) == {
        ("mp-ai", 1): 1,
        ("dense", 2): 1,
        ("imp-ft", 2): 2,
    }
    failures = reader.failures(tmp_path)
    assert {missing[trial_id].coordinates[2::2] for trial_id in failures} == {("mp-ai", 1), ("dense", 2)}
    assert {failure["attempts"] for failure in failures.values()} == {2}
    assert all("always fails" in failure["traceback"] for failure in failures.values())
    assert recorder.endings == {"committed": 8, "failed": 2, "retried": 3}
    assert set(failures) < set(recorder.causes)
    assert len(recorder.causes) == 3
    assert list(Layout(tmp_path).checkpoints.iterdir()) == []


def test_room_follows_resources_and_bounds() -> None:
    """As many trials at once as the cluster holds, the user allows and the plan has; GPUs may be shared."""
    jobs = [Job(samples.spec(seed=seed)) for seed in range(100)]

    def count(cpus: float, gpus: float, most: int | None = None) -> int:
        execution = Execution(needs=lambda job: (cpus, gpus), max_concurrent=most)
        return Room(jobs, execution, lambda: {"CPU": 16.0, "GPU": 4.0})()

    assert count(1, 0) == 16
    assert count(2, 0) == 8
    assert count(1, 1) == 4
    assert count(0.5, 0.25) == 16
    assert count(1, 0, most=3) == 3
    with pytest.raises(ClusterError, match=r"resources\.gpus=0 runs on CPUs"):
        count(1, 8)


def test_room_follows_nodes_that_come_late_and_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has joined since the last look counts, and what was lost does not; a cluster with nothing left is waited
    for, since its nodes may come back."""
    now, cpus = [0.0], [2.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    jobs = [Job(samples.spec(seed=seed)) for seed in range(100)]
    room = Room(jobs, Execution(needs=lambda job: (1.0, 0.0)), lambda: {"CPU": cpus[0]})
    for there, expected in ((64.0, 64), (8.0, 8), (0.0, 8), (500.0, 100)):
        before = room()
        cpus[0] = there
        assert room() == before
        now[0] += ROOM_SECONDS
        assert room() == expected


def test_ray_is_told_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what Ray Tune would copy into the runtime environment of every worker, keys and secrets are left out."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "secret")
    keep_out_of_ray(CREDENTIALS)
    options = class_cache._ActorClassCache().get(type("Worker", (), {}))._default_options
    assert "PL_DISABLE_FORK" in options["runtime_env"]["env_vars"]
    assert "secret" not in options["runtime_env"]["env_vars"].values()
