"""The Ray cluster that a sweep runs on: one of our own, private and gone with us, or one that runs already."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import ray
from ray._private import services
from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]
from ray.exceptions import RayError

from runner.store.files.scratch import scratch_folder, sweep_scratch
from runner.sweep.environment import ClusterError, our_folders
from runner.sweep.liveness import answers
from runner.sweep.membership import Membership
from runner.vendors import has_amdsmi, uncounted_gpus

SILENT_SECONDS = 30.0
"""How long an address is tried where nothing listens: the cluster may only just start."""

MUTE_SECONDS = 90.0
"""How long a cluster may take to let us in once something listens at its address."""

WORD_SECONDS = 30.0
"""After this long a word is said about what may be wrong: Ray itself says nothing while it tries."""

LONGEST_SOCKET = 107
"""Bytes that the path of a Unix socket may have."""

SOCKET = "/r/session_2000-01-01_00-00-00_000000_4194304/sockets/plasma_store"
"""The longest path of a socket below the folder of a cluster of our own; 4194304 is the highest process number."""

INDUCTOR = "TORCHINDUCTOR_CACHE_DIR"

ADVICE = (
    "check that the cluster runs and that HOST:PORT is what `ray start --head` printed; if the cluster asks for a "
    "token, `export RAY_AUTH_MODE=token` here too and copy ~/.ray/auth_token from its head (or set RAY_AUTH_TOKEN_PATH)"
)


@contextmanager
def own_cluster(cpus: int | None, is_dead: Callable[[], bool]) -> Iterator[None]:
    """A cluster of this machine's cores, loopback only. Nobody else can look into its files, which go with it."""
    with scratch_folder("ray", LONGEST_SOCKET - len(SOCKET)) as folder:
        member = Membership(partial(_start, folder / "r", cpus))
        try:
            with _private(folder):
                member.begin(None)
        except (RayError, OSError, RuntimeError) as error:
            raise ClusterError(f"Ray could not be started on this machine ({_first_line(error)})") from error
        try:
            yield
        finally:
            member.end(is_dead())
    # What a killed run left may have been in use still, for its last seconds, when this one began.
    sweep_scratch(["ray"])


@contextmanager
def _private(folder: Path) -> Iterator[None]:
    """A block in which processes are started whose files are for this user alone, and lie in this folder.

    torch would else leave a folder behind, for a compiler that we do not use.
    """
    before = os.umask(0o077)
    is_ours = INDUCTOR not in os.environ
    os.environ.setdefault(INDUCTOR, str(folder / "torch"))
    try:
        yield
    finally:
        os.umask(before)
        if is_ours:
            del os.environ[INDUCTOR]


def _start(folder: Path, cpus: int | None) -> None:
    # Ray may have been imported, and a token read, before `prepare` set those of our own.
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()
    ray.init(
        address="local",  # left out, Ray would join whatever cluster it finds running here
        num_cpus=cpus,
        num_gpus=uncounted_gpus(os.environ, amdsmi=has_amdsmi()),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=128 * 2**20,
        runtime_env=our_folders(),
        _temp_dir=str(folder),  # Ray opens it to all, but not the folder around it
    )


@contextmanager
def given_cluster(address: str, is_dead: Callable[[], bool]) -> Iterator[None]:
    """A cluster that runs already; ClusterError where nothing answers, a line on stderr where it takes long."""
    member = Membership(
        partial(ray.init, address=address, log_to_driver=False, logging_level=logging.ERROR, runtime_env=our_folders())
    )
    try:
        _await_listener(address)
        with _word(address):
            member.begin(MUTE_SECONDS)
    except (RayError, OSError, RuntimeError) as error:
        raise ClusterError(f"no Ray cluster could be joined at {address} ({_first_line(error)}); {ADVICE}") from error
    try:
        yield
    finally:
        member.end(is_dead())


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def _word(address: str) -> Iterator[None]:
    """Say during a block that takes long what may be wrong."""
    word = f"piesweep: still waiting for the Ray cluster at {address}; {ADVICE}"
    waiting = threading.Timer(WORD_SECONDS, print, [word], {"file": sys.stderr, "flush": True})
    waiting.daemon = True
    waiting.start()
    try:
        yield
    finally:
        waiting.cancel()


def _await_listener(address: str, listens: Callable[[str, int], bool] = answers) -> None:
    """Wait until something listens at an address; TimeoutError if nothing does in SILENT_SECONDS. Ray tries for 14
    minutes."""
    found = address.removeprefix("ray://") if "://" in address else services.canonicalize_bootstrap_address(address)
    host, _, port = (found or "").rpartition(":")
    if not port.isdigit():  # nothing is known of any cluster here, or Ray will say what is wrong with the address
        return
    until = time.monotonic() + SILENT_SECONDS
    while not listens(host, int(port)):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing listens there, tried for {SILENT_SECONDS:g} s")
        time.sleep(1)
