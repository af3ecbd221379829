"""What trials keep beside their rows: committed with them in one step, and looked after like them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.extras import Gathered
from runner.store import reader
from runner.store.compaction.compact import compact
from runner.store.digest import digest, recorded_digest
from runner.store.errors import StoreError
from runner.store.extra_files import read_extra
from runner.store.files import storage
from runner.store.layout import Layout
from runner.store.leftovers import sweep_leftovers
from runner.store.merge import MergeConflict, Merged, merge
from runner.store.prune import prune_checkpoints
from runner.store.repair import repair
from runner.store.schema import Facts
from runner.store.verify import broken_invariants, findings
from runner.store.writer import commit, freeze_plan, save_task
from tests.runner.store import samples
from tests.runner.store.races import raced

FAR = 10.0**12
MODEL = ("model",)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Six trials, each with a model."""
    samples.store(tmp_path / "store", extras=MODEL)
    return tmp_path / "store"


def extras(root: Path) -> list[str]:
    """Names of the files that lie in extras/."""
    folder = Layout(root).extras
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def named(root: Path) -> list[str]:
    """Names of the files of extras that commit records name."""
    return sorted(Path(file.path).name for record in reader.commits(root) for file in record.extras)


def test_a_trial_without_extras_is_committed_as_ever(tmp_path: Path) -> None:
    """No key more in its record, no folder, the id it always had, and no line of the digest."""
    (trial,) = samples.store(tmp_path, seeds=1)[:1]
    content = Layout(tmp_path).commit(trial.trial_id).read_bytes()
    assert b"extras" not in content
    assert not Layout(tmp_path).extras.exists()
    assert "extras" not in trial.settings()["record"]


def test_extras_are_part_of_the_record_and_of_the_digest(store: Path) -> None:
    """The bytes come back as they were given; equal stores with other extras have other digests."""
    for record in reader.commits(store):
        method, sparsity, seed = (record.settings[key] for key in ("method", "sparsity", "seed"))
        assert read_extra(store, record, "model") == f"model of {method} {sparsity} {seed}".encode()
    assert broken_invariants(store) == []
    before = digest(store)
    assert recorded_digest(store) == before
    other = store.parent / "other"
    trials = [trial for trial in samples.store(other, extras=MODEL) if trial.seed == 0]
    assert digest(other) == before
    third = store.parent / "third"
    save_task(third, samples.task())
    freeze_plan(third, {"name": "sample"}, trials)
    for trial in trials:
        changed = {"model": Gathered(b"another", "0" * 64)}
        assert commit(third, trial, samples.rows(), Facts(achieved_sparsity=0.0), changed)
    assert digest(third) != before


def test_exactly_what_a_trial_asks_for_is_committed(tmp_path: Path) -> None:
    """Neither more nor less than its spec names: nothing is written otherwise."""
    facts = Facts(achieved_sparsity=0.0)
    for trial, given in ((samples.spec(extras=MODEL), {}), (samples.spec(), {"model": Gathered(b"", "0" * 64)})):
        with pytest.raises(ValueError, match="keeps"):
            commit(tmp_path, trial, samples.rows(), facts, given)
    assert not (tmp_path / "data").exists()


def test_what_a_trial_has_not_kept_is_named(tmp_path: Path) -> None:
    """Who asks for the model of a trial without one is told which studies keep them."""
    samples.store(tmp_path, seeds=1)
    with pytest.raises(StoreError, match=r"has kept no model; trials of a study with record: \{model: true\} do"):
        read_extra(tmp_path, reader.commits(tmp_path)[0], "model")


def test_of_racing_attempts_one_keeps_its_extras(tmp_path: Path) -> None:
    """Of six attempts that commit one trial at the same moment the winner's files alone stay."""
    save_task(tmp_path, samples.task())
    trial, facts = samples.spec(extras=MODEL), Facts(achieved_sparsity=0.0)
    given = samples.kept(trial)
    found = raced([lambda n=n: commit(tmp_path, trial, samples.rows(n), facts, given) for n in range(6)])
    (winner,) = [record for record in found if record is not None]
    assert extras(tmp_path) == [Path(winner.extras[0].path).name]


def replaced_by_a_link(path: Path) -> None:
    """The same bytes, elsewhere."""
    shutil.move(path, path.parents[2] / "moved")
    path.symlink_to(path.parents[2] / "moved")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "another byte": (lambda path: path.write_bytes(b"X" + path.read_bytes()[1:]), "differs from its recorded checksum"),
    "longer": (lambda path: path.write_bytes(path.read_bytes() + b"X"), "differs from its recorded checksum"),
    "a link": (replaced_by_a_link, "no file of its own"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("compacted", [False, True])
def test_damage_is_named_and_repaired(store: Path, damage: str, compacted: bool) -> None:
    """Whoever reads it refuses, verify names the trial, repair voids it alone, and committing it again mends all."""
    before = digest(store)
    if compacted:
        compact(store)
    record = reader.commits(store)[2]
    path = store / record.extras[0].path
    break_it, said = DAMAGES[damage]
    break_it(path)
    with pytest.raises(StoreError):
        read_extra(store, record, "model")
    with pytest.raises(StoreError, match=record.trial_id):
        digest(store)
    assert any(record.trial_id in sentence and said in sentence for sentence in broken_invariants(store))
    with pytest.raises(StoreError, match="not sound"):
        merge(store.parent / "union", [store])
    done = repair(store)
    assert (done.voided, done.left) == ((record.trial_id,), ())
    assert not path.exists()
    assert not path.is_symlink()
    trials = {trial.trial_id: trial for trial in samples.store(store.parent / "again", extras=MODEL)}
    samples.committed(store, trials[record.trial_id])
    assert broken_invariants(store) == []
    assert digest(store) == before


def test_a_record_that_does_not_name_what_it_was_to_keep_is_broken(store: Path, tmp_path: Path) -> None:
    """Settings ask for a model, and the record names none: verify says so."""
    record = reader.commits(store)[0]
    path = Layout(store).commit(record.trial_id)
    storage.DISK.replace(path, record.model_copy(update={"extras": ()}).model_dump_json(exclude_defaults=True).encode())
    (said,) = [sentence for sentence in broken_invariants(store) if "beside" in sentence]
    assert f"trial {record.trial_id} was to keep model beside its rows, and its record names nothing" in said


def test_compaction_keeps_them(store: Path) -> None:
    """Records go into one table and still name the extras, which stay where they were."""
    before, files = digest(store), extras(store)
    compact(store)
    assert extras(store) == files == named(store)
    assert digest(store) == before
    assert broken_invariants(store) == []


def test_a_merge_brings_them(store: Path, tmp_path: Path) -> None:
    """They are copied before their trials are seen, whole again where a copy was cut off; merging again adds none."""
    half = Layout(tmp_path / "union").extras
    half.mkdir(parents=True)
    (half / extras(store)[0]).write_bytes(b"half")
    Layout(tmp_path / "union").tasks.mkdir()
    assert merge(tmp_path / "union", [store]) == Merged(added=6, unchanged=0)
    assert digest(tmp_path / "union") == digest(store)
    assert broken_invariants(tmp_path / "union") == []
    assert merge(tmp_path / "union", [store]) == Merged(added=0, unchanged=6)


def test_trials_with_equal_rows_and_other_extras_conflict(store: Path, tmp_path: Path) -> None:
    """The trial and the extra are named, and nothing is written."""
    trial, other = samples.spec(extras=MODEL), tmp_path / "other"
    save_task(other, samples.task())
    freeze_plan(other, {"name": "sample"}, [trial])
    facts = Facts(achieved_sparsity=0.0, weights="state-0")
    assert commit(other, trial, samples.rows(), facts, {"model": Gathered(b"another", "0" * 64)})
    with pytest.raises(MergeConflict, match=f"trial {trial.trial_id}: equal rows, and another model in"):
        merge(tmp_path / "union", [store, other])
    assert not (tmp_path / "union").exists()


def test_leftovers_of_lost_attempts_go(store: Path) -> None:
    """What another attempt kept goes once its trial has committed; of a trial that has not, it stays and is told of."""
    winner = reader.commits(store)[0].trial_id
    stranger = "0" * 16
    for owner in (winner, stranger):
        (Layout(store).extras / f"{owner}.{'0' * 12}.model.safetensors").write_bytes(b"late")
    (remark,) = findings(store)
    assert remark.is_remark
    assert stranger in remark.sentence
    assert sweep_leftovers(store, FAR) == 1
    assert [name for name in extras(store) if name not in named(store)] == [f"{stranger}.{'0' * 12}.model.safetensors"]
    (Layout(store).extras / f"{winner}.{'0' * 12}.model.safetensors").write_bytes(b"later")
    compact(store)
    assert len(extras(store)) == 7


def test_checkpoints_that_go_take_none_with_them(store: Path) -> None:
    """Extras are results and no checkpoints."""
    before = extras(store)
    prune_checkpoints(store)
    assert extras(store) == before


def test_an_extra_of_another_trial_is_not_taken(store: Path) -> None:
    """A record that names the file of another trial is broken, though the bytes are as recorded."""
    first, second = reader.commits(store)[:2]
    content = first.model_copy(update={"extras": second.extras}).model_dump_json(exclude_defaults=True).encode()
    storage.DISK.replace(Layout(store).commit(first.trial_id), content)
    assert any("is named for another attempt" in sentence for sentence in broken_invariants(store))
