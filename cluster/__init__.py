"""Starting a command on machines: one launcher a file, one line of LAUNCHERS each. Knows no experiment.

A launcher writes what its scheduler reads (a script, a manifest), for people to read, keep and edit, and hands it over.
The command is anything that connects to the Ray cluster at `$RAY_ADDRESS`, exits 75 when it was interrupted and is to
be run again, and on SIGUSR1 saves its work and ends.
"""

from __future__ import annotations

from cluster import kuberay, local, ray_up, slurm
from cluster.launcher import Job, Launcher, LaunchError
from cluster.site import SITES, Site, load_site

__all__ = ["LAUNCHERS", "SITES", "Job", "LaunchError", "Launcher", "Site", "load_site"]

LAUNCHERS: dict[str, Launcher] = {
    "local": local.LAUNCHER,
    "slurm": slurm.LAUNCHER,
    "kuberay": kuberay.LAUNCHER,
    "ray-up": ray_up.LAUNCHER,
}
