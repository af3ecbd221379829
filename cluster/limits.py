"""Find what a site refuses before anything is handed over, and what would fit instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cluster.duration import duration_text
from cluster.launcher import Job, LaunchError
from cluster.site import Site

SHORTEST = 3600
"""Seconds below which no allocation is proposed: starting would take a good part of it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of a site: the shape of an allocation, and `piesweep compact` after each. seconds: wall time."""

    nodes: int
    seconds: int
    cpus_per_node: int
    gpus_per_node: int
    compacting: bool = False


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What work needs in all under a request; files and store_bytes at their peak, checkpoints included."""

    allocations: int = 1
    files: int = 0
    store_bytes: int = 0


Needs = Callable[[Request], Demand | None]
"""What work needs under a request; None where it cannot run at all."""


def breaches(request: Request, site: Site, demand: Demand, free_bytes: int | None = None) -> list[str]:
    """A sentence for each limit that is broken; none where the request fits.

    A study runs one allocation at a time, and queues the next from inside: it needs two jobs in the queue (unless
    one allocation is enough), and can never exceed `running_jobs`.
    """
    limits, given = site.limits, site.model_fields_set
    room = _room(site, free_bytes)
    found = []
    if limits.nodes is not None and request.nodes > limits.nodes:
        found.append(f"{request.nodes:,} nodes exceed the site's {limits.nodes:,}")
    if "cpus_per_node" in given and request.cpus_per_node > site.cpus_per_node:
        found.append(f"{request.cpus_per_node} CPUs per node exceed the {site.cpus_per_node} that the profile gives it")
    if "gpus_per_node" in given and request.gpus_per_node > site.gpus_per_node:
        found.append(f"{request.gpus_per_node} GPUs per node exceed the {site.gpus_per_node} that the profile gives it")
    if limits.wall_time is not None and request.seconds > limits.wall_time:
        asked, most = duration_text(request.seconds), duration_text(limits.wall_time)
        found.append(f"a wall time of {asked} exceeds the site's {most}")
    if limits.queued_jobs == 1 and demand.allocations > 1:
        found.append(f"each of {demand.allocations} allocations queues the next, and the site lets one job be queued")
    if _too_many_files(demand, site):
        found.append(f"{demand.files:,} files exceed the site's {limits.files:,}")
    if room is not None and demand.store_bytes > room:
        found.append(
            f"{_gigabytes(demand.store_bytes)}, checkpoints included, exceed the {room / 1e9:,.2f} GB there are"
        )
    return found


def refusal(asked: Request, site: Site, needs: Needs, free_bytes: int | None = None) -> list[str]:
    """What a request breaks and, as the last sentence, one that fits, found by the same rules; empty if it fits."""
    demand = needs(asked)
    broken = breaches(asked, site, demand, free_bytes) if demand else []
    if not broken:
        return []
    seen: list[tuple[Request, Demand]] = []
    for request in _alternatives(asked, site):
        demand = needs(request)
        if demand is None:
            continue
        if not breaches(request, site, demand, free_bytes):
            return [*broken, f"propose {_words(request, asked)}" + _consequence(request, asked)]
        seen.append((request, demand))
    return [*broken, _nothing_fits(asked, site, seen, free_bytes)]


def refuse(job: Job, site: Site) -> None:
    """LaunchError if a job's own shape breaks a limit of its site."""
    asked = Request(
        nodes=job.nodes, seconds=job.seconds, cpus_per_node=job.cpus_per_node, gpus_per_node=job.gpus_per_node
    )
    found = refusal(asked, site, lambda request: Demand())
    if found:
        raise LaunchError("\n".join(f"site {site.name}: {sentence}" for sentence in found))


def _alternatives(asked: Request, site: Site) -> Iterator[Request]:
    """Requests within the site's limits, the nearest first: compacting, fewer nodes, part of one, less time; if the
    study must end in one allocation, more nodes and all of the time."""
    most = site.limits
    within = replace(
        asked,
        nodes=min(asked.nodes, most.nodes or asked.nodes),
        seconds=min(asked.seconds, most.wall_time or asked.seconds),
        cpus_per_node=_at_most(asked.cpus_per_node, site, "cpus_per_node"),
        gpus_per_node=_at_most(asked.gpus_per_node, site, "gpus_per_node"),
    )
    if most.queued_jobs == 1:
        longest = replace(within, seconds=most.wall_time or max(within.seconds, site.wall_time))
        for doublings in range(11):
            yield replace(longest, nodes=min(within.nodes << doublings, most.nodes or within.nodes << doublings))
    for seconds in (within.seconds, *(size for size in _halves(within.seconds) if size >= SHORTEST)):
        for nodes in (within.nodes, *_halves(within.nodes)):
            for compacting in (False, True):
                yield replace(within, nodes=nodes, seconds=seconds, compacting=compacting)
    parts = within
    while parts.cpus_per_node > 1 or parts.gpus_per_node > 1:
        cpus, gpus = max(1, parts.cpus_per_node // 2), parts.gpus_per_node // 2 or min(1, parts.gpus_per_node)
        parts = replace(parts, nodes=1, cpus_per_node=cpus, gpus_per_node=gpus)
        yield parts
        yield replace(parts, compacting=True)


def _at_most(count: int, site: Site, what: str) -> int:
    return min(count, getattr(site, what)) if what in site.model_fields_set else count


def _halves(size: int) -> Iterator[int]:
    while size > 1:
        size //= 2
        yield size


def _nothing_fits(asked: Request, site: Site, seen: list[tuple[Request, Demand]], free_bytes: int | None) -> str:
    """Which limit must be raised, and how far, for the request that breaks least."""
    if not seen:
        return "nothing that --nodes, --time and what a node gives can change lets a trial run; give it more of a node"
    room = _room(site, free_bytes)

    def excess(tried: tuple[Request, Demand]) -> tuple[int, int, int]:
        request, demand = tried
        broken = breaches(request, site, demand, free_bytes)
        return (len(broken), demand.store_bytes, demand.files if _too_many_files(demand, site) else 0)

    request, demand = min(seen, key=excess)
    wanted = []
    if site.limits.queued_jobs == 1 and demand.allocations > 1:
        wanted.append("a partition where two jobs may be queued")
    if _too_many_files(demand, site):
        wanted.append(f"a quota of {demand.files:,} files")
    if room is not None and demand.store_bytes > room:
        wanted.append(f"{_gigabytes(demand.store_bytes)} of room")
    words = _words(request, asked) or "what was asked for"
    return (
        f"nothing fits: the least, {words}, still needs {' and '.join(wanted)}; make that possible, or run the "
        "study in parts, into the same store (models=[...], fewer seeds at first)"
    )


def _words(request: Request, asked: Request) -> str:
    """What to change on the command line, and what to do."""
    options = {
        "--nodes": (request.nodes, asked.nodes),
        "--time": (duration_text(request.seconds), duration_text(asked.seconds)),
        "--cpus-per-node": (request.cpus_per_node, asked.cpus_per_node),
        "--gpus-per-node": (request.gpus_per_node, asked.gpus_per_node),
    }
    words = " ".join(f"{option} {value}" for option, (value, before) in options.items() if value != before)
    compacting = ["`piesweep compact STORE` after every allocation"] if request.compacting else []
    return " and ".join([*([words] if words else []), *compacting])


def _consequence(request: Request, asked: Request) -> str:
    return ": the study goes on in the next allocation" if request.seconds < asked.seconds else ""


def _too_many_files(demand: Demand, site: Site) -> bool:
    return site.limits.files is not None and demand.files > site.limits.files


def _room(site: Site, free_bytes: int | None) -> int | None:
    return min((size for size in (site.limits.store_bytes, free_bytes) if size is not None), default=None)


def _gigabytes(size: int) -> str:
    """Rounded up, so that so much is enough."""
    return f"{-(-size // 10_000_000) / 100:,.2f} GB"
