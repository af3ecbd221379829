"""This machine: the command in the background, with its output in a log."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cluster.launcher import Job, Launcher, fill
from cluster.site import Site


def script(job: Job, site: Site) -> str:
    """A shell script that runs the command."""
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
    title="in the background of this machine", script=script, submit=submit, ending=".sh", makes_cluster=False
)
