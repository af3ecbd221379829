"""Merging stores: their union, conflicts named before anything is written, nothing lost whatever happens."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from runner.store import reader
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.files import storage
from runner.store.files.disk import Disk
from runner.store.layout import Layout
from runner.store.merge import MergeConflict, Merged, merge
from runner.store.schema import Facts
from runner.store.session import StoreHeld, hold
from runner.store.verify import broken_invariants
from runner.store.writer import commit, freeze_plan, record_failure, save_task
from tests.runner.store import mixed, samples, tampering
from tests.runner.store.compaction.test_compact import Death, Dying, content


def two_clusters(folder: Path) -> tuple[Path, Path, str]:
    """Stores with seeds 0 and 1, and 1 and 2, of one study, and the digest of the study's whole store."""
    mixed.store(folder / "first", range(2), planned=range(3))
    mixed.store(folder / "second", range(1, 3), planned=range(3))
    mixed.store(folder / "whole", range(3))
    return folder / "first", folder / "second", digest(folder / "whole")


@pytest.mark.parametrize("compacted", [(), (0,), (1,), (0, 1)], ids=str)
def test_the_union_of_two_stores(tmp_path: Path, compacted: tuple[int, ...]) -> None:
    """Trials of both come in once, compacted or not; the digest is that of one store with all; sources stay."""
    *sources, whole = two_clusters(tmp_path)
    for number in compacted:
        compact(sources[number])
    before = [content(source) for source in sources]
    assert merge(tmp_path / "union", sources) == Merged(added=18, unchanged=0)
    assert [content(source) for source in sources] == before
    assert digest(tmp_path / "union") == whole
    assert broken_invariants(tmp_path / "union") == []
    assert reader.failures(tmp_path / "union").keys() == reader.failures(sources[0]).keys()
    assert len(reader.frozen_plans(tmp_path / "union")) == 1
    assert len(list((tmp_path / "union" / "data").iterdir())) == 2


def test_merging_into_one_of_them(tmp_path: Path) -> None:
    """The target may be one of the stores: what it lacks is added, and merging again changes no byte."""
    first, second, whole = two_clusters(tmp_path)
    assert merge(first, [second]) == Merged(added=6, unchanged=6)
    assert digest(first) == whole
    before = content(first)
    assert merge(first, [second, first]) == Merged(added=0, unchanged=18)
    assert content(first) == before


def test_a_plan_of_both_was_declared_when_it_was_first_frozen(tmp_path: Path) -> None:
    """Of two copies of a plan the earlier one stays, in whichever store it lies, and the order of plans with it."""
    first, second, _ = two_clusters(tmp_path)
    (plan,) = (second / "plans").iterdir()
    early = {"frozen_at": "2026-01-01T00:00:00.000+00:00"}
    tampering.rewrite(plan, lambda content: content.update(early))
    freeze_plan(first, {"name": "more"}, mixed.specs(range(1)))
    for target, sources in (
        (tmp_path / "new", [first, second]),
        (tmp_path / "other", [second, first]),
        (first, [second]),
    ):
        merge(target, sources)
        assert [one.study["name"] for one in reader.frozen_plans(target)] == ["mixed", "more"]
        assert reader.frozen_plans(target)[0].frozen_at == early["frozen_at"]
    before = content(first)
    assert merge(first, [second]).added == 0
    assert content(first) == before


def test_a_merged_store_grows_on(tmp_path: Path) -> None:
    """Commits and compactions go on in a merged store as in any other."""
    first, second, _ = two_clusters(tmp_path)
    merge(first, [second])
    freeze_plan(first, {"name": "more"}, mixed.specs(range(4)))
    for spec in mixed.specs(range(3, 4)):
        assert mixed.committed(first, spec) is not None
        assert mixed.committed(first, spec) is None
    compact(first)
    mixed.store(tmp_path / "larger", range(4))
    assert digest(first) == digest(tmp_path / "larger")
    assert broken_invariants(first) == []


def refused(tmp_path: Path, pattern: str) -> None:
    """Merging the stores a and b is refused with this message, and neither is touched."""
    before = content(tmp_path)
    with pytest.raises(MergeConflict, match=pattern):
        merge(tmp_path / "a", [tmp_path / "b"])
    with pytest.raises(MergeConflict, match=pattern):
        merge(tmp_path / "new", [tmp_path / "a", tmp_path / "b"])
    assert content(tmp_path) == before


def test_other_rows_of_a_trial_are_a_conflict(tmp_path: Path) -> None:
    """The trial is named with the hash of its rows in each store."""
    records = []
    for name, seed in (("a", 0), ("b", 1)):
        save_task(tmp_path / name, samples.task())
        freeze_plan(tmp_path / name, {"name": "sample"}, [samples.spec()])
        records.append(commit(tmp_path / name, samples.spec(), samples.rows(seed), Facts(achieved_sparsity=0.0)))
    hashes = [record.rows_sha256 for record in records if record is not None]
    refused(tmp_path, f"trial {samples.spec().trial_id}: rows {hashes[0]} in .*a, {hashes[1]} in .*b")


def test_children_of_another_state_are_a_conflict(tmp_path: Path) -> None:
    """A dense trial with equal rows but another trained state cannot stand for the parent of the other's children."""
    for name, state in (("a", "here"), ("b", "there")):
        save_task(tmp_path / name, samples.task())
        freeze_plan(tmp_path / name, {"name": "sample"}, [samples.spec()])
        facts = Facts(achieved_sparsity=0.0, weights=state)
        assert commit(tmp_path / name, samples.spec(), samples.rows(), facts) is not None
    refused(tmp_path, "trained state here in .*a, there in .*b")


def test_other_data_of_a_task_are_a_conflict(tmp_path: Path) -> None:
    """Both fingerprints are named."""
    save_task(tmp_path / "a", samples.task())
    save_task(tmp_path / "b", samples.task(kind="multi-label"))
    refused(tmp_path, f"task toy: fingerprint {samples.task().fingerprint} in .*a")


def test_other_settings_at_the_same_coordinates_are_a_conflict(tmp_path: Path) -> None:
    """Two studies that mean different trials by one place in the grid are refused, as running both would be."""
    import dataclasses

    longer = dataclasses.replace(samples.spec(), max_tokens=9)
    for name, spec in (("a", samples.spec()), ("b", longer)):
        save_task(tmp_path / name, samples.task())
        freeze_plan(tmp_path / name, {"name": name}, [spec])
    refused(tmp_path, f"toy, bilstm, dense, 0.0, 0, : trial {samples.spec().trial_id} in .*a, {longer.trial_id} in")


def test_the_later_failure_is_kept_until_the_trial_commits(tmp_path: Path) -> None:
    """Of two failures of one trial the later one comes in; a trial that one store committed has none."""
    trials = samples.store(tmp_path / "a", seeds=1)
    freeze_plan(tmp_path / "a", {"name": "more"}, [samples.spec(seed=1)])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    record_failure(tmp_path / "a", samples.spec(seed=1).trial_id, 1, "first")
    record_failure(tmp_path / "b", samples.spec(seed=1).trial_id, 2, "second")
    path = Layout(tmp_path / "b").failure(samples.spec(seed=1).trial_id)
    tampering.rewrite(path, lambda failure: failure.update(failed_at="2999-01-01T00:00:00.000+00:00"))
    record_failure(tmp_path / "b", trials[0].trial_id, 1, "overcome elsewhere")
    samples.save_task(tmp_path / "union", samples.task())
    merge(tmp_path / "union", [tmp_path / "a", tmp_path / "b"])
    assert {name: one["traceback"] for name, one in reader.failures(tmp_path / "union").items()} == {
        path.stem: "second"
    }


def test_a_target_with_a_driver_at_work_is_left_alone(tmp_path: Path) -> None:
    """A store that a live driver holds takes in nothing."""
    first, second, _ = two_clusters(tmp_path)
    with hold(first):
        before = digest(first)
        with pytest.raises(StoreHeld):
            merge(first, [second])
        assert digest(first) == before


def test_folders_that_are_no_stores_are_refused(tmp_path: Path) -> None:
    """Neither a source nor a target may be a folder with other things in it."""
    samples.store(tmp_path / "a", seeds=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear reader")
    for into, source in (("a", "other"), ("other", "a"), ("a", "absent")):
        with pytest.raises(StoreError, match=r"not a piesweep store|does not exist|other things in it"):
            merge(tmp_path / into, [tmp_path / source])
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["letter.txt"]


def test_death_at_every_step_of_a_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever change is the last: the target is sound, with none or all of the trials; merging again completes it."""
    samples.store(tmp_path / "source", seeds=1)
    whole = digest(tmp_path / "source")
    deaths = 0
    for step in itertools.count():
        root = tmp_path / f"after-{step}"
        with monkeypatch.context() as patch:
            patch.setattr(storage, "DISK", Disk(Dying(step)))
            try:
                merge(root, [tmp_path / "source"])
            except Death:
                deaths += 1
            else:
                break
        if Layout(root).tasks.is_dir():
            assert broken_invariants(root) == []
            assert len(reader.commits(root)) in (0, 3)
        shutil.rmtree(root / "sessions", ignore_errors=True)  # the lease of a process that is dead
        merge(root, [tmp_path / "source"])
        assert digest(root) == whole
        assert broken_invariants(root) == []
    assert deaths > 20


def test_other_metrics_of_a_task_are_a_conflict(tmp_path: Path) -> None:
    """What one store scores by accuracy and the other by Matthews would be scored by the one that is read first."""
    for name, metrics in (("a", ()), ("b", ("matthews",))):
        save_task(tmp_path / name, replace(samples.task(), metrics=metrics))
        freeze_plan(tmp_path / name, {"name": "sample"}, [samples.spec()])
        commit(tmp_path / name, samples.spec(), samples.rows(0), Facts(achieved_sparsity=0.0))
    refused(tmp_path, "scored by accuracy, macro-f1 in .*a, by matthews in .*b; run its study again")
