"""Connecting to a Ray cluster that runs already: what goes wrong, in words that say what to do."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ray.exceptions import RayError

from runner.sweep.environment import ClusterError

PATIENCE_SECONDS = 30.0
"""After this long a word is said about what may be wrong: Ray itself says nothing while it tries."""

ADVICE = (
    "check that the cluster runs and that HOST:PORT is what `ray start --head` printed; if the cluster asks for a "
    "token, `export RAY_AUTH_MODE=token` here too and copy ~/.ray/auth_token from its head (or set RAY_AUTH_TOKEN_PATH)"
)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Around `ray.init` at an address: ClusterError where nothing answers, a line on stderr where it takes long."""
    word = f"piesweep: still waiting for the Ray cluster at {address}; {ADVICE}"
    waiting = threading.Timer(PATIENCE_SECONDS, print, [word], {"file": sys.stderr, "flush": True})
    waiting.daemon = True
    waiting.start()
    try:
        yield
    except (RayError, ConnectionError, TimeoutError, RuntimeError) as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ClusterError(f"no Ray cluster could be joined at {address} ({first}); {ADVICE}") from error
    finally:
        waiting.cancel()
