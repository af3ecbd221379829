"""Ask every node whose GPUs it has: torch on the node answers, since only it knows what it will compute on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runner.vendors import Vendor

PATIENCE_SECONDS = 180.0
"""How long a node may take to answer; importing torch from a shared folder takes its time."""

Ask = Callable[[], Vendor]


def vendor_here() -> Vendor:
    """Whose GPUs torch sees on this machine."""
    from runner.trial.devices import choose_device

    return choose_device("auto").vendor


def gpu_nodes(ask: Ask = vendor_here) -> dict[Vendor, list[str]]:
    """Vendor -> ids of the connected cluster's nodes that have GPUs of it; `ask` runs on each node that has GPUs.

    Left out: nodes that cannot answer, or not in time, and those whose torch cannot use their GPUs (trials sent there
    fail and say why).
    """
    nodes = [
        node["NodeID"]
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"] and node["Resources"].get("GPU")
    ]
    remote = ray.remote(num_cpus=0, max_retries=0)(ask)
    asked = {
        remote.options(scheduling_strategy=NodeAffinitySchedulingStrategy(id_, soft=False)).remote(): id_
        for id_ in nodes
    }
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=PATIENCE_SECONDS) if asked else ([], [])
    found: dict[Vendor, list[str]] = {}
    for answer in answered:
        with contextlib.suppress(ray.exceptions.RayError):
            vendor: Vendor = ray.get(answer)
            if vendor != "cpu":
                found.setdefault(vendor, []).append(asked[answer])
    return {vendor: sorted(found[vendor]) for vendor in sorted(found)}
