"""This machine: the command in the background, with its output in a log."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cluster.duration import duration_text
from cluster.launcher import Job, Launcher, LaunchError, fill
from cluster.site import Site


def script(job: Job, site: Site) -> str:
    """A shell script that runs the command. LaunchError if it is asked for what only a scheduler gives."""
    asked = {
        f"--nodes {job.nodes}": job.nodes != 1,
        f"--time {duration_text(job.seconds)}": job.seconds != site.wall_time,
        f"--cpus-per-node {job.cpus_per_node}": job.cpus_per_node != site.cpus_per_node,
        f"--gpus-per-node {job.gpus_per_node}": job.gpus_per_node != site.gpus_per_node,
    }
    if any(asked.values()):
        words = " ".join(option for option, is_asked in asked.items() if is_asked)
        raise LaunchError(
            f"{words}: --on local has this machine, whole and without an end; leave that out, or say --on slurm, "
            "kuberay or ray-up"
        )
    return fill("local.sh.j2", {"job": job, "site": site})


def submit(path: Path, job: Job) -> str:
    """Start the script in a session of its own, so that it outlives this terminal."""
    log = job.logs / f"{job.name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(path)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return f"started as process {process.pid}; its output: {log}"


LAUNCHER = Launcher(
    title="in the background of this machine",
    script=script,
    submit=submit,
    ending=".sh",
    site="laptop",
    makes_cluster=False,
)
