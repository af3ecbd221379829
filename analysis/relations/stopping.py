"""An end at once for whoever asks a store: Ctrl-C, SIGTERM or a closed terminal stops DuckDB in the middle of its work.

DuckDB computes in C, where Python's handlers wait for it to come back, which may take hours. So the signal also wakes a
thread, which interrupts the query. Where not even that helps within PATIENCE_SECONDS, in the middle of one value of
gigabytes, the process ends from that thread, without what it spilled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from analysis.relations.database import OPEN
from analysis.relations.spill import remove_spilled

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_SECONDS = 1.0
STEP_SECONDS = 0.05


@contextlib.contextmanager
def ends_at_once() -> Iterator[None]:
    """In this block a signal of ENDING raises KeyboardInterrupt, or SystemExit with 128 + its number, without delay.

    Nothing changes in any other thread than the main one, where Python takes no signals, and where SIGINT or SIGHUP
    is ignored, as by nohup.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = threading.Event()
    taken: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        taken.append(number)
        came.set()
        raise _end_by(number)

    heard = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, end) for number in heard}
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(reading, came), daemon=True)
    watch.start()
    try:
        yield
    except BaseException:
        # DuckDB's own look at signals runs the handler, drops what it raises, and raises an error of its own.
        if taken:
            raise _end_by(taken[0]) from None
        raise
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)
        watch.join()
        os.close(reading)


def _end_by(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


def _watch(reading: int, came: threading.Event) -> None:
    """Interrupt what DuckDB does, from the moment a signal arrives until Python has taken it."""
    while numbers := os.read(reading, 1):
        number = numbers[0]
        if number not in ENDING:
            continue
        for _ in range(round(PATIENCE_SECONDS / STEP_SECONDS)):
            for connection in list(OPEN):
                with contextlib.suppress(Exception):  # one that is closed has nothing to stop
                    connection.interrupt()
            if came.wait(STEP_SECONDS):
                return
        remove_spilled()
        os._exit(128 + number)
