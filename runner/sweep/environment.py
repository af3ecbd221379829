"""Settings that Ray reads when it is imported; call `prepare` before anything imports it."""

from __future__ import annotations

import os

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
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0, Ray makes a one-machine cluster that listens on loopback alone, as it does on a Mac; otherwise its
services listen on every network interface."""


def prepare(address: str | None) -> None:
    """Set what the user's environment leaves open: quiet always, loopback only for a cluster of our own."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if address is None:
        os.environ.setdefault(LOOPBACK, "0")
