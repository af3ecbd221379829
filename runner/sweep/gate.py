"""A gate at which the first trials wait until a worker for every slot has started.

Ray Tune gives a free worker to the next trial and then kills the worker that was starting for it. Trials shorter than
a worker's start (seconds, where torch is imported) would so keep every slot but one empty for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import cache
from typing import Any

import ray

PATIENCE_SECONDS = 10.0
"""After which a worker goes on alone: nodes may still be coming, or have been lost."""


@ray.remote(num_cpus=0)
class Gate:
    """Opens once so many workers have come."""

    def __init__(self, workers: int) -> None:
        self._missing = workers
        self._open = asyncio.Event()

    async def come(self) -> None:
        """Returns when the gate is open."""
        self._missing -= 1
        if self._missing <= 0:
            self._open.set()
        await self._open.wait()


def put_up(name: str, workers: int) -> Any:
    """A gate for so many workers, which lasts as long as what is returned here is kept."""
    return Gate.options(name=name, max_concurrency=workers + 100).remote(workers)  # type: ignore[attr-defined]


@cache
def pass_through(name: str) -> None:
    """Wait at the gate of this name; only the first trial of a process does."""
    with contextlib.suppress(ValueError):  # there is none any more
        ray.wait([ray.get_actor(name).come.remote()], timeout=PATIENCE_SECONDS)
