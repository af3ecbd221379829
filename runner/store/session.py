"""Hold a store's lease: one driver at a time, which logs what happens, one JSON line an event."""

from __future__ import annotations

import contextlib
import errno
import json
import math
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

from runner.store.errors import StoreError
from runner.store.events import EventLog
from runner.store.files.storage import storage
from runner.store.layout import Layout


def lease_seconds(text: str) -> float:
    """The seconds of PIESWEEP_LEASE_SECONDS. StoreError for what is no number of seconds, 1 or more."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds < math.inf:
        raise StoreError(
            f"PIESWEEP_LEASE_SECONDS is '{text}'; allowed is a number of seconds from 1 on, the same for all drivers "
            "of a store; unset it for 60"
        )
    return seconds


STALE_SECONDS = lease_seconds(os.environ.get("PIESWEEP_LEASE_SECONDS", "60"))
"""A lease whose file has not been touched for this long is dead, wherever its holder was: the same for all drivers."""
BEAT_SECONDS = STALE_SECONDS / 12
LEASE = "lease.json"
UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


class StoreHeld(StoreError):
    """Another live driver holds the store."""

    exit_status = 75


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
    """Hold the store as its only driver; StoreHeld names a live holder, a dead one's lease is taken over.

    StoreError for a folder that cannot be written.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    session = Session(root, f"{stamp}-{uuid.uuid4().hex[:6]}")
    lease = session.layout.sessions / LEASE
    try:
        _acquire(lease, session)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise StoreError(f"{root} cannot be written ({error.strerror}); give a store in a folder that can") from None
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
        storage(path).discard(path)


def note(root: Path, session_id: str, kind: str, trial_id: str, message: str) -> None:
    """Log an event from a trial's own process, in a log of that process: two hosts never write one file."""
    log = EventLog(root, f"{session_id}.{socket.gethostname()}-{os.getpid()}")
    log.add(kind, trial_id, {"message": message})
    log.flush()


def is_holder(root: Path, session_id: str) -> bool:
    """True if the store's lease names this session, or if the file server does not say."""
    try:
        holder = _holder(_read(Layout(root).sessions / LEASE))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return holder is not None and bool(holder["session"] == session_id)


def running_trials(root: Path) -> set[str]:
    """Ids of the trials that a live driver has handed out."""
    lease = Layout(root).sessions / LEASE
    with contextlib.suppress(FileNotFoundError):
        holder = _holder(_read(lease))
        if holder and _is_alive(lease, holder, time.time()):
            return set(holder["running"])
    return set()


def require_free(root: Path) -> None:
    """StoreHeld if a live driver holds the store now; nothing is taken, and in a new store nothing is made."""
    lease = Layout(root).sessions / LEASE
    with contextlib.suppress(FileNotFoundError):
        _refuse_living(lease, _holder(_read(lease)))


def _refuse_living(lease: Path, holder: dict[str, Any] | None) -> None:
    if _is_alive(lease, holder, clock_of(lease.parent)):
        raise StoreHeld(f"{lease.parent.parent} is held by {_described(holder)}")


def _acquire(lease: Path, session: Session) -> None:
    while not storage(lease).create(lease, session.lease_content()):
        try:
            seen = _read(lease)
            _refuse_living(lease, _holder(seen))
            if storage(lease).take_over(lease, seen, session.lease_content()):
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
                storage(lease).renew(lease, _read(lease), session.lease_content())
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


def _read(lease: Path) -> bytes:
    """A lease's bytes by one request, so that none can be renewed meanwhile. FileNotFoundError if there is none."""
    for _, content in storage(lease).contents([lease]):
        return content
    raise FileNotFoundError(lease)


def is_lease(content: bytes) -> bool:
    """True if a lease's bytes name its holder."""
    return _holder(content) is not None


def _holder(content: bytes) -> dict[str, Any] | None:
    """Who a lease names; None if it is broken, as by a power cut under a disk that had only promised to keep it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    wanted = {"session": str, "host": str, "boot": str, "pid": int, "running": list}
    is_whole = isinstance(found, dict) and all(isinstance(found.get(key), kind) for key, kind in wanted.items())
    return found if is_whole else None


def _described(holder: dict[str, Any] | None) -> str:
    if holder is None:
        return (
            f"somebody whose lease cannot be read (sessions/lease.json), and who was at work less than "
            f"{STALE_SECONDS:g} seconds ago; run again when these are over"
        )
    return (
        f"process {holder['pid']} on {holder['host']} (session {holder['session']}); stop it, or wait until it has "
        "finished, and run again"
    )


def _is_alive(lease: Path, holder: dict[str, Any] | None, now: float) -> bool:
    """Whether the holder is at work, by its process if that is one of this machine, else by the age of the lease."""
    here = _this_process()
    if holder and (holder["host"], holder["boot"]) == (here["host"], here["boot"]):
        try:
            os.kill(holder["pid"], 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
    return now - lease.stat().st_mtime < STALE_SECONDS
