"""The allocation that a scheduler has given this process: until when, and how it says that the end is near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE = "PIESWEEP_DEADLINE"
"""Unix seconds by which everything must be saved, since the machine is taken away soon after."""

STOP_FILE = "PIESWEEP_STOP_FILE"
"""A file whose existence means what SIGUSR1 means. It covers the time before a process can receive the signal."""

FACTS = {
    "slurm_job": "SLURM_JOB_ID",
    "slurm_restarts": "SLURM_RESTART_COUNT",
    "slurm_nodes": "SLURM_JOB_NUM_NODES",
}


class AllocationError(ValueError):
    """An environment variable about the allocation that cannot be read: says which, and what it must be."""


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """When this process must have saved its work, the file that says stop, and facts for the event log."""

    deadline: float | None = None
    stop_file: Path | None = None
    facts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Allocation:
        """The allocation that the environment describes; one without an end where it says nothing."""
        deadline = environment.get(DEADLINE)
        try:
            seconds = float(deadline) if deadline else None
        except ValueError:
            raise AllocationError(f"{DEADLINE} is {deadline!r}; it must be a Unix time in seconds, or unset") from None
        stop_file = environment.get(STOP_FILE)
        facts = {
            fact: int(environment[variable])
            for fact, variable in FACTS.items()
            if environment.get(variable, "").isdigit()
        }
        return cls(deadline=seconds, stop_file=Path(stop_file) if stop_file else None, facts=facts)
