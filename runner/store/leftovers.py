"""Remove what dead processes left in a store: harmless, since no reader looks at it."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from runner.store.extra_files import extra_paths, owner_of
from runner.store.files.contract import ASIDE
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import commit_record, committed_ids

DEAD_SECONDS = 3600.0
"""An unfinished file this old has no writer. Should one wake up after all, its file is gone and its attempt fails."""


def sweep_leftovers(root: Path, now: float) -> int:
    """Remove unfinished files, rows of attempts that lost, failures that were overcome; how many files went.

    now: the time by the clock that stamps the store's files. Rows of an attempt stay until its trial has committed,
    whoever wrote them and however long ago: a writer that was only asleep may still commit them.
    """
    layout = Layout(root)
    dead = [*_unfinished(layout, now), *_lost_rows(layout), *_overcome(layout)]
    for path in dead:
        with contextlib.suppress(OSError):
            storage(path).discard(path)
    return len(dead)


def _unfinished(layout: Layout, now: float) -> Iterator[Path]:
    folders = [layout.root, *_entries(layout.root), *_entries(layout.checkpoints)]
    for path in (path for folder in folders for path in _entries(folder)):
        if ASIDE.fullmatch(path.name):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > DEAD_SECONDS:
                    yield path


def _lost_rows(layout: Layout) -> Iterator[Path]:
    """Of several attempts' files of a committed trial all but those that its record names."""
    rows = (path for path in _entries(layout.data) if path.name.count(".") == 2)
    attempts = {path: (path.name.split(".")[0], path.name.split(".")[1]) for path in rows}
    attempts |= {path: owner for path in extra_paths(layout) if (owner := owner_of(path))}
    rivals: dict[str, set[str]] = defaultdict(set)
    for trial_id, attempt in attempts.values():
        rivals[trial_id].add(attempt)
    for path, (trial_id, attempt) in attempts.items():
        if len(rivals[trial_id]) > 1:
            record = commit_record(layout.root, trial_id)
            if record is not None and record.attempt != attempt:
                yield path


def _overcome(layout: Layout) -> Iterator[Path]:
    failures = _entries(layout.failures)
    done = committed_ids(layout.root) if failures else set()
    return (path for path in failures if path.stem in done)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
