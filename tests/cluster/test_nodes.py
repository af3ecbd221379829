"""A study over several machines, of which one dies in mid-trial, and then the one that held them together."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from runner.store.events import events_of
from runner.store.reader import commits, committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.ray_nodes import TAKE_TOKEN, TOKEN, RayNodes, ray_nodes
from tests.cluster.saved_states import saved, watched_progress
from tests.cluster.small_study import PATIENCE_SECONDS, STUDY, TRIALS, command, digest, run

PAGE = Path(__file__).parents[2] / "cluster" / "README.md"

# Trials of some seconds, so that one can be met between two checkpoints.
LONG = STUDY.replace("epochs: 3, batch_size: 32", "epochs: 8, batch_size: 8")

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


def await_(condition: Callable[[], object], driver: subprocess.Popen[str]) -> None:
    """Wait until something is so, while the driver works."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.1)


def started(study: Path, store: Path, nodes: RayNodes) -> subprocess.Popen[str]:
    """A driver on the cluster, of which it is told that two nodes will work."""
    words = command(study, store, "--address", nodes.address)
    environment = nodes.environment | {"PIESWEEP_NODES": "2", "PIESWEEP_JOIN_SECONDS": str(PATIENCE_SECONDS)}
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


@contextmanager
def stranger(study: Path, folder: Path, nodes: RayNodes, token: str) -> Iterator[None]:
    """A driver on a host with another token than the cluster's, or none, beside what is done here; it must be refused
    with what to do, before anything is written."""
    home, store = folder / f"home-stranger{token}", folder / f"refused{token}"
    (home / ".ray").mkdir(parents=True)
    environment = nodes.environment | {"HOME": str(home), "RAY_gcs_server_port_wait_time_s": "3"}  # Ray's own: 20
    if token:
        (home / ".ray" / "auth_token").write_text(token)
    else:
        del environment["RAY_AUTH_MODE"]
    words = command(study, store, "--address", nodes.address)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as driver:
        yield
        errors = driver.communicate(timeout=PATIENCE_SECONDS)[1]
    assert driver.returncode == 2, errors
    assert f"no Ray cluster could be joined at {nodes.address}" in errors
    assert "`export RAY_AUTH_MODE=token` here too and copy ~/.ray/auth_token from its head" in errors
    assert not store.exists()


def come_one_by_one(study: Path, store: Path, nodes: RayNodes) -> None:
    """The second node, for which the driver waits, and one more when it works already. Before, nothing is written,
    and a study for which there is no room is refused."""
    refused = run(study, store, "--address", nodes.address, "resources.cpus=64", environment=nodes.environment)
    assert refused.returncode == 2, refused.stderr
    assert "a trial asks for 64 CPUs and 0 GPUs, the cluster has 1 CPUs" in refused.stderr
    assert not store.exists()
    nodes.add("one", 1)
    nodes.add("two", 1)


def lose_a_node_and_then_the_head(study: Path, store: Path) -> set[str]:
    """A run that dies with its head; the trials that had a checkpoint when a node died before."""
    with ray_nodes(cpus=1, more={}) as nodes:
        driver = started(study, store, nodes)
        try:
            come_one_by_one(study, store, nodes)
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
            assert driver.wait(PATIENCE_SECONDS) == 75
        finally:
            if driver.poll() is None:
                os.killpg(driver.pid, signal.SIGKILL)
            errors = driver.communicate()[1]
    assert "for the cluster's nodes with CPUs or GPUs, 2 in all" in errors
    assert "2 of 2 nodes have joined" in errors
    return met


def test_a_dead_node_and_a_dead_head_cost_a_checkpoint_interval_each(tmp_path: Path) -> None:
    """Nodes come one by one, and trials run on every one. A node is killed with all its processes: the same run goes on
    elsewhere from the last checkpoints. The head is killed: a new cluster and the same command finish, while hosts
    without its token are refused. No epoch before a checkpoint is trained again. Digest as on one machine
    undisturbed."""
    study, store = tmp_path / "study.yaml", tmp_path / "store"
    study.write_text(LONG)
    with watched_progress(store) as progress:
        met = lose_a_node_and_then_the_head(study, store)
        assert broken_invariants(store) == []
        left = saved(store)
        assert left
        retried = {event["trial_id"] for event in events_of(store, "trial-retried")}
        assert retried
        with ray_nodes(cpus=2, more={"three": 1}) as nodes:
            with stranger(study, tmp_path, nodes, ""), stranger(study, tmp_path, nodes, "0" * 64):
                done = run(study, store, "--address", nodes.address, environment=nodes.environment)
            assert done.returncode == 0, done.stderr
    assert broken_invariants(store) == []
    # What ran on the dead node, and what ran when the head died, went on from checkpoints: the last there were.
    interrupted = left | (retried & met)
    assert interrupted <= {record.trial_id for record in commits(store) if record.facts.restored_checkpoints}
    assert interrupted <= progress.keys()
    pairs = [pair for done in progress.values() for pair in pairwise(done)]
    # By steps: on a machine that stands still for long a checkpoint is written within an epoch too.
    assert all(before[1] < then[1] for before, then in pairs), progress
    epochs = Counter(then[0] - before[0] for before, then in pairs)
    assert epochs.most_common(1)[0][0] == 1, progress  # the interval is an epoch: the look that misses one is rare
    alone = tmp_path / "alone"
    assert run(study, alone).returncode == 0
    assert digest(store) == digest(alone)


def test_tokens_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Made and taken by the documented commands, a token has mode 600, whatever the user's umask."""
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home, other):
        folder.mkdir()
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", TOKEN], check=True, umask=0o022, env=path | {"HOME": str(home)})
    token = home / ".ray" / "auth_token"
    with token.open("rb") as given:
        subprocess.run(["bash", "-c", TAKE_TOKEN], check=True, umask=0o022, stdin=given, cwd=other)
    taken = other / ".ray" / "auth_token"
    assert taken.read_bytes() == token.read_bytes()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (token, taken)] == [0o600, 0o600]


def test_the_page_starts_nodes_as_they_are_started_here() -> None:
    """Its commands, in this order, are those of `RayNodes`: a token, the same on every host, and the mode that asks
    for it; then the head, then the others."""
    text = PAGE.read_text(encoding="utf-8")
    assert f"ssh NODE {TAKE_TOKEN} < ~/.ray/auth_token" in text
    assert text.count("get-auth-token --generate") == text.count(TOKEN)
    section = text.partition("## On several nodes")[2].partition("## ")[0]
    lines = [line.partition("#")[0].strip() for line in section.splitlines()]
    words = [TOKEN, "export RAY_AUTH_MODE=token", "ray start --head"]
    words += ["export RAY_AUTH_MODE=token", "ray start --address=HEAD:6379"]
    assert [line for line in lines if line in words] == words
