"""Slurm: head and workers of a Ray cluster in one allocation, a script that goes on until the work is done.

Resubmitting beats requeueing: Slurm holds a requeued job for two minutes, and a fresh one may wait in the queue with a
priority of its own. Requeueing is left to Slurm, for nodes that fail.
"""

from __future__ import annotations

from pathlib import Path

from cluster.duration import duration_text
from cluster.launcher import Job, Launcher, LaunchError, call, fill
from cluster.site import SCRATCH_LENGTH, Site

RESERVE_SECONDS = 60
"""Between the moment when everything must be saved and the wall limit."""


def script(job: Job, site: Site) -> str:
    """The batch script. LaunchError if the wall time leaves nothing to work in."""
    warning = min(site.warning, job.seconds // 4)
    if job.seconds < 2 * RESERVE_SECONDS:
        raise LaunchError(
            f"a wall time of {duration_text(job.seconds)} is over before a cluster stands; allowed: "
            f"{duration_text(2 * RESERVE_SECONDS)} and more"
        )
    values = {
        "job": job,
        "site": site,
        "wall_time": duration_text(job.seconds),
        "warning": max(warning, RESERVE_SECONDS // 2),
        "longest_folder": SCRATCH_LENGTH + len("/ray-67043328-7f"),
        "reserve": min(RESERVE_SECONDS, max(warning // 2, RESERVE_SECONDS // 3)),
    }
    return fill("slurm.sh.j2", values)


def submit(path: Path, job: Job) -> str:
    """Hand the script to sbatch; what it answers."""
    return call(["sbatch", str(path)], f"submit '{job.name}' to Slurm")


LAUNCHER = Launcher(
    title="one allocation after another under Slurm",
    script=script,
    submit=submit,
    ending=".sbatch",
    site="nvidia-slurm",
)
