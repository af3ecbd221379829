"""A dead cluster is noticed, said, and left."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from runner.sweep.environment import prepare

prepare(None)

from runner.sweep import liveness  # noqa: E402
from runner.sweep.environment import HEAD_SECONDS  # noqa: E402
from runner.sweep.liveness import GivenCluster, watched  # noqa: E402
from runner.sweep.stopping import stop_on_signals  # noqa: E402


def test_a_block_on_a_dead_cluster_is_interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the main thread waits for; the stop says why, and running trials elsewhere are told."""
    monkeypatch.setattr(liveness, "LOOK_SECONDS", 0.02)
    with stop_on_signals(60) as (stop, _):
        stop.tell(tmp_path / "stop")
        with pytest.raises(KeyboardInterrupt), watched(stop, lambda: "the node"):
            time.sleep(30)
        assert stop.is_lost
        assert stop.signal_name == "the death of the node"
        assert (tmp_path / "stop").exists()


def test_a_living_cluster_interrupts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it dies after the block has ended."""
    monkeypatch.setattr(liveness, "LOOK_SECONDS", 0.01)
    dead: list[str] = []
    with stop_on_signals(60) as (stop, _):
        with watched(stop, lambda: dead[0] if dead else ""):
            time.sleep(0.05)
        dead.append("the node")
        time.sleep(0.05)
        assert not stop


def test_a_head_may_be_away_for_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It may come back within the time for which Ray's own processes wait."""
    now, there = [0.0], [True]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(liveness, "answers", lambda host, port: there[0])
    look = GivenCluster("10.0.0.1:6379", str(tmp_path / "no socket"))
    for seconds, answers, said in (
        (1.0, True, ""),
        (HEAD_SECONDS, False, ""),
        (5.0, True, ""),
        (HEAD_SECONDS, False, ""),
        (1.0, False, "the cluster's head at 10.0.0.1:6379"),
    ):
        now[0] += seconds
        there[0] = answers
        assert look() == said


def test_the_node_s_death_is_seen_by_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system closes the connection when the process ends; one that is closed by a living node is made again."""
    monkeypatch.setattr(liveness, "answers", lambda host, port: True)
    at = Path("/tmp") / f"piesweep-test-{time.time_ns()}"  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as node:
        try:
            node.bind(str(at))
            node.listen()
            look = GivenCluster("10.0.0.1:6379", str(at))
            connection, _ = node.accept()
            assert look() == ""
            connection.close()
            assert look() == ""
            again, _ = node.accept()
            again.close()
            node.close()
            assert look() == "Ray's node process (raylet) on this machine"
        finally:
            at.unlink()
