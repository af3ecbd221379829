"""Bytes and times of kept networks: kept beside the trials, checked, and brought along by a merge."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runner.store import efficiency
from runner.store.digest import digest
from runner.store.efficiency import Efficiency, Size
from runner.store.errors import StoreError
from runner.store.layout import Layout
from runner.store.merge import merge
from runner.store.verify import broken_invariants

FIXTURE = Path(__file__).parents[2] / "fixtures" / "store-v1"
TRIAL = "022ea86c755e848a"


def measured(count: int) -> Efficiency:
    """So many bytes of one encoding."""
    sizes = (Size(encoding="csr", embeddings=True, bytes=count, fp32_bytes=400),)
    return Efficiency(trial_id=TRIAL, measured_at="2026-01-01T00:00:00.000+00:00", sizes=sizes)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy of the kept store."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "store"))


def test_the_last_measurement_of_a_trial_counts_and_changes_no_digest(store: Path) -> None:
    """Kept twice, read once; the store is as sound as before, with the digest of before."""
    before = digest(store)
    assert efficiency.kept(store) == []
    for count in (100, 90):
        efficiency.keep(store, "storage", measured(count))
    assert efficiency.kept(store) == [measured(90)]
    assert digest(store) == before
    assert not broken_invariants(store)


def test_damage_is_named(store: Path) -> None:
    """A changed digit, and a measurement under another trial's name: reading refuses both, verify names them."""
    path = efficiency.keep(store, "storage", measured(100))
    path.write_bytes(path.read_bytes().replace(b"100", b"101"))
    with pytest.raises(StoreError, match="does not have the hash that it names"):
        efficiency.kept(store)
    assert any("does not have the hash" in line for line in broken_invariants(store))
    efficiency.keep(store, "storage", measured(100)).rename(path.with_name(f"{'0' * 16}.storage.json"))
    with pytest.raises(StoreError, match=f"is of trial {TRIAL}"):
        efficiency.kept(store)
    assert any(f"is of trial {TRIAL}" in line for line in broken_invariants(store))


def test_a_merge_brings_measurements_along(store: Path, tmp_path: Path) -> None:
    """What the target has already stays."""
    target = Path(shutil.copytree(FIXTURE, tmp_path / "target"))
    efficiency.keep(store, "storage", measured(100))
    merge(target, [store])
    assert efficiency.kept(target) == [measured(100)]
    efficiency.keep(store, "storage", measured(50))
    merge(target, [store])
    assert efficiency.kept(target) == [measured(100)]
    assert Layout(target).efficiency in Layout(target).folders
