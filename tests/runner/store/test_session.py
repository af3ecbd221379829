"""One driver at a time: live holders are respected, dead ones replaced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.store import session
from runner.store.session import StoreHeld, hold, running_trials


def test_a_second_driver_is_told_who_holds_the_store(tmp_path: Path) -> None:
    """While one driver holds a store, another is refused by name of its process."""
    with hold(tmp_path), pytest.raises(StoreHeld, match=f"process {os.getpid()}"), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass


def test_a_killed_driver_is_replaced_at_once(tmp_path: Path) -> None:
    """The lease of a process that was killed on this machine does not keep the next one waiting."""
    code = f"""
import os, pathlib, signal
from runner.store.session import hold
with hold(pathlib.Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "sessions" / "lease.json").exists()
    assert running_trials(tmp_path) == set()
    with hold(tmp_path):
        pass


def test_a_lease_from_elsewhere_is_dead_when_it_is_old(tmp_path: Path) -> None:
    """A holder on another machine is believed for a minute after its last sign of life, and no longer."""
    lease = tmp_path / "sessions" / "lease.json"
    lease.parent.mkdir()
    lease.write_text(json.dumps({"session": "s", "host": "elsewhere", "boot": "b", "pid": 1, "running": ["t"]}))
    assert running_trials(tmp_path) == {"t"}
    with pytest.raises(StoreHeld, match="elsewhere"), hold(tmp_path):
        pass
    old = time.time() - session.STALE_SECONDS - 1
    os.utime(lease, (old, old))
    assert running_trials(tmp_path) == set()
    with hold(tmp_path):
        pass


def test_a_driver_that_lost_its_lease_leaves_the_new_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that slept until another took over notices, and neither renews nor removes the new lease."""
    monkeypatch.setattr(session, "BEAT_SECONDS", 0.01)
    lease = tmp_path / "sessions" / "lease.json"
    with hold(tmp_path) as sleeper:
        other = json.dumps({"session": "another"})
        for _ in range(100):  # a beat under way may still write once
            lease.write_text(other)
            if sleeper.lost.wait(0.02):
                break
        assert sleeper.lost.is_set()
    assert lease.read_text() == other


def test_events_are_one_json_line_each(tmp_path: Path) -> None:
    """The event log tells of the session and of its trials, in order."""
    with hold(tmp_path) as held:
        held.event("trial-started", "t1", seed=3)
    (log,) = (tmp_path / "sessions").glob("*.events.jsonl")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["event"] for event in events] == ["session-started", "trial-started", "session-ended"]
    assert events[1]["trial_id"] == "t1"
    assert events[1]["seed"] == 3
