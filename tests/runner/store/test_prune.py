"""Pruning checkpoints: only those go that no missing trial needs, and only while no driver is at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.store.compaction.compact import compact
from runner.store.layout import Layout
from runner.store.prune import Pruned, prune_checkpoints
from runner.store.session import StoreHeld, hold
from runner.store.writer import freeze_plan
from tests.runner.store import samples


def checkpoint(root: Path, trial_id: str, size: int) -> Path:
    """A trial's folder of checkpoints with one file of so many bytes."""
    path = Layout(root).checkpoint(trial_id) / "state.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(size))
    return path


@pytest.mark.parametrize("is_compacted", [False, True], ids=["loose", "compacted"])
def test_only_what_a_missing_trial_needs_is_kept(tmp_path: Path, is_compacted: bool) -> None:
    """Kept are the states of unfinished trials and of the dense parents that missing children start from."""
    samples.store(tmp_path)
    unfinished, child = samples.spec("mp-ai", 0.9, 0), samples.spec("imp-ft", 0.9, 1)
    freeze_plan(tmp_path, {"name": "more"}, [unfinished, child])
    if is_compacted:
        compact(tmp_path)
    own = checkpoint(tmp_path, unfinished.trial_id, 10)
    parent = checkpoint(tmp_path, samples.spec(seed=1).trial_id, 20)
    done = checkpoint(tmp_path, samples.spec(seed=0).trial_id, 300)
    unknown = checkpoint(tmp_path, "0123456789abcdef", 4000)
    expected = Pruned(removed=2, removed_bytes=4300, kept=2, kept_bytes=30)
    assert prune_checkpoints(tmp_path, dry_run=True) == expected
    assert done.exists()
    assert prune_checkpoints(tmp_path) == expected
    assert [path.exists() for path in (own, parent, done, unknown)] == [True, True, False, False]
    assert not done.parent.exists()
    assert prune_checkpoints(tmp_path) == Pruned(removed=0, removed_bytes=0, kept=2, kept_bytes=30)


def test_a_store_that_a_driver_holds_is_left_alone(tmp_path: Path) -> None:
    """A live driver is named, and every checkpoint stays."""
    samples.store(tmp_path)
    state = checkpoint(tmp_path, samples.spec().trial_id, 10)
    with hold(tmp_path), pytest.raises(StoreHeld, match="is held by process"):
        prune_checkpoints(tmp_path)
    assert state.exists()


def test_a_store_without_checkpoints_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing to remove: not even an event log is begun."""
    samples.store(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert prune_checkpoints(tmp_path).removed == 0
    assert sorted(tmp_path.rglob("*")) == before
