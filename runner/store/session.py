"""Who is at work on a store: one driver holds its lease, and logs what happens, one JSON line an event."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.store.files import StoreError, create, replace
from runner.store.layout import Layout

BEAT_SECONDS = 5.0
STALE_SECONDS = 60.0
"""A lease whose file has not been touched for this long is dead, wherever its holder was."""


class StoreHeld(StoreError):
    """Another live driver holds the store."""


class Session:
    """A driver's hold on a store, its list of running trials and its event log."""

    def __init__(self, root: Path, session_id: str) -> None:
        self.layout = Layout(root)
        self.session_id = session_id
        self.running: set[str] = set()
        self.lost = threading.Event()
        self._log = self.layout.sessions / f"{session_id}.events.jsonl"
        self._lock = threading.Lock()

    @property
    def stop_file(self) -> Path:
        """While this file exists, running trials stop at their next checkpoint."""
        return self.layout.sessions / f"{self.session_id}.stop"

    def event(self, kind: str, trial_id: str | None = None, **facts: Any) -> None:
        """Append one line to the event log."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": kind}
        if trial_id is not None:
            line["trial_id"] = trial_id
        with self._lock, self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, **facts}) + "\n")

    def started(self, trial_id: str) -> None:
        with self._lock:
            self.running.add(trial_id)

    def ended(self, trial_id: str) -> None:
        with self._lock:
            self.running.discard(trial_id)

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
        session.stop_file.unlink(missing_ok=True)
        if _is_ours(lease, session):
            lease.unlink()


def running_trials(root: Path) -> set[str]:
    """Ids of the trials that a live driver has handed out."""
    lease = Layout(root).sessions / "lease.json"
    with contextlib.suppress(FileNotFoundError):
        holder = json.loads(lease.read_bytes())
        if _is_alive(lease, holder):
            return set(holder["running"])
    return set()


def _acquire(lease: Path, session: Session) -> None:
    while not create(lease, session.lease_content()):
        try:
            holder = json.loads(lease.read_bytes())
            if _is_alive(lease, holder):
                raise StoreHeld(
                    f"{lease.parent.parent} is held by process {holder['pid']} on {holder['host']} (session "
                    f"{holder['session']}); stop it, or wait until it has finished, and run again"
                )
            # Renaming is atomic: of several drivers that saw the dead lease, one takes it away.
            aside = lease.with_name(f".{uuid.uuid4().hex[:12]}.stale")
            lease.rename(aside)
            aside.unlink()
        except FileNotFoundError:
            continue


def _beat(lease: Path, session: Session, ended: threading.Event) -> None:
    """Renew the lease until the session ends, or until another driver has taken it for dead."""
    while not ended.wait(BEAT_SECONDS):
        if not _is_ours(lease, session):
            session.lost.set()
            return
        replace(lease, session.lease_content())


def _is_ours(lease: Path, session: Session) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return bool(json.loads(lease.read_bytes())["session"] == session.session_id)
    return False


def _this_process() -> dict[str, Any]:
    return {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid()}


def _boot() -> str:
    """Names this boot and this process namespace, within which a process id means something."""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _is_alive(lease: Path, holder: dict[str, Any]) -> bool:
    here = _this_process()
    if (holder["host"], holder["boot"]) == (here["host"], here["boot"]):
        try:
            os.kill(holder["pid"], 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
    return time.time() - lease.stat().st_mtime < STALE_SECONDS
