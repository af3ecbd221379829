"""When a checkpoint is worth its time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

SHARE = 0.02
"""Of a trial's time, for checkpoints."""

CHEAP_SECONDS = 0.25
"""A checkpoint that takes no longer is written at the end of every epoch."""

BYTES_PER_SECOND = 4e8
"""How fast a state is hashed, written and forced to disk, until a trial has seen for itself."""


class Interval:
    """Says at the end of an epoch whether a checkpoint is due: when it takes at most SHARE of the time since the last.

    A state of 300 MB takes about a second. After each one-second epoch on a GPU that would double the time of a trial,
    and what a crash can cost is bounded all the same: by an epoch, or by 50 times what a checkpoint takes.
    """

    def __init__(self, state_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self.seconds = state_bytes / BYTES_PER_SECOND

    def is_due(self) -> bool:
        """True if it is time for the next checkpoint."""
        return self.seconds <= CHEAP_SECONDS or self._clock() - self._since >= self.seconds / SHARE

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Around the writing of a checkpoint: learns how long it takes."""
        began = self._clock()
        yield
        self._since = self._clock()
        self.seconds = self._since - began
