"""A study over several machines, of which one dies in mid-trial, and then the one that held them together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.store.events import events_of
from runner.store.layout import Layout
from runner.store.reader import commits, committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.ray_nodes import RayNodes, ray_nodes
from tests.cluster.small_study import PATIENCE_SECONDS, STUDY, TRIALS, command, digest, run

# Trials of some seconds, so that one can be met between two checkpoints.
LONG = STUDY.replace("epochs: 3", "epochs: 8")

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


def await_(condition: Callable[[], object], driver: subprocess.Popen[str]) -> None:
    """Wait until something is so, while the driver works."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.1)


def started(study: Path, store: Path, nodes: RayNodes) -> subprocess.Popen[str]:
    """A driver on the cluster."""
    words = command(study, store, "--address", nodes.address)
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=nodes.environment, start_new_session=True
    )


def saved(store: Path) -> set[str]:
    """Trials that have a checkpoint and are not done."""
    return {path.parent.name for path in Layout(store).checkpoints.glob("*/state.safetensors")} - committed_ids(store)


def test_a_dead_node_and_a_dead_head_cost_a_checkpoint_interval_each(tmp_path: Path) -> None:
    """Trials run on every node. A node is killed with all its processes: the same run goes on elsewhere from the last
    checkpoints. The head is killed: a new cluster and the same command finish. Digest as on one machine undisturbed."""
    study, store = tmp_path / "study.yaml", tmp_path / "store"
    study.write_text(LONG)
    with ray_nodes(cpus=1, more={"one": 1, "two": 1}) as nodes:
        driver = started(study, store, nodes)
        try:
            await_(lambda: all(nodes.workers(name) for name in ("head", "one", "two")), driver)
            await_(lambda: len(saved(store)) == 3, driver)
            met = saved(store)
            nodes.kill("one")
            before = len(committed_ids(store))
            await_(lambda: any(events_of(store, "trial-retried")), driver)
            await_(lambda: len(committed_ids(store)) > before, driver)
            await_(lambda: saved(store), driver)
            assert len(committed_ids(store)) < TRIALS
            nodes.kill("head")
            assert driver.wait(PATIENCE_SECONDS) != 0
        finally:
            if driver.poll() is None:
                os.killpg(driver.pid, signal.SIGKILL)
            driver.communicate()
    assert broken_invariants(store) == []
    left = saved(store)
    assert left
    retried = {event["trial_id"] for event in events_of(store, "trial-retried")}
    assert retried
    with ray_nodes(cpus=2, more={"three": 1}) as nodes:
        done = run(study, store, "--address", nodes.address, environment=nodes.environment)
        assert done.returncode == 0, done.stderr
    assert broken_invariants(store) == []
    # What ran on the dead node, and what ran when the head died, went on from checkpoints.
    assert left | (retried & met) <= {record.trial_id for record in commits(store) if record.facts.restored_checkpoints}
    alone = tmp_path / "alone"
    assert run(study, alone).returncode == 0
    assert digest(store) == digest(alone)
