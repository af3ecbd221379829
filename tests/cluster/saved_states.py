"""Checkpoints as they lie in a store: which trials have one, and how far each had come when it was written."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.store.layout import Layout
from runner.store.reader import committed_ids
from runner.trial.checkpoints import HEADER, STATE

LOOK_SECONDS = 0.05


def saved(store: Path, *, since: float = 0.0) -> set[str]:
    """Trials that have a checkpoint, written after that time (Unix seconds), and are not done."""
    found = set()
    for path in Layout(store).checkpoints.glob(f"*/{STATE}"):
        with suppress(FileNotFoundError):  # its trial has just ended
            if path.stat().st_mtime > since:
                found.add(path.parent.name)
    return found - committed_ids(store)


@contextmanager
def watched_progress(store: Path) -> Iterator[dict[str, list[tuple[int, int]]]]:
    """Look at the checkpoints all the time; yields by trial the epochs and the steps done in each one, as written."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    written: dict[Path, int] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            for path in Layout(store).checkpoints.glob(f"*/{STATE}"):
                with suppress(FileNotFoundError):  # its trial has just ended
                    at, progress = _when_and_progress(path)
                    if written.get(path) != at:
                        found[path.parent.name].append(progress)
                        written[path] = at

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        ended.set()
        looking.join()


def _when_and_progress(path: Path) -> tuple[int, tuple[int, int]]:
    """Of one file, though another takes its name meanwhile: safetensors opens a file twice."""
    with path.open("rb") as file:
        at = os.fstat(file.fileno()).st_mtime_ns
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    facts = json.loads(header["__metadata__"][HEADER])["facts"]
    return at, (int(facts["epoch"]), int(facts["steps"]))
