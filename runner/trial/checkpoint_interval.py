"""Decide when a checkpoint is worth its time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

SHARE = 0.02
"""Of a trial's time, for checkpoints."""

CHEAP_SECONDS = 0.25
"""A checkpoint that takes no longer is written at the end of every epoch."""

WITHIN_AN_EPOCH = 15.0
"""Seconds between checkpoints of a long epoch, at least, however cheap they are."""

ASKING_SECONDS = 1.0
"""Between two looks, within an epoch, at whether to stop."""

BYTES_PER_SECOND = 4e8
"""How fast a state is hashed, written and forced to disk, until a trial has seen for itself."""


class Interval:
    """Says at the end of an epoch whether a checkpoint is due: when it takes at most SHARE of the time since the last.

    A state of 300 MB takes about a second. After each one-second epoch on a GPU that would double the time of a trial,
    and what a crash can cost is bounded all the same: by 50 times what a checkpoint takes. Within an epoch
    it is due by the same rule, but at most every WITHIN_AN_EPOCH seconds.
    """

    def __init__(self, state_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._asked = clock()
        self.seconds = state_bytes / BYTES_PER_SECOND

    def is_due(self) -> bool:
        """True if it is time for the next checkpoint."""
        return self.seconds <= CHEAP_SECONDS or self._clock() - self._since >= self.seconds / SHARE

    def is_due_within_an_epoch(self) -> bool:
        """True if so much time went by since the last one that an epoch's end should not be waited for."""
        return self._clock() - self._since >= max(self.seconds / SHARE, WITHIN_AN_EPOCH)

    def is_time_to_ask(self) -> bool:
        """True once a second, so that asking costs steps of milliseconds nothing."""
        now = self._clock()
        if now - self._asked < ASKING_SECONDS:
            return False
        self._asked = now
        return True

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Around the writing of a checkpoint: learns how long it takes."""
        began = self._clock()
        yield
        self._since = self._clock()
        self.seconds = self._since - began
