"""Stopping gracefully: no new trials, running ones stop at their next checkpoint, then the sweep ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class StopRequest:
    """Whether someone asked this sweep to stop, and how patient it still is.

    The first SIGINT, SIGTERM or SIGUSR1 asks running trials to stop at their next checkpoint. After
    `grace_seconds`, or at the second signal, Ray Tune is interrupted and they lose what they did since their last one.
    """

    def __init__(self, grace_seconds: float) -> None:
        self.grace_seconds = grace_seconds
        self.signal_name = ""
        self._stop_file: Path | None = None
        self._timer: threading.Timer | None = None

    def __bool__(self) -> bool:
        return bool(self.signal_name)

    def tell(self, stop_file: Path) -> None:
        """Name the file by which running trials learn of a stop, also of one that came before."""
        self._stop_file = stop_file
        if self:
            stop_file.touch()

    def ask(self, signal_name: str) -> None:
        """Ask for a stop; a second time, insist."""
        if self:
            self._insist()
            return
        self.signal_name = signal_name
        if self._stop_file is not None:
            self._stop_file.touch()
        self._timer = threading.Timer(self.grace_seconds, self._insist)
        self._timer.daemon = True
        self._timer.start()

    def settle(self) -> None:
        """The sweep has ended: nothing is left to insist on."""
        if self._timer is not None:
            self._timer.cancel()

    @staticmethod
    def _insist() -> None:
        # Ray Tune listens to SIGUSR1: it ends its loop in order and returns.
        os.kill(os.getpid(), signal.SIGUSR1)


@contextmanager
def stop_on_signals(grace_seconds: float) -> Iterator[tuple[StopRequest, Callable[[], None]]]:
    """A StopRequest fed by SIGINT, SIGTERM and SIGUSR1, and a function that puts the handlers back in place.

    They are in place before Ray starts (a signal during its start would kill the driver) and again afterwards,
    since Ray installs a SIGTERM handler of its own.
    """
    request = StopRequest(grace_seconds)

    def handle(number: int, frame: FrameType | None) -> None:
        request.ask(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}

    def install() -> None:
        for number in numbers:
            signal.signal(number, handle)

    install()
    try:
        yield request, install
    finally:
        request.settle()
        for number, handler in before.items():
            signal.signal(number, handler)
