"""Who is at work on a store: one driver holds its lease, and logs what happens, one JSON line an event."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.store.events import EventLog
from runner.store.files import StoreError, create, discard, renew, take_over
from runner.store.layout import Layout

STALE_SECONDS = float(os.environ.get("PIESWEEP_LEASE_SECONDS", "60"))
"""A lease whose file has not been touched for this long is dead, wherever its holder was: the same for all drivers."""
BEAT_SECONDS = STALE_SECONDS / 12


class StoreHeld(StoreError):
    """Another live driver holds the store."""


class Session:
    """A driver's hold on a store, its list of running trials and its event log."""

    def __init__(self, root: Path, session_id: str) -> None:
        self.layout = Layout(root)
        self.session_id = session_id
        self.running: set[str] = set()
        self.lost = threading.Event()
        self.when_lost: Callable[[], None] = lambda: None
        """Called once, from another thread, when another driver has taken this one for dead."""
        self._log = EventLog(root, session_id)
        self._lock = threading.Lock()

    @property
    def stop_file(self) -> Path:
        """While this file exists, running trials stop at their next checkpoint."""
        return self.layout.sessions / f"{self.session_id}.stop"

    def event(self, kind: str, trial_id: str | None = None, **facts: Any) -> None:
        """Append one line to the event log."""
        self._log.add(kind, trial_id, facts)

    def flush(self) -> None:
        """Put the events so far where others can read them."""
        with contextlib.suppress(OSError):
            self._log.flush()

    def started(self, trial_id: str) -> None:
        with self._lock:
            self.running.add(trial_id)

    def ended(self, trial_id: str) -> None:
        with self._lock:
            self.running.discard(trial_id)

    def is_held(self) -> bool:
        """True while no other driver has taken the store over; asked before anything is deleted."""
        return not self.lost.is_set() and is_holder(self.layout.root, self.session_id)

    def lease_content(self) -> bytes:
        with self._lock:
            running = sorted(self.running)
        return json.dumps({"session": self.session_id, **_this_process(), "running": running}).encode()


@contextmanager
def hold(root: Path) -> Iterator[Session]:
    """Hold the store as its only driver; StoreHeld names a live holder, a dead one's lease is taken over."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    session = Session(root, f"{stamp}-{uuid.uuid4().hex[:6]}")
    lease = session.layout.sessions / "lease.json"
    _acquire(lease, session)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(lease, session, ended), daemon=True)
    beat.start()
    try:
        session.event("session-started", **_this_process())
        yield session
    finally:
        ended.set()
        beat.join()
        session.event("session-ended")
        session.flush()
        _let_go(session.stop_file)
        if is_holder(root, session.session_id):
            _let_go(lease)


def _let_go(path: Path) -> None:
    """Remove a file if that is possible: a finished sweep does not fail for a lease that would soon be dead anyway."""
    with contextlib.suppress(OSError):
        discard(path)


def note(root: Path, session_id: str, kind: str, trial_id: str, message: str) -> None:
    """Log an event from a trial's own process, in a log of that process: two hosts never write one file."""
    log = EventLog(root, f"{session_id}.{socket.gethostname()}-{os.getpid()}")
    log.add(kind, trial_id, {"message": message})
    log.flush()


def is_holder(root: Path, session_id: str) -> bool:
    """True if the store's lease names this session, or if the file server does not say."""
    try:
        holder = json.loads((Layout(root).sessions / "lease.json").read_bytes())
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return bool(holder["session"] == session_id)


def running_trials(root: Path) -> set[str]:
    """Ids of the trials that a live driver has handed out."""
    lease = Layout(root).sessions / "lease.json"
    with contextlib.suppress(FileNotFoundError):
        holder = json.loads(lease.read_bytes())
        if _is_alive(lease, holder, time.time()):
            return set(holder["running"])
    return set()


def _acquire(lease: Path, session: Session) -> None:
    while not create(lease, session.lease_content()):
        try:
            seen = lease.read_bytes()
            holder = json.loads(seen)
            if _is_alive(lease, holder, clock_of(lease.parent)):
                raise StoreHeld(
                    f"{lease.parent.parent} is held by process {holder['pid']} on {holder['host']} (session "
                    f"{holder['session']}); stop it, or wait until it has finished, and run again"
                )
            if take_over(lease, seen, session.lease_content()):
                return
        except FileNotFoundError:
            continue


def _beat(lease: Path, session: Session, ended: threading.Event) -> None:
    """Renew the lease until the session ends, or until another driver has taken it for dead.

    A file server that fails is tried again; after STALE_SECONDS without success the lease counts as lost.
    """
    renewed = time.time()
    while not ended.wait(BEAT_SECONDS):
        session.flush()
        ours = is_holder(session.layout.root, session.session_id)
        if ours:
            with contextlib.suppress(OSError):
                renew(lease, lease.read_bytes(), session.lease_content())
                renewed = time.time()
        if not ours or time.time() - renewed > STALE_SECONDS:
            session.lost.set()
            session.when_lost()
            return


def clock_of(folder: Path) -> float:
    """The time by the clock that stamps files in this folder: on a shared folder the server's, not this machine's."""
    probe = folder / f".{uuid.uuid4().hex[:12]}.clock"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _this_process() -> dict[str, Any]:
    return {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid()}


def _boot() -> str:
    """Names this boot and this process namespace, within which a process id means something."""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _is_alive(lease: Path, holder: dict[str, Any], now: float) -> bool:
    here = _this_process()
    if (holder["host"], holder["boot"]) == (here["host"], here["boot"]):
        try:
            os.kill(holder["pid"], 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
    return now - lease.stat().st_mtime < STALE_SECONDS
