"""What a site refuses, found before anything is handed over, each with something that fits."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.duration import duration_text
from cluster.launcher import Job, LaunchError
from cluster.site import Limits, Site


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What work needs in all. files and store_bytes at their peak; compacted_files: the same once files are merged."""

    nodes: int
    seconds: int
    files: int
    compacted_files: int
    store_bytes: int


def breaches(demand: Demand, limits: Limits, free_bytes: int | None = None) -> list[str]:
    """A sentence for each limit that the demand breaks, with a proposal; none where it fits."""
    found = []
    if limits.nodes is not None and demand.nodes > limits.nodes:
        found.append(f"{demand.nodes:,} nodes exceed the site's {limits.nodes:,}; propose --nodes {limits.nodes}")
    if limits.wall_time is not None and demand.seconds > limits.wall_time:
        most = duration_text(limits.wall_time)
        found.append(
            f"a wall time of {duration_text(demand.seconds)} exceeds the site's {most}; propose --time {most}: the "
            "study goes on in the next allocation"
        )
    if limits.queued_jobs == 1:
        found.append(
            "an allocation queues the next one, and the site lets one job be queued; propose another partition"
        )
    if limits.files is not None and demand.files > limits.files:
        found.append(_too_many_files(demand, limits.files))
    room = min((size for size in (limits.store_bytes, free_bytes) if size is not None), default=None)
    if room is not None and demand.store_bytes > room:
        found.append(
            f"{demand.store_bytes / 1e9:,.2f} GB, checkpoints included, exceed the {room / 1e9:,.2f} GB there are; "
            "propose fewer nodes (fewer checkpoints at once), or less in the study's `record`"
        )
    return found


def _too_many_files(demand: Demand, limit: int) -> str:
    too_many = f"{demand.files:,} files exceed the site's {limit:,}"
    if demand.compacted_files > limit:
        return (
            f"{too_many}, and so do {demand.compacted_files:,} if compacted after every allocation; propose shorter "
            "allocations (--time), fewer nodes, or several studies one after the other"
        )
    return (
        f"{too_many}; propose `piesweep compact STORE` after every allocation: {demand.compacted_files:,} at the peak"
    )


def refuse(job: Job, site: Site) -> None:
    """LaunchError if a job's own shape breaks a limit of its site."""
    demand = Demand(nodes=job.nodes, seconds=job.seconds, files=0, compacted_files=0, store_bytes=0)
    found = breaches(demand, site.limits)
    if found:
        raise LaunchError("\n".join(f"site {site.name}: {sentence}" for sentence in found))
