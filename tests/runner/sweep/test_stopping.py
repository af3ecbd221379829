"""Signals become a request to stop, insistence a signal that Ray Tune knows."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from runner.sweep.allocation import Allocation
from runner.sweep.stopping import StopRequest, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_asks_running_trials_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """One signal sets the request and makes the stop file that running trials look for."""
    with stop_on_signals(60) as (stop, _):
        stop.tell(tmp_path / "stop")
        assert not stop
        os.kill(os.getpid(), number)
        assert stop
        assert stop.signal_name == number.name
        assert (tmp_path / "stop").exists()


def test_under_nohup_a_closed_terminal_stays_ignored() -> None:
    """Who started the run said that it shall go on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals(60) as (stop, _):
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_before_the_session_is_not_lost(tmp_path: Path) -> None:
    """A stop that was asked for while Ray still started is passed on."""
    with stop_on_signals(60) as (stop, _):
        os.kill(os.getpid(), signal.SIGTERM)
        stop.tell(tmp_path / "stop")
        assert (tmp_path / "stop").exists()


def test_handlers_are_put_back(tmp_path: Path) -> None:
    """After the sweep, and after another program took them, handlers are where they belong."""
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals(60) as (stop, install):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        install()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop
    assert signal.getsignal(signal.SIGTERM) == before


def test_patience_ends(tmp_path: Path) -> None:
    """When the grace time is over, Ray Tune is interrupted by the signal it listens to."""
    heard: list[int] = []
    with stop_on_signals(0.05) as (stop, _):
        signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
        stop.ask("SIGTERM")
        for _ in range(100):
            if heard:
                break
            time.sleep(0.02)
    assert heard == [signal.SIGUSR1]


def test_the_file_is_looked_at_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning whose signal never came is heard at the next look, of which there is at most one a second."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stop = StopRequest(60, Allocation(stop_file=tmp_path / "warned"))
    stop.look(1.0)
    (tmp_path / "warned").touch()
    now[0] = 0.9
    stop.look(1.0)
    assert not stop
    now[0] = 1.0
    stop.look(1.0)
    stop.settle()
    assert stop.signal_name == "SIGUSR1"


def test_a_stop_without_room_for_its_file_is_a_stop(tmp_path: Path) -> None:
    """Where the file cannot be made, a full disk say, patience ends all the same."""
    heard: list[int] = []
    with stop_on_signals(0.05) as (stop, _):
        signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
        stop.tell(tmp_path / "no folder" / "stop")
        stop.ask("SIGTERM")
        assert stop
        time.sleep(0.3)
    assert heard == [signal.SIGUSR1]
