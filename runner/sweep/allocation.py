"""The allocation that a scheduler has given this process: which nodes, until when, how it says that the end is near."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE = "PIESWEEP_DEADLINE"
"""Unix seconds by which everything must be saved, since the machine is taken away soon after."""

STOP_FILE = "PIESWEEP_STOP_FILE"
"""A file whose existence means what SIGUSR1 means. It covers the time before a process can receive the signal."""

NODES = "PIESWEEP_NODES"
"""How many nodes with CPUs or GPUs will join the cluster."""

JOIN_SECONDS = "PIESWEEP_JOIN_SECONDS"
"""How long to wait for them, from when this process begins to; unset: not at all."""

FACTS = {
    "slurm_job": "SLURM_JOB_ID",
    "slurm_restarts": "SLURM_RESTART_COUNT",
    "slurm_nodes": "SLURM_JOB_NUM_NODES",
}


class AllocationError(ValueError):
    """An environment variable about the allocation that cannot be read: says which, and what it must be."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """When this process must have saved its work, the file that says stop, and facts for the event log.

    nodes: how many with CPUs or GPUs will join. join_by: until when to wait for them (Unix seconds); None: not at all.
    """

    deadline: float | None = None
    stop_file: Path | None = None
    nodes: int = 0
    join_by: float | None = None
    facts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Allocation:
        """The allocation that the environment describes; one without an end where it says nothing."""
        nodes = environment.get(NODES, "")
        if nodes and not nodes.isdecimal():
            raise AllocationError(f"{NODES} is {nodes!r}; it must be a whole number, or unset")
        patience = _seconds(environment, JOIN_SECONDS, "a number of seconds")
        stop_file = environment.get(STOP_FILE)
        facts = {
            fact: int(environment[variable])
            for fact, variable in FACTS.items()
            if environment.get(variable, "").isdigit()
        }
        return cls(
            deadline=_seconds(environment, DEADLINE, "a Unix time in seconds"),
            stop_file=Path(stop_file) if stop_file else None,
            nodes=int(nodes or 0),
            join_by=time.time() + patience if nodes and patience else None,
            facts=facts,
        )


def _seconds(environment: Mapping[str, str], variable: str, what: str) -> float | None:
    given = environment.get(variable)
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise AllocationError(f"{variable} is {given!r}; it must be {what}, or unset")
    return seconds
