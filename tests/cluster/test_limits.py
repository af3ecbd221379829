"""What a site refuses, and that whatever is proposed instead fits by the same rules."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest

from cluster.duration import parse_duration
from cluster.limits import Demand, Request, breaches, refusal
from cluster.site import Limits, Site

ASKED = Request(nodes=16, seconds=48 * 3600, cpus_per_node=64, gpus_per_node=8)
TRIALS, TRIAL_SECONDS, STATE_BYTES = 2_000, 7_200, 1_000_000_000


def needs(request: Request) -> Demand | None:
    """A made-up study: one trial a GPU, two files and two states each; it cannot run without a GPU."""
    at_once = request.nodes * request.gpus_per_node
    if not at_once:
        return None
    allocations = -(-TRIALS * TRIAL_SECONDS // (at_once * request.seconds))
    loose = TRIALS // allocations if request.compacting else TRIALS
    files = 2 * loose + TRIALS // 100 + 4 * at_once + 2 * allocations
    return Demand(allocations=allocations, files=files, store_bytes=2 * at_once * STATE_BYTES)


def site(**limits: Any) -> Site:
    """A site of nodes with 64 CPUs and 8 GPUs."""
    return Site(title="x", cpus_per_node=64, gpus_per_node=8, wall_time=ASKED.seconds, limits=Limits(**limits))


def proposed(sentence: str, asked: Request) -> Request:
    """The request that a proposal makes of what was asked for."""
    given = dict(re.findall(r"(--[a-z-]+) ([0-9]+(?::[0-9]+)*)", sentence))
    counts = {name: int(given.get(f"--{name.replace('_', '-')}", getattr(asked, name))) for name in COUNTS}
    seconds = parse_duration(given["--time"]) if "--time" in given else asked.seconds
    return replace(asked, **counts, seconds=seconds, compacting="piesweep compact" in sentence)


COUNTS = ("nodes", "cpus_per_node", "gpus_per_node")
GRID = [
    {"files": files, "store_bytes": size, "nodes": nodes, "queued_jobs": queued, "wall_time": seconds}
    for files, size, nodes, queued, seconds in itertools.product(
        (None, 5_000, 2_000, 500, 30),
        (None, 100_000_000_000, 5_000_000_000, 1_000_000),
        (None, 4),
        (None, 1),
        (None, 24 * 3600),
    )
]


def test_every_proposal_fits_and_every_refusal_has_one() -> None:
    """Over all combinations of limits: what is proposed breaks none, or what must be raised is enough if it is."""
    outcomes = set()
    for limits in GRID:
        place = site(**limits)
        found = refusal(ASKED, place, needs)
        demand = needs(ASKED)
        assert demand is not None
        assert bool(found) == bool(breaches(ASKED, place, demand))
        if not found:
            outcomes.add("fits")
            continue
        request = proposed(found[-1], ASKED)
        if found[-1].startswith("nothing fits"):
            outcomes.add("raise")
            place = site(**raised(limits, found[-1]))
        else:
            outcomes.add("propose")
            assert found[-1].startswith("propose ")
            assert request != ASKED
        demand = needs(request)
        assert demand is not None
        assert breaches(request, place, demand) == [], (limits, found)
    assert outcomes == {"fits", "propose", "raise"}


def raised(limits: dict[str, Any], sentence: str) -> dict[str, Any]:
    """The limits, where the sentence says how far each must be raised."""
    found = dict(limits)
    if quota := re.search(r"a quota of ([\d,]+) files", sentence):
        found["files"] = int(quota[1].replace(",", ""))
    if room := re.search(r"([\d,.]+) GB of room", sentence):
        found["store_bytes"] = round(float(room[1].replace(",", "")) * 1e9)
    if "two jobs may be queued" in sentence:
        found["queued_jobs"] = 2
    return found


@pytest.mark.parametrize(
    ("changes", "limits", "sentences"),
    [
        (
            {"nodes": 2000},
            {"nodes": 1024},
            ["2,000 nodes exceed the site's 1,024", "propose --nodes 1024"],
        ),
        (
            {"gpus_per_node": 99, "cpus_per_node": 500},
            {},
            [
                "500 CPUs per node exceed the 64 that the profile gives it",
                "99 GPUs per node exceed the 8 that the profile gives it",
                "propose --cpus-per-node 64 --gpus-per-node 8",
            ],
        ),
        (
            {"nodes": 1},
            {"store_bytes": 10_000_000_000},
            [
                "16.00 GB, checkpoints included, exceed the 10.00 GB there are",
                "propose --cpus-per-node 32 --gpus-per-node 4",
            ],
        ),
        (
            {"nodes": 2},
            {"files": 4_000},
            ["4,096 files exceed the site's 4,000", "propose `piesweep compact STORE` after every allocation"],
        ),
        (
            {"nodes": 2},
            {"queued_jobs": 1},
            ["each of 6 allocations queues the next, and the site lets one job be queued", "propose --nodes 16"],
        ),
        ({}, {"queued_jobs": 1, "running_jobs": 1, "nodes": 16}, []),
    ],
)
def test_a_refusal_says_what_is_broken_and_what_fits(
    changes: dict[str, Any], limits: dict[str, Any], sentences: list[str]
) -> None:
    """Each limit in a sentence of its own, then one request; one allocation at a time fits a site that allows one."""
    place = site(**limits)
    assert refusal(replace(ASKED, **changes), place, needs) == sentences


def test_nodes_are_only_as_large_as_the_profile_says() -> None:
    """A profile that is silent about its nodes refuses none."""
    place = Site(title="x")
    assert refusal(ASKED, place, lambda request: Demand()) == []
