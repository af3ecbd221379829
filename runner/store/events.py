"""Event logs of a store: one JSON line an event, appended at once on a disk, in small parts in object storage."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.store.files.contract import LOG
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.time_now import time_now


class EventLog:
    """The log of one process, which no other process writes: `<name>.events.jsonl` in sessions/.

    What a full disk does not take is kept and put there later: results do not wait for what is said about them.
    Objects cannot be appended to: there the lines since the last `flush` are lost with their process, and the log's
    parts are `<name>.<nanoseconds>.events.jsonl`.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.folder = Layout(root).sessions
        self.name = name
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._is_new = True

    def add(self, kind: str, trial_id: str | None, facts: dict[str, Any]) -> None:
        """Take one event, from any thread."""
        line = {"time": time_now(), "event": kind}
        if trial_id is not None:
            line["trial_id"] = trial_id
        text = json.dumps({**line, **facts}) + "\n"
        with self._lock:
            self._waiting.append(text)
        if storage(self.folder).appends:
            with contextlib.suppress(OSError):
                self.flush()

    def flush(self) -> None:
        """Put what waits where others can read it; OSError if it cannot be put, and waits on."""
        with self._lock:
            text = "".join(self._waiting).encode()
            if text:
                storage(self.folder).append(self.folder / f"{self.name}{LOG}", text, is_new=self._is_new)
                self._is_new = False
            self._waiting.clear()


def events_of(root: Path, kind: str) -> list[dict[str, Any]]:
    """Every event of this kind that any process logged."""
    word = f'"event": "{kind}"'
    lines = (line for _, log in lines_of(root) for line in log if word in line)
    return [event for line in lines if (event := event_of(line)) is not None and event["event"] == kind]


def lines_of(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every log of a store, by name, with its lines; what is no file of its own says nothing, and verify names it."""
    there = sorted(Layout(root).sessions.glob(f"*{LOG}"))
    for path, log in storage(root).contents(there, skip_irregular=True):
        yield path, log.decode(errors="replace").splitlines()


def event_of(line: str) -> dict[str, Any] | None:
    """The event of one line of a log; None for one that a crash cut off, or that is damaged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = isinstance(event, dict) and all(isinstance(event.get(name), str) for name in ("time", "event"))
    return event if known else None
