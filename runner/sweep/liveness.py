"""Watch whether the cluster of a sweep lives: Ray itself waits for a dead one for ever, or ends this process."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ray._private import worker

from runner.sweep.environment import HEAD_SECONDS
from runner.sweep.membership import dead_here, has_own_cluster, kill_own_cluster
from runner.sweep.stopping import StopRequest

LOOK_SECONDS = 1.0
"""How often a look is taken: so long it takes until the death of a node or of our own head is noticed."""

LEAVE_SECONDS = 20.0
"""How long the sweep may take to end once its cluster is dead. Then this process ends without it."""

INTERRUPTED = 75


@contextmanager
def watched(stop: StopRequest, find_dead: Callable[[], str] | None = None) -> Iterator[None]:
    """Watch the joined cluster during a block: if it dies, the block is left by KeyboardInterrupt and `stop` says why.

    find_dead: names in words what of the cluster is dead, "" while it lives.
    """
    ended = threading.Event()
    look = find_dead or _way_to_look()
    watch = threading.Thread(target=_watch, args=(look, stop, ended), name="watch", daemon=True)
    stop.attentive = True
    watch.start()
    try:
        yield
    finally:
        stop.attentive = False
        ended.set()


def _way_to_look() -> Callable[[], str]:
    if has_own_cluster():
        return dead_here
    node = worker._global_node
    return GivenCluster(node.gcs_address, node.raylet_socket_name) if node is not None else lambda: ""


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

    def __init__(self, head: str, node_socket: str) -> None:
        self._head = head
        self._node_socket = node_socket
        self._node = _connected(node_socket)
        self._answered = time.monotonic()

    def __call__(self) -> str:
        if self._node is not None and _has_closed(self._node):
            self._node.close()
            self._node = _connected(self._node_socket)
            if self._node is None:
                return "Ray's node process (raylet) on this machine"
        now = time.monotonic()
        host, _, port = self._head.rpartition(":")
        if answers(host, int(port)):
            self._answered = now
        return f"the cluster's head at {self._head}" if now - self._answered > HEAD_SECONDS else ""


def _connected(node_socket: str) -> socket.socket | None:
    """A connection to Ray's node process, on which nothing is ever said: the system closes it when the process ends."""
    node = socket.socket(socket.AF_UNIX)
    try:
        node.connect(node_socket)
    except OSError:
        node.close()
        return None
    return node


def _has_closed(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def answers(host: str, port: int, patience: float = 2.0) -> bool:
    """True if something listens there."""
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=patience):
            return True
    except OSError:
        return False
