"""Machines from a cloud: a file for Ray's cluster launcher, which makes them, and a Ray job on them.

Fields: `ray-schema.json`, which Ray carries.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from pathlib import Path
from typing import Any

import yaml

from cluster.launcher import (
    FILES_FOLDER,
    HalfLaunchedError,
    Job,
    Launcher,
    LaunchError,
    call,
    ray_job_environment,
    refuse_paths,
)
from cluster.site import Cloud, Site

TOKEN_FILE = "~/.ray/auth_token"  # noqa: S105 - where Ray keeps the secret, not the secret

JOIN_SECONDS = 1800
"""A cloud makes machines, pulls their image and sets them up before they join: minutes, and it may be short of them."""

HEADER = """\
# {name} on {title}: written by `piesweep submit`, yours to read, keep and edit.
#
#   (umask 077; ray get-auth-token --generate)  once: the password of your clusters, copied to their machines
#   ray up --yes THIS_FILE                      makes the machines, or mends the cluster if some are gone
#   ray exec THIS_FILE {start}
#   ray exec THIS_FILE 'RAY_AUTH_MODE=token ray job list'
#   ray down --yes THIS_FILE                    gives the machines back: they cost until then
#
# All of it again goes on where it stopped: what is done stays done.
"""


def script(job: Job, site: Site) -> str:
    """The cluster file. LaunchError if the profile says nothing of a cloud, or a path is relative."""
    if site.cloud is None:
        raise LaunchError(f"site '{site.name}' has no `cloud` section (provider, auth, ...); copy the site 'aws'")
    refuse_paths(job, ("/",), "the machines have another working directory: give paths as they see them (KEY=/...)")
    text = yaml.safe_dump(_cluster(job, site, site.cloud), sort_keys=False, width=120)
    return HEADER.format(name=job.name, title=site.title, start=shlex.quote(_start(job))) + text


def submit(path: Path, job: Job) -> str:
    """Make or mend the machines and start the command as a Ray job on them. HalfLaunchedError if that fails midway."""
    purpose = f"make machines for '{job.name}'"
    _require_token(purpose)
    try:
        call(["ray", "up", "--yes", str(path)], purpose)
        return call(["ray", "exec", str(path), _start(job)], purpose)
    except LaunchError as error:
        raise HalfLaunchedError(
            f"{error}\nmachines may have been made, and cost until they are given back: ray down --yes "
            f"{shlex.quote(str(path))}; submitting again mends the cluster and goes on"
        ) from None


def _require_token(purpose: str) -> None:
    """Have a token that this user alone can read: who has it can run code on the machines."""
    before = os.umask(0o077)
    try:
        call(["ray", "get-auth-token", "--generate"], purpose)
    finally:
        os.umask(before)
    with contextlib.suppress(FileNotFoundError):  # it may lie elsewhere, or in a variable
        Path(TOKEN_FILE).expanduser().chmod(0o600)


def _start(job: Job) -> str:
    environment = json.dumps({"env_vars": ray_job_environment(job, JOIN_SECONDS)})
    submit_job = ["ray", "job", "submit", "--no-wait", "--runtime-env-json", environment, "--", *job.command]
    return f"RAY_AUTH_MODE=token {shlex.join(submit_job)}"


def _cluster(job: Job, site: Site, cloud: Cloud) -> dict[str, Any]:
    exports = "".join(f"export {name}={shlex.quote(value)}; " for name, value in site.environment.items())
    start = f"{exports}RAY_AUTH_MODE=token ray start"
    resources = {"CPU": job.cpus_per_node, "GPU": job.gpus_per_node}
    return {
        "cluster_name": job.name,
        "max_workers": job.nodes,
        "idle_timeout_minutes": 10,
        "provider": cloud.provider,
        "auth": cloud.auth,
        **({"docker": cloud.docker} if cloud.docker else {}),
        "head_node_type": "head",
        "available_node_types": {
            "head": {"resources": {"CPU": 0, "GPU": 0}, "node_config": cloud.head},
            "worker": {
                "min_workers": job.nodes,
                "max_workers": job.nodes,
                "resources": resources,
                "node_config": cloud.worker,
            },
        },
        "file_mounts": {TOKEN_FILE: TOKEN_FILE, **_mounts(job), **cloud.file_mounts},
        "setup_commands": [*cloud.setup],
        "head_start_ray_commands": [
            "ray stop",
            f"{start} --head --port=6379 --autoscaling-config=~/ray_bootstrap_config.yaml --dashboard-host=127.0.0.1",
        ],
        "worker_start_ray_commands": ["ray stop", f"{start} --address=$RAY_HEAD_IP:6379"],
    }


def _mounts(job: Job) -> dict[str, str]:
    return {f"{FILES_FOLDER}/{name}": str(path) for name, path in job.files.items()}


LAUNCHER = Launcher(
    title="machines from a cloud through Ray's cluster launcher",
    script=script,
    submit=submit,
    ending=".cluster.yaml",
    site="aws",
    sees_files=False,
)
