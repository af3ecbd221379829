"""A store that an earlier version wrote is read as it was written, and grows on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analysis.relations.database import connect
from runner.store import reader
from runner.store.compaction.compact import compact
from runner.store.digest import digest, recorded_digest
from runner.store.layout import LAYOUT, Layout
from runner.store.status import status
from runner.store.verify import broken_invariants
from runner.store.writer import freeze_plan
from tests.runner.store import mixed

STORES = Path(__file__).parents[2] / "fixtures"
DIGEST = "9cc480b6b4007e82488745032b9c150f98ffe7c84550860df9c28a279c8726d7"
ROWS = {
    "trials": 18,
    "classes": 6,
    "examples": 60,
    "predictions": 540,
    "el2n": 20,
    "majority_vote": 180,
    "pies": 120,
    "pie_rate": 8,
    "effectiveness": 36,
    "accuracy_on_pies": 32,
    "completeness": 6,
}

every_layout = pytest.mark.parametrize("name", [f"store-v{number}" for number in range(1, LAYOUT + 1)])


@every_layout
def test_a_kept_store_says_what_it_said(name: str) -> None:
    """Digest, invariants, counts and rows of every view are those of the day on which it was written."""
    root = STORES / name
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert digest(root) == recorded_digest(root) == DIGEST
    assert broken_invariants(root) == []
    found = status(root)
    assert (found.planned, found.committed, found.failed) == (19, 18, 1)
    assert len(list(Layout(root).commits.iterdir())) == 6  # the others are in the compacted part
    connection = connect(root)
    assert {view: connection.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0] for view in ROWS} == ROWS
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@every_layout
def test_a_kept_store_grows_on(tmp_path: Path, name: str) -> None:
    """Its trials are known for committed, new ones join them, and a compaction folds both."""
    root = tmp_path / "store"
    shutil.copytree(STORES / name, root)
    assert reader.committed_ids(root) == {spec.trial_id for spec in mixed.specs(range(3))}
    freeze_plan(root, {"name": "more"}, mixed.specs(range(4)))
    for spec in mixed.specs(range(4)):
        assert (mixed.committed(root, spec) is not None) == (spec.seed == 3)
    compact(root)
    assert len(list(Layout(root).data.iterdir())) == 2
    assert broken_invariants(root) == []
    mixed.store(tmp_path / "anew", range(4))
    assert digest(root) == digest(tmp_path / "anew")
