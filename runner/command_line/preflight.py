"""Check a study against a site: what it asks of it, and which of the site's limits it breaks."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path

from cluster import LaunchError, Site, load_site
from cluster.duration import duration_text, parse_duration
from cluster.limits import Demand, Needs, Request, refusal
from runner.command_line.output import bytes_text, print_facts, say
from runner.footprint import Footprint, Machines, Speed, Work, footprint, measured
from runner.plan import Plan
from runner.studies import StudyError

START_SECONDS = 120
"""Until trials run: Ray's nodes start and the driver reads its store."""


@dataclass(frozen=True, kw_only=True)
class RequestedShape:
    """What was asked for on the command line; None where the site decides."""

    site: str
    nodes: int
    gpus_per_node: int | None
    cpus_per_node: int | None
    time: str | None
    measured: Path | None
    seconds_per_unit: float | None
    store_free: float | None


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """What a plan asks of a site, how long an allocation lasts, whose devices were measured, and what it breaks."""

    site: Site
    machines: Machines
    footprint: Footprint
    wall_seconds: int
    vendors: frozenset[str]
    broken: tuple[str, ...]

    def refuse(self) -> None:
        """LaunchError with every broken limit and what would fit."""
        if self.broken:
            raise LaunchError("\n".join(f"site {self.site.name}: {sentence}" for sentence in self.broken))


def preflight(plan: Plan, wish: RequestedShape) -> Preflight:
    """Hold a plan against a site. LaunchError or StudyError if there is too little to go by."""
    site = load_site(wish.site)
    speed = _speed(plan, wish)
    work = Work.of(plan, speed)
    wall = _wall_seconds(wish.time, site)
    asked = Request(
        nodes=wish.nodes,
        seconds=wall,
        cpus_per_node=wish.cpus_per_node or site.cpus_per_node,
        gpus_per_node=site.gpus_per_node if wish.gpus_per_node is None else wish.gpus_per_node,
    )
    machines = _machines(asked, site)
    free = None if wish.store_free is None else round(wish.store_free * 1e9)
    return Preflight(
        site=site,
        machines=machines,
        footprint=footprint(work, machines),
        wall_seconds=wall,
        vendors=speed.vendors,
        broken=tuple(refusal(asked, site, _needs(work, site), free)),
    )


def _machines(request: Request, site: Site) -> Machines:
    return Machines(
        nodes=request.nodes,
        cpus_per_node=request.cpus_per_node,
        gpus_per_node=request.gpus_per_node,
        seconds=max(60, request.seconds - min(site.warning, request.seconds // 4) - START_SECONDS),
    )


def _needs(work: Work, site: Site) -> Needs:
    """What the plan needs under a request; a proposal is looked for among hundreds, so footprints are kept."""

    @functools.cache
    def found(request: Request) -> Footprint | None:
        try:
            return footprint(work, _machines(request, site))
        except StudyError:
            return None

    def needs(request: Request) -> Demand | None:
        whole = found(replace(request, compacting=False))
        if whole is None:
            return None
        files = whole.compacted_files if request.compacting else whole.files
        return Demand(allocations=whole.allocations, files=files, store_bytes=whole.store_bytes)

    return needs


def _speed(plan: Plan, wish: RequestedShape) -> Speed:
    if wish.measured is not None:
        return measured(wish.measured, plan)
    if wish.seconds_per_unit is not None:
        return Speed.given(wish.seconds_per_unit)
    raise LaunchError(
        "hours need a speed: --measured STORE (a store with some trials of this study), or --seconds-per-unit N (the "
        "seconds of one dense training)"
    )


def _wall_seconds(time: str | None, site: Site) -> int:
    try:
        return parse_duration(time) if time else site.wall_time
    except ValueError as error:
        raise LaunchError(f"--time {error}") from None


def print_preflight(flight: Preflight) -> None:
    """For people."""
    found, machines = flight.footprint, flight.machines
    what, hours = ("GPU-hours", found.gpu_hours) if found.gpu_hours else ("core-hours", found.cpu_hours)
    print()
    print_facts(
        {
            "site": f"{flight.site.name}: {flight.site.title}",
            "nodes": f"{machines.nodes}, each with {machines.cpus_per_node} CPUs and {machines.gpus_per_node} GPUs",
            what: f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}",
            "wall time": f"{found.hours:,.1f} h with {found.at_once} trials at once, the best case",
            "allocations": f"{found.allocations} of {duration_text(flight.wall_seconds)}",
            "jobs": _jobs(flight),
            "checkpoints": f"{bytes_text(found.checkpoint_bytes)} at the peak",
            "store": f"{bytes_text(found.store_bytes)} at the peak, checkpoints included",
            "files": f"{found.files:,} at the peak; {found.compacted_files:,} if compacted after every allocation",
        }
    )
    if found.unmeasured:
        say(f"not measured, taken as slow as the slowest: {', '.join(found.unmeasured)}")
    foreign = flight.vendors - {flight.site.vendor}
    if foreign:
        say(f"measured on {', '.join(sorted(foreign))}, not on the site's {flight.site.vendor}: the hours will differ")


def _jobs(flight: Preflight) -> str:
    """How many jobs of the study a scheduler has at a time, and how many it takes."""
    limits = flight.site.limits
    needs = "one running" if flight.footprint.allocations == 1 else "one running and one waiting, at any time"
    known = {"running": limits.running_jobs, "in the queue": limits.queued_jobs}
    allowed = " and ".join(f"{count} {what}" for what, count in known.items() if count)
    return f"{needs}; the site takes {allowed}" if allowed else needs
