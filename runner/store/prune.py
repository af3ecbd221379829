"""Removing checkpoints that no missing trial needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import committed_ids, open_store, planned_trials
from runner.store.session import hold


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """Trials whose checkpoints were removed and kept, and the bytes of both."""

    removed: int
    removed_bytes: int
    kept: int
    kept_bytes: int


def prune_checkpoints(root: Path, *, dry_run: bool = False) -> Pruned:
    """Remove every checkpoint but those of planned trials that have not committed, and of their dense parents.

    dry_run: only count. StoreHeld while a driver is at work on the store, since it knows better what it needs.
    """
    layout = open_store(root)
    if dry_run:
        return _pruned(layout, dry_run=True)
    if not layout.checkpoints.is_dir():
        return Pruned(removed=0, removed_bytes=0, kept=0, kept_bytes=0)
    with hold(root) as session:
        pruned = _pruned(layout, dry_run=False)
        session.event("checkpoints-pruned", trials=pruned.removed, bytes=pruned.removed_bytes)
    return pruned


def _pruned(layout: Layout, *, dry_run: bool) -> Pruned:
    needed = needed_checkpoints(layout.root)
    sizes = {True: [0, 0], False: [0, 0]}
    for folder in list(layout.checkpoints.iterdir()) if layout.checkpoints.is_dir() else []:
        is_kept = folder.name in needed
        sizes[is_kept][0] += 1
        if not folder.is_symlink():  # of a link only the link goes
            sizes[is_kept][1] += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if not (is_kept or dry_run):
            storage(folder).discard_folder(folder)
    (removed, removed_bytes), (kept, kept_bytes) = sizes[False], sizes[True]
    return Pruned(removed=removed, removed_bytes=removed_bytes, kept=kept, kept_bytes=kept_bytes)


def needed_checkpoints(root: Path) -> set[str]:
    """Ids of the planned trials that have not committed, and of the trials that these start from."""
    done = committed_ids(root)
    missing = [trial for trial in planned_trials(root).values() if trial.trial_id not in done]
    parents = {trial.parent_id for trial in missing if trial.parent_id is not None}
    return {trial.trial_id for trial in missing} | parents
