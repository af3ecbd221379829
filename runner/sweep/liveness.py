"""Whether the cluster of a sweep still lives: Ray itself waits for a dead one for ever, or ends this process."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray

from runner.sweep.membership import dead_here, has_own_cluster, kill_own_cluster
from runner.sweep.stopping import StopRequest

LOOK_SECONDS = 1.0
"""How often a look is taken: so long it takes until the death of a node or of our own head is noticed."""

LEAVE_SECONDS = 20.0
"""How long the sweep may take to end once its cluster is dead. Then this process ends without it."""

RECONNECT = "RAY_gcs_rpc_server_reconnect_timeout_s"
"""After so many seconds without the head Ray ends this process; 60 if unset."""

INTERRUPTED = 75


@contextmanager
def watched(stop: StopRequest, find_dead: Callable[[], str] | None = None) -> Iterator[None]:
    """Watch the joined cluster during a block: if it dies, the block is left by KeyboardInterrupt and `stop` says why.

    find_dead: names in words what of the cluster is dead, "" while it lives.
    """
    ended = threading.Event()
    look = find_dead or (dead_here if has_own_cluster() else GivenCluster())
    watch = threading.Thread(target=_watch, args=(look, stop, ended), name="watch", daemon=True)
    stop.attentive = True
    watch.start()
    try:
        yield
    finally:
        stop.attentive = False
        ended.set()


def _watch(find_dead: Callable[[], str], stop: StopRequest, ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        dead = find_dead()
        if dead:
            reason = f"the death of {dead}"
            stop.lose(reason)
            if not ended.wait(LEAVE_SECONDS):
                _leave(reason)
            return


def _leave(reason: str) -> None:
    """End this process where it is held up by a dead cluster. Its lease on the store is void with it."""
    try:
        print(f"piesweep: stopped by {reason}, run again to finish (exit code {INTERRUPTED})", file=sys.stderr)
        kill_own_cluster()
    finally:
        os._exit(INTERRUPTED)


class GivenCluster:
    """Finds out whether a cluster that was there before is dead: its head, or the node by which we belong to it."""

    def __init__(self) -> None:
        context = ray.get_runtime_context()
        self._node = context.get_node_id()
        self._host, _, port = str(context.gcs_address).rpartition(":")
        self._port = int(port)
        self._answered = time.monotonic()
        # Before Ray gives up on the head, since it then ends this process. Until then a head may come back.
        self._patience = 0.75 * float(os.environ.get(RECONNECT, "60"))

    def __call__(self) -> str:
        now = time.monotonic()
        if not answers(self._host, self._port):
            where = f"{self._host}:{self._port}"
            return f"the cluster's head at {where}" if now - self._answered > self._patience else ""
        self._answered = now
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        if all(node["NodeID"] != self._node or node["Alive"] for node in nodes):
            return ""
        return "Ray's node process (raylet) on this machine"


def answers(host: str, port: int, patience: float = 2.0) -> bool:
    """True if something listens there."""
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=patience):
            return True
    except OSError:
        return False
