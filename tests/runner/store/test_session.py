"""One driver at a time: live holders are respected, dead ones replaced."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.store import session
from runner.store.errors import StoreError
from runner.store.files.disk import Disk
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


@pytest.mark.parametrize("content", [b"", b'{"session": "s", "ho', b"\0" * 120, b"\xff", b"[]", b"{}", b"null"])
def test_a_broken_lease_is_dead_when_it_is_old(tmp_path: Path, content: bytes) -> None:
    """Leases are written whole; one that is broken all the same (a power cut, a disk that had only promised) says who
    was at work to nobody, so its age decides, as for a holder elsewhere."""
    lease = tmp_path / "sessions" / "lease.json"
    lease.parent.mkdir()
    lease.write_bytes(content)
    assert running_trials(tmp_path) == set()
    assert not session.is_holder(tmp_path, "s")
    with (
        pytest.raises(StoreHeld, match=r"cannot be read \(sessions/lease.json\).*less than 60 seconds ago"),
        hold(tmp_path),
    ):
        pass
    assert lease.read_bytes() == content
    old = time.time() - session.STALE_SECONDS - 1
    os.utime(lease, (old, old))
    with hold(tmp_path) as held:
        assert session.is_holder(tmp_path, held.session_id)
    assert not lease.exists()


def test_a_driver_whose_lease_breaks_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell any more who holds the store, so the driver at work ends as if another had taken it."""
    monkeypatch.setattr(session, "BEAT_SECONDS", 0.01)
    lease = tmp_path / "sessions" / "lease.json"
    with hold(tmp_path) as held:
        for _ in range(100):  # a beat under way may still write once
            lease.write_bytes(b"")
            if held.lost.wait(0.02):
                break
        assert held.lost.is_set()
    assert lease.read_bytes() == b""


@pytest.mark.parametrize("text", ["abc", "", "0", "-5", "nan", "inf"])
def test_a_lease_lasts_a_number_of_seconds(text: str) -> None:
    """What is no time to wait is refused in words."""
    assert session.lease_seconds("2.5") == 2.5
    with pytest.raises(StoreError, match=f"PIESWEEP_LEASE_SECONDS is '{text}'; allowed is a number of seconds"):
        session.lease_seconds(text)


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


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk mounted for reading: one line that names the store, and nobody is taken for another driver."""

    def refuse(*_: object) -> bool:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Disk, "create", refuse)
    with (
        pytest.raises(StoreError, match=r"store cannot be written \(Read-only file system\)"),
        hold(tmp_path / "store"),
    ):
        pass


def test_a_store_that_was_moved_is_not_made_anew(tmp_path: Path) -> None:
    """What a session still has to say goes nowhere once its store is elsewhere: no folder stands where that was."""
    with hold(tmp_path / "store") as held:
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        held.event("trial-committed", "0" * 16)
    assert not (tmp_path / "store").exists()
    assert (tmp_path / "elsewhere" / "sessions" / f"{held.session_id}.events.jsonl").exists()
