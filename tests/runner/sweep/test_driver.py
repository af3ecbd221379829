"""How many trials a driver has room for, and what it tells Ray."""

from __future__ import annotations

import time

import pytest

from runner.sweep.environment import prepare
from runner.sweep.jobs import Job
from tests.runner.store import samples

prepare(None)

from ray.tune.execution import class_cache  # noqa: E402

from runner.sweep.driver import (  # noqa: E402
    ROOM_SECONDS,
    Execution,
    JobRoom,
    keep_out_of_ray,
)
from runner.sweep.environment import CREDENTIALS, ClusterError  # noqa: E402


def test_room_follows_resources_and_bounds() -> None:
    """As many trials at once as the cluster holds, the user allows and the plan has; GPUs may be shared."""
    jobs = [Job(samples.spec(seed=seed)) for seed in range(100)]

    def count(cpus: float, gpus: float, most: int | None = None) -> int:
        execution = Execution(needs=lambda job: (cpus, gpus), max_concurrent=most)
        return JobRoom(jobs, execution, lambda: {"CPU": 16.0, "GPU": 4.0})()

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
    room = JobRoom(jobs, Execution(needs=lambda job: (1.0, 0.0)), lambda: {"CPU": cpus[0]})
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
