"""Damage at rest: every reader notices it, verify names it, repair sets it aside, and the same trials come back."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.store import reader
from runner.store.compaction import compacted
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.layout import Layout
from runner.store.repair import repair
from runner.store.verify import broken_invariants, findings
from runner.store.writer import freeze_plan, save_task
from tests.runner.store import mixed


def make(root: Path) -> None:
    """Three seeds compacted, a fourth in single files, a failure."""
    mixed.store(root, range(3), planned=range(4))
    compact(root)
    for spec in mixed.specs(range(3, 4)):
        mixed.committed(root, spec)


def run_again(root: Path) -> None:
    """What `run` does of a store's study: tasks, plan, and the trials that are missing."""
    trials = mixed.specs(range(4))
    for name in mixed.TASKS:
        save_task(root, mixed.task(name))
    freeze_plan(root, {"name": "mixed"}, [*trials, dataclasses.replace(trials[0], seed=99)])
    for spec in trials:
        mixed.committed(root, spec)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that is damaged."""
    root = tmp_path_factory.mktemp("kept") / "store"
    make(root)
    return root


@pytest.fixture
def store(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which nobody waits long for what another process may be about to write."""
    monkeypatch.setattr("runner.store.card.LOOK_SECONDS", 0.01)
    return Path(shutil.copytree(kept, tmp_path / "store"))


def read_all(root: Path) -> None:
    """Every record of a store."""
    reader.open_store(root)
    reader.commits(root)
    reader.frozen_plans(root)
    reader.task_cards(root)


def flip(path: Path, place: float = 0.4) -> None:
    """One bit of a file."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    """The second half of a file is gone."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


FILES: dict[str, Callable[[Layout], Path]] = {
    "generation": lambda layout: max(layout.compacted.iterdir()),
    "shared rows": lambda layout: min(layout.data.glob("compacted-*")),
    "rows": lambda layout: min(path for path in layout.data.iterdir() if not path.name.startswith("compacted-")),
    "commit": lambda layout: min(layout.commits.iterdir()),
    "votes": lambda layout: min(layout.votes.iterdir()),
    "card": lambda layout: layout.card,
    "plan": lambda layout: min(layout.plans.iterdir()),
    "task card": lambda layout: layout.task_card("toy"),
    "examples": lambda layout: layout.task_examples("toy"),
    "failure": lambda layout: min(layout.failures.iterdir()),
}
DAMAGES: dict[str, Callable[[Path], None]] = {"flip": flip, "cut": cut, "lose": lambda path: path.unlink()}
UNSEEN = {("failure", "lose"), ("commit", "lose"), ("plan", "lose")}
"""A failure says nothing of the rows; a log knows which trials committed, and these were made without one; and the only
plan is missed by its trials."""


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_damage_is_named_set_aside_and_made_good(store: Path, file: str, damage: str) -> None:
    """Verify names it; after repair and a run the store is sound, with the digest that it had; nothing is deleted."""
    before = digest(store)
    path = FILES[file](Layout(store))
    DAMAGES[damage](path)
    broken = broken_invariants(store)
    if (file, damage) not in UNSEEN - {("plan", "lose")}:
        assert broken
    there = path.read_bytes() if path.exists() else None
    done = repair(store)
    if there is not None:
        assert any(one.read_bytes() == there for one in done.folder.rglob("*") if one.is_file())
    run_again(store)
    assert broken_invariants(store) == []
    assert digest(store) == before
    compact(store)
    assert broken_invariants(store) == []
    assert digest(store) == before


def test_a_sound_store_is_left_as_it_is(store: Path) -> None:
    """Repair changes no file of it."""
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file() and "sessions" not in path.parts}
    done = repair(store)
    assert (done.voided, done.set_aside, done.left) == ((), (), ())
    assert {path: path.read_bytes() for path in before} == before


def test_trials_whose_rows_are_whole_stay(store: Path) -> None:
    """Of a shared file with a false footer note every trial's rows can still be read: none is voided."""
    path = FILES["shared rows"](Layout(store))
    content = path.read_bytes()
    assert b"parquet-cpp-arrow" in content
    path.write_bytes(content.replace(b"parquet-cpp-arrow", b"parquet-cpp-ARROW"))
    assert broken_invariants(store)
    before = {record.trial_id: record.rows_sha256 for record in reader.commits(store)}
    done = repair(store)
    assert done.voided == ()
    assert done.left == ()
    assert {record.trial_id: record.rows_sha256 for record in reader.commits(store)} == before


@pytest.mark.parametrize("file", ["generation", "commit", "plan", "task card", "card"])
def test_no_flipped_bit_of_a_record_passes(store: Path, file: str) -> None:
    """Bits all over the file, one at a time: whoever reads the record refuses it, in one line."""
    path = FILES[file](Layout(store))
    content = path.read_bytes()
    generator = random.Random(7)
    places = sorted(generator.sample(range(len(content)), min(len(content), 150)))
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << generator.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(StoreError) as refused:
            read_all(store)
        assert "\n" not in str(refused.value), place
        assert path.name in str(refused.value)
    path.write_bytes(content)
    assert broken_invariants(store) == []


def test_lost_compacted_records_stop_every_reader(store: Path) -> None:
    """The card knows that they were there: nobody answers without them, and a compaction sweeps nothing."""
    FILES["generation"](Layout(store)).unlink()
    rows = sorted(Layout(store).data.iterdir())
    for use in (reader.open_store, compact):
        with pytest.raises(StoreError, match=r"generation 1 \(18 trials\) are missing"):
            use(store)
    assert sorted(Layout(store).data.iterdir()) == rows


def test_a_compaction_sweeps_no_rows_that_no_record_names(store: Path) -> None:
    """Without the card, too, as in a store of an earlier version: rows of a generation that is lost stay."""
    FILES["generation"](Layout(store)).unlink()
    Layout(store).card.unlink()
    for path in Layout(store).commits.iterdir():
        path.unlink()  # they speak of the generation
    rows = {path.name for path in Layout(store).data.glob("compacted-*")}
    run_again(store)
    compact(store)
    kept = {path.name for path in Layout(store).data.glob("compacted-*")}
    # The trials were trained again, so that their rows are known once more and the old files may go; never before.
    assert kept.isdisjoint(rows)
    assert digest(store)


def test_rows_of_unknown_trials_stay_whatever_is_compacted(store: Path) -> None:
    """One trial of the lost generation is not made again: the file with its rows is kept, and named."""
    FILES["generation"](Layout(store)).unlink()
    Layout(store).card.unlink()
    rows = {path.name for path in Layout(store).data.glob("compacted-*")}
    compact(store)
    assert rows <= {path.name for path in Layout(store).data.iterdir()}
    assert any("no record names" in sentence for sentence in broken_invariants(store))


def test_a_generation_names_the_one_before(store: Path) -> None:
    """Count and hash of it stand in the next, so that an earlier one that was exchanged is noticed."""
    first = compacted.latest(Layout(store))
    compact(store)
    second = compacted.latest(Layout(store))
    assert second.number == 2
    assert second.before == first.described
    assert second.before is not None
    assert second.before.trials == 18
    assert broken_invariants(store) == []


def test_a_commit_says_what_was_compacted_before_it(store: Path) -> None:
    """So that a lost generation is noticed by the card's loss too."""
    record = reader.loose_commits(store)[mixed.specs(range(3, 4))[0].trial_id]
    assert record.before == compacted.latest(Layout(store)).described
    FILES["generation"](Layout(store)).unlink()
    Layout(store).card.unlink()
    assert any("generation 1 (18 trials) are missing" in sentence for sentence in broken_invariants(store))


def test_an_attempt_that_never_committed_is_a_remark(store: Path) -> None:
    """Its rows are named, and break nothing."""
    trial = mixed.specs(range(50, 51))[0]
    (Layout(store).data / f"{trial.trial_id}.0123456789ab.parquet").write_bytes(b"half")
    (remark,) = findings(store)
    assert remark.is_remark
    assert trial.trial_id in remark.sentence
    assert broken_invariants(store) == []
