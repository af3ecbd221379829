"""Functions that begin at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def raced(attempts: list[Callable[[], Result]]) -> list[Result]:
    """What functions return that begin at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(attempts))
    results: list[Result] = []

    def run(attempt: Callable[[], Result]) -> None:
        barrier.wait()
        results.append(attempt())

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
