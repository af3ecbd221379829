"""Settings that Ray reads when it is imported; call `prepare` before anything imports it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from runner.folders import ROOT, claimer
from runner.vendors import has_amdsmi, visible_to_ray

QUIET = {
    # No loggers (five files a trial, and a folder that is copied again and again) and hardly any snapshots of Tune's
    # state, which grow with the sweep and which we never restore.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
    # Signals and display are ours.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    # A trial's working directory is the driver's.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_COLOR_PREFIX": "0",  # no escape codes in logs
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0, Ray makes a one-machine cluster that listens on loopback alone, as it does on a Mac; otherwise its
services listen on every network interface."""

OWN_TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""With it processes of this run alone get into a cluster of our own; it is kept in no file."""

CREDENTIALS = ("AWS_", "FSSPEC_", "GOOGLE_", "AZURE_", "HF_TOKEN", "HUGGING")
"""How names of environment variables begin whose values Ray must not write down."""

RECONNECT = "RAY_gcs_rpc_server_reconnect_timeout_s"
HEAD_SECONDS = float(os.environ.get(RECONNECT, "60"))
"""How long a cluster's head may be away. Ray ends a process without a word to it after as long; ours end in order."""

END_SECONDS = 60.0
"""How long a process may take to end after it has noticed that the head is away, before Ray ends it."""

JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Ray sets it for the entrypoint of a submitted job."""


class ClusterError(RuntimeError):
    """The cluster cannot run what was asked: says what it has and what to change."""

    exit_status = 2


def our_folders() -> dict[str, Any]:
    """For `ray.init`: its workers import our code from where the driver has it, whatever lies in their working folder.

    A new one for every cluster, since Ray adds to it what the next one would refuse.
    """
    return {"worker_process_setup_hook": claimer(ROOT)}


def in_ray_job() -> bool:
    """True inside a job that `ray job submit` started."""
    return JOB in os.environ


def require_lasting(store: Path) -> None:
    """Refuse a relative store inside a Ray job: its working directory is a copy that vanishes with the job."""
    if in_ray_job() and not store.is_absolute():
        raise ClusterError(
            f"--store {store} lies in the Ray job's own copy of the working directory, which is deleted with the job; "
            "give an absolute path to a folder that every node sees"
        )


def cluster_address(given: str | None) -> str | None:
    """The cluster to run on: the one asked for, else that of the Ray job we are in or of RAY_ADDRESS, else None.

    None means a cluster of our own on this machine, and so does "local". ClusterError for the dashboard's address.
    """
    address = given or os.environ.get("RAY_ADDRESS") or None
    if address is not None and "://" in address and not address.startswith("ray://"):
        raise ClusterError(
            f"{address} is where jobs are submitted (ray job submit --address {address} ... -- piesweep run ...); on a "
            "node of the cluster give --address auto, or HOST:PORT as `ray start --head` printed it"
        )
    return None if address == "local" else address


def prepare(address: str | None) -> None:
    """Set what the user's environment leaves open: quiet always, loopback and a token only for a cluster of our own.

    What a batch system says of GPUs is put in the words that Ray understands.
    """
    os.environ.update(visible_to_ray(os.environ, amdsmi=has_amdsmi()))
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ[RECONNECT] = f"{HEAD_SECONDS + END_SECONDS:.0f}"
    if address is None:
        os.environ.setdefault(LOOPBACK, "0")
        os.environ.update(OWN_TOKEN)
    elif os.environ.get("RAY_AUTH_TOKEN") == OWN_TOKEN["RAY_AUTH_TOKEN"]:
        for name in OWN_TOKEN:  # this process had a cluster of its own before
            del os.environ[name]
