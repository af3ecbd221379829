"""This process's part in a Ray cluster: a thread of its own begins and ends it, so that Ray holds up nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import ray
from ray._private import worker

END_SECONDS = 20.0
"""How long Ray may take to end. Then what is left of a cluster of our own is killed, and nothing is waited for."""

ROUNDS = 5
"""How often a killed cluster is looked for again: a process that was about to start another may have done so."""

VITAL = {"raylet": "Ray's node process (raylet)", "gcs_server": "Ray's head process (gcs_server)"}
"""Processes without which a cluster of our own is dead, by Ray's names for them."""


class Membership(threading.Thread):
    """Connects to a cluster, or starts one, by `connect`; stays until `end`.

    The thread stays as long as the cluster, since the system ends the processes that it started when it ends. They are
    started with SIGHUP blocked: a terminal that is closed must reach this process alone, which stops them in order.
    """

    def __init__(self, connect: Callable[[], object]) -> None:
        super().__init__(name="ray", daemon=True)
        self.error: BaseException | None = None
        self._connect = connect
        self._began = threading.Event()
        self._leaving = threading.Event()
        self._left = threading.Event()

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        try:
            self._connect()
        except BaseException as error:
            self.error = error
        self._began.set()
        self._leaving.wait()
        ray.shutdown()
        self._left.set()

    def begin(self, patience: float | None) -> None:
        """Be a member when this returns; TimeoutError if it takes longer, else what Ray raised."""
        self.start()
        if not self._began.wait(patience):
            raise TimeoutError(f"no answer for {patience:g} s")
        if self.error is not None:
            self._leaving.set()
            self._left.wait(END_SECONDS)
            raise self.error

    def end(self, is_dead: bool) -> None:
        """Leave, and end a cluster of our own; a dead one is not asked, only cleared away."""
        if not is_dead and not dead_here():
            self._leaving.set()
            if self._left.wait(END_SECONDS):
                return
        kill_own_cluster()


def dead_here() -> str:
    """Which vital process of a cluster of our own has ended, in words; "" if none has, or if we have no cluster."""
    dead = {name for name, _ in _own_node().dead_processes()} if has_own_cluster() else set()
    return next((words for name, words in VITAL.items() if name in dead), "")


def has_own_cluster() -> bool:
    """True while this process is member of a cluster that it started itself."""
    return _own_node() is not None and bool(_own_node().is_head())


def kill_own_cluster() -> None:
    """End what is left of a cluster of our own at once, with all that its node process started.

    Ray kills what the driver started. Workers end by themselves when they miss their node, but its agents first tell a
    head that may be dead as well, and stay for a minute.
    """
    if has_own_cluster():
        node = _own_node()
        node.kill_all_processes(check_alive=False, allow_graceful=False)
        kill_writers(Path(node.get_session_dir_path()))


def kill_writers(folder: Path) -> None:
    """Kill every other process that has a file in a folder open for writing: there it writes its log.

    Neither parents nor environments tell whose a process is: it has lost the one, and Ray writes titles over the other.
    """
    for _ in range(ROUNDS):
        found = list(_writers(folder))
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not found:
            return
        psutil.wait_procs(found, timeout=1.0)


def _writers(folder: Path) -> Iterator[psutil.Process]:
    below = f"{folder.resolve()}{os.sep}"
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            files = process.open_files() if process.pid != os.getpid() else []
            if any(file.path.startswith(below) and getattr(file, "mode", "w") != "r" for file in files):
                yield process


def _own_node() -> Any:
    return worker._global_node
