"""The nodes of a cluster that are still coming: machines take minutes to be made, and join one by one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import ray

from runner.sweep.stopping import StopRequest

LOOK_SECONDS = 1.0
WORD_SECONDS = 30.0


def working_nodes() -> int:
    """How many living nodes of the connected cluster have CPUs or GPUs."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return sum(bool(node["Alive"] and (node["Resources"].get("CPU") or node["Resources"].get("GPU"))) for node in nodes)


def await_nodes(stop: StopRequest, present: Callable[[], int] = working_nodes) -> None:
    """Wait until all nodes of the allocation are there, a stop is asked for, or the time to wait for them is over.

    What is there then may be less: a node that never comes must not keep the others idle.
    """
    wanted, until = stop.allocation.nodes, stop.allocation.join_by
    if until is None or time.time() >= until or present() >= wanted:
        return
    said = time.monotonic()
    _say(f"waiting up to {until - time.time():.0f} s for the cluster's nodes with CPUs or GPUs, {wanted} in all")
    while (there := present()) < wanted and time.time() < until and not stop:
        if time.monotonic() - said >= WORD_SECONDS:
            said = time.monotonic()
            _say(f"{there} of {wanted} nodes have joined")
        time.sleep(LOOK_SECONDS)
        stop.look()
    _say(f"{there} of {wanted} nodes have joined{'; going on with them' if there < wanted and not stop else ''}")


def _say(word: str) -> None:
    print(f"piesweep: {word}", file=sys.stderr, flush=True)
