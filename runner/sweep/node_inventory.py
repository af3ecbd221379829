"""Ask every node of a cluster what it has: versions, clock, and whether it sees our folder."""

from __future__ import annotations

import os
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runner.versions import versions

PATIENCE_SECONDS = 120.0
PACKAGES = ("piesweep", "ray", "torch", "transformers", "pyarrow")


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node: host, versions, its clock's lead over this machine's in seconds, and whether it sees a folder of ours.

    versions is empty where the node did not answer.
    """

    host: str
    versions: dict[str, str]
    lead: float = 0.0
    sees: bool = False


def versions_here() -> dict[str, str]:
    """The versions of Python and of what computes and stores, on this machine."""
    return dict.fromkeys(PACKAGES, "absent") | versions(PACKAGES)


def node_inventory(folder: Path | None) -> list[Node]:
    """Every living node of the connected cluster. A probe is laid into the folder, and taken away again."""
    probe = folder / f".{uuid.uuid4().hex[:12]}.probe" if folder else None
    if probe is not None:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
    try:
        return _asked(str(probe.resolve()) if probe else "")
    finally:
        if probe is not None:
            probe.unlink()


def _asked(probe: str) -> list[Node]:
    nodes = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    remote = ray.remote(num_cpus=0, max_retries=0)(_answer)
    there = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
    sent = time.time()
    asked = {
        remote.options(scheduling_strategy=strategy).remote(probe): node
        for strategy, node in zip(there, nodes, strict=True)
    }
    answered, silent = ray.wait(list(asked), num_returns=len(asked), timeout=PATIENCE_SECONDS)
    found = [Node(host=str(asked[answer]["NodeManagerHostname"]), versions={}) for answer in silent]
    for answer in answered:
        host, versions, clock, sees = ray.get(answer)
        # The answer was given some time between question and now: only what lies beyond both is a difference.
        lead = clock - min(max(clock, sent), time.time())
        found.append(Node(host=host, versions=versions, lead=lead, sees=sees))
    return sorted(found, key=lambda node: node.host)


def _answer(probe: str) -> tuple[str, dict[str, str], float, bool]:
    return socket.gethostname(), versions_here(), time.time(), bool(probe) and os.path.exists(probe)  # noqa: PTH110
