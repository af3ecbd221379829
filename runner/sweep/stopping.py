"""Stopping gracefully: no new trials, running ones stop at their next checkpoint, then the sweep ends."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from runner.sweep.allocation import Allocation

WARNING = signal.SIGUSR1
"""What a batch system sends some minutes before it takes the machine away."""

OUT_OF_TIME = "the end of the allocation"
"""The reason for a stop where what is left to do cannot reach a checkpoint in the time that is left."""


STREAMS = (0, 1, 2)
"""Descriptors of standard input, output and error."""


class StopRequest:
    """Whether someone asked this sweep to stop, and how patient it still is.

    The first SIGINT, SIGTERM, SIGHUP or SIGUSR1 asks running trials to stop at their next checkpoint. They have
    `grace_seconds` for it; after SIGUSR1, the batch system's warning, they have until the allocation's deadline, if
    one is known. After that, or at a second SIGINT or SIGTERM, Ray Tune is interrupted and they lose what they did
    since their last checkpoint.
    """

    def __init__(self, grace_seconds: float, allocation: Allocation | None = None) -> None:
        self.grace_seconds = grace_seconds
        self.allocation = allocation or Allocation()
        self.signal_name = ""
        self.insists = False
        self.is_lost = False
        """True once the cluster is dead, so that nobody is left to be patient with."""
        self.attentive = False
        """True while KeyboardInterrupt may be raised where the main thread is, should the cluster die."""
        self.listen: Callable[[], None] = lambda: None
        """Takes signals back from Ray Tune, which installs a handler of its own when it starts."""
        self.interrupt_tune: Callable[[int, FrameType | None], object] | None = None
        """Ray Tune's handler of the warning: it ends Tune's loop in order."""
        self.terminals: list[int] = []
        """Which of standard input, output and error are a terminal, which may be closed."""
        self._stop_file: Path | None = None
        self._looked = -math.inf
        self._timer: threading.Timer | None = None

    def __bool__(self) -> bool:
        return bool(self.signal_name)

    @property
    def seconds_left(self) -> float | None:
        """Until everything must be saved; None where the allocation has no known end."""
        deadline = self.allocation.deadline
        return None if deadline is None else max(0.0, deadline - time.time())

    def tell(self, stop_file: Path) -> None:
        """Name the file by which running trials learn of a stop, also of one that came before."""
        self._stop_file = stop_file
        if self:
            _touch(stop_file)

    def look(self, every: float = 0.0) -> None:
        """Ask for a stop if the batch system warned where this process could not hear it.

        every: nothing is done if the last look was less than so many seconds ago.
        """
        warned, now = self.allocation.stop_file, time.monotonic()
        if self or warned is None or now - self._looked < every:
            return
        self._looked = now
        if warned.exists():
            self.ask(WARNING.name)

    def ask(self, reason: str) -> None:
        """Ask for a stop; a second time, insist. The batch system's warning never insists."""
        if self:
            if reason not in (WARNING.name, OUT_OF_TIME):
                self._insist()
            return
        self.signal_name = reason
        self._timer = threading.Timer(self._patience(reason), self._insist)
        self._timer.daemon = True
        self._timer.start()
        _touch(self._stop_file)
        if reason == OUT_OF_TIME:
            # Whoever would start this command again within the allocation looks for it.
            _touch(self.allocation.stop_file)

    def lose(self, reason: str) -> None:
        """The cluster is dead: interrupt whatever waits for it."""
        self.signal_name = self.signal_name or reason
        self.is_lost = True
        _touch(self._stop_file)
        os.kill(os.getpid(), WARNING)

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The handler of all signals; it runs in the main thread."""
        if number == signal.SIGHUP:
            _leave(self.terminals)
        if self.is_lost:
            if self.attentive:
                self.attentive = False
                raise KeyboardInterrupt
        elif not self.insists:
            self.ask(signal.Signals(number).name)
        elif number == WARNING and self.interrupt_tune is not None:
            self.interrupt_tune(number, frame)

    def settle(self) -> None:
        """The sweep has ended: nothing is left to insist on."""
        if self._timer is not None:
            self._timer.cancel()

    def _patience(self, reason: str) -> float:
        left = self.seconds_left
        return left if reason == WARNING.name and left is not None else self.grace_seconds

    def _insist(self) -> None:
        # Ray Tune's own handler of this signal ends its loop in order; `hear` passes it on.
        self.insists = True
        os.kill(os.getpid(), WARNING)


def _touch(file: Path | None) -> None:
    """Make a file if there is room for one: where it is missing, patience ends all the same."""
    with contextlib.suppress(OSError):
        if file is not None:
            file.touch()


@contextmanager
def stop_on_signals(
    grace_seconds: float, allocation: Allocation | None = None
) -> Iterator[tuple[StopRequest, Callable[[], None]]]:
    """A StopRequest fed by SIGINT, SIGTERM, SIGHUP and SIGUSR1, and a function that puts the handlers back in place.

    They are in place before Ray starts (a signal during its start would kill the driver) and again afterwards,
    since Ray Tune installs a handler of SIGUSR1. SIGHUP stays ignored under `nohup`.
    """
    request = StopRequest(grace_seconds, allocation)
    request.terminals = [stream for stream in STREAMS if os.isatty(stream)]
    numbers = [signal.SIGINT, signal.SIGTERM, WARNING]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}

    def install() -> None:
        for number in numbers:
            signal.signal(number, request.hear)

    def listen() -> None:
        of_tune = signal.getsignal(WARNING)
        if callable(of_tune) and of_tune != request.hear:
            request.interrupt_tune = of_tune
        install()

    install()
    request.listen = listen
    request.look()
    try:
        yield request, install
    finally:
        request.settle()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(terminals: list[int]) -> None:
    """Read from and write to nowhere, where a terminal was: it is closed, and every further word would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in terminals:
        os.dup2(nowhere, stream)
    os.close(nowhere)
