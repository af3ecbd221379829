"""A gate at which the first trials wait until a worker for every slot has started.

Ray Tune gives a free worker to the next trial and then kills the worker that was starting for it. Trials shorter than
a worker's start (seconds, where torch is imported) would so keep every slot but one empty for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

PATIENCE_SECONDS = 10.0
"""After which a worker goes on alone: nodes may still be coming, or have been lost."""


@ray.remote(num_cpus=0)
class StartBarrier:
    """Opens once so many workers have come, and tells each of them how to reach the store.

    What it tells are credentials. They come and go by calls from process to process: whatever a worker is made of,
    Ray keeps in its tables and logs.
    """

    def __init__(self, workers: int) -> None:
        self._missing = workers
        self._open = asyncio.Event()
        self._environment: Mapping[str, str] = {}

    async def keep(self, environment: Mapping[str, str]) -> None:
        """Learn what to tell."""
        self._environment = environment

    async def tell(self) -> Mapping[str, str]:
        """Environment variables with which a worker reaches the store."""
        return self._environment

    async def come(self) -> None:
        """Returns when the gate is open."""
        self._missing -= 1
        if self._missing <= 0:
            self._open.set()
        await self._open.wait()


@contextmanager
def put_up(name: str, workers: int, environment: Mapping[str, str]) -> Iterator[None]:
    """A gate for so many workers, on this node, during a block."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    gate = StartBarrier.options(  # type: ignore[attr-defined]
        name=name, max_concurrency=workers + 100, scheduling_strategy=here
    ).remote(workers)
    if environment:
        ray.get(gate.keep.remote(dict(environment)))
    yield
    del gate


@cache
def pass_through(name: str) -> None:
    """Wait at the gate of this name; only the first trial of a process does."""
    with contextlib.suppress(ValueError):  # there is none any more
        ray.wait([ray.get_actor(name).come.remote()], timeout=PATIENCE_SECONDS)


@cache
def learn_environment(name: str) -> None:
    """Set what the gate of this name tells, where this node does not say otherwise; once in a process."""
    with contextlib.suppress(ValueError):  # there is none
        gate: Any = ray.get_actor(name)
        for variable, value in ray.get(gate.tell.remote()).items():
            os.environ.setdefault(variable, value)
