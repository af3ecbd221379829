"""Compaction: few files, the same contents, and nothing lost or doubled whatever happens meanwhile."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.database import connect
from runner.store import reader, verify
from runner.store import rows as stored_rows
from runner.store.compaction import compact as compaction
from runner.store.compaction import compacted, sharing
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.files import storage
from runner.store.files.disk import Disk
from runner.store.files.disk_calls import DiskCalls
from runner.store.layout import Layout
from runner.store.schema import CommitRecord, Facts
from runner.store.status import status
from runner.store.trial_rows import TrialRows, coordinates
from runner.store.verify import broken_invariants
from runner.store.writer import commit
from tests.runner.store import mixed, samples, tampering


def data_files(root: Path) -> list[Path]:
    """Files of rows, by name."""
    return sorted(Layout(root).data.iterdir())


def content(root: Path) -> dict[str, bytes]:
    """Every file of a store with its bytes."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_one_file_for_a_hundred_trials(tmp_path: Path) -> None:
    """120 trials become a file of rows, one of votes and one of records, with digest and views as before."""
    samples.store(tmp_path, seeds=40)
    before, votes = digest(tmp_path), connect(tmp_path).execute("FROM majority_vote ORDER BY ALL").fetchall()
    done = compact(tmp_path)
    assert (done.trials, done.files_before, done.files_after) == (120, 240, 3)
    assert done.bytes_after < done.bytes_before / 5
    assert not list(Layout(tmp_path).commits.iterdir())
    assert digest(tmp_path) == before
    assert broken_invariants(tmp_path) == []
    assert status(tmp_path).committed == 120
    assert connect(tmp_path).execute("FROM majority_vote ORDER BY ALL").fetchall() == votes


def test_everything_a_store_may_hold_survives(tmp_path: Path) -> None:
    """Label sets, EL2N scores beside trials without, two splits: rows, records and failures come back as they were."""
    trials = mixed.store(tmp_path)
    before, records, rows = digest(tmp_path), reader.commits(tmp_path), TrialRows(tmp_path)
    held = {record.trial_id: rows.read(record) for record in records}
    compact(tmp_path)
    assert len(data_files(tmp_path)) == 2  # label sets are kept apart from labels
    after, rows = reader.commits(tmp_path), TrialRows(tmp_path)
    assert [record.model_copy(update={"files": ()}) for record in after] == [
        record.model_copy(update={"files": ()}) for record in records
    ]
    assert all(rows.read(record).equals(held[record.trial_id]) for record in after)
    assert rows.read(after[0], "train").num_rows == 10
    assert reader.commit_record(tmp_path, trials[0].trial_id) in after
    assert reader.commit_record(tmp_path, "nothing") is None
    assert list(reader.failures(tmp_path)) == [mixed.specs(range(99, 100))[0].trial_id]
    assert digest(tmp_path) == before
    assert broken_invariants(tmp_path) == []
    connection = connect(tmp_path)
    assert connection.execute("SELECT count(*) FROM predictions").fetchall() == [(18 * 30,)]
    assert connection.execute("SELECT count(*) FROM el2n").fetchall() == [(20,)]


def test_a_compacted_store_is_left_as_it_is(tmp_path: Path) -> None:
    """Compacting again changes no byte."""
    mixed.store(tmp_path)
    compact(tmp_path)
    before = content(tmp_path)
    assert compact(tmp_path).trials == 0
    assert content(tmp_path) == before


def test_a_cell_lies_in_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are sorted by cell, split, seed and example, and a row group begins with a cell or split when it can."""
    monkeypatch.setattr(sharing, "FEWEST_ROWS", 40)
    monkeypatch.setattr(sharing, "MOST_ROWS", 70)
    mixed.store(tmp_path, range(5))
    digests = [digest(tmp_path)]
    compact(tmp_path)
    keys = {record.trial_id: coordinates(record) for record in reader.commits(tmp_path)}
    for path in data_files(tmp_path):
        table = pq.read_table(path)
        columns = zip(*(table[name].to_pylist() for name in ("trial_id", "split", "example_id")), strict=True)
        places = [(*keys[trial][:4], split, keys[trial][4], example) for trial, split, example in columns]
        assert places == sorted(places)
        metadata = pq.read_metadata(path)
        sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
        assert sizes == [60, 40, 50] * 3
    digests.append(digest(tmp_path))
    assert digests[0] == digests[1]
    assert broken_invariants(tmp_path) == []


def test_a_trial_larger_than_a_row_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial whose rows fill several row groups is cut, and read back whole."""
    monkeypatch.setattr(sharing, "FEWEST_ROWS", 4)
    monkeypatch.setattr(sharing, "MOST_ROWS", 8)
    mixed.store(tmp_path)
    before = digest(tmp_path)
    compact(tmp_path)
    sizes = {pq.read_metadata(path).row_group(0).num_rows for path in data_files(tmp_path)}
    assert sizes == {8}
    assert digest(tmp_path) == before


def test_repeated_compactions_keep_files_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials that come in small portions join the file that is still small; full ones are never written again."""
    monkeypatch.setattr(compaction, "FEWEST_TRIALS", 10)
    monkeypatch.setattr(compaction, "WANTED_TRIALS", 20)
    samples.store(tmp_path, seeds=1)
    compact(tmp_path)
    full: set[str] = set()
    for seed in range(1, 12):
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5), ("mp-ai", 0.5)):
            samples.committed(tmp_path, samples.spec(method, sparsity, seed))
        compact(tmp_path)
        trials = 3 * (seed + 1)
        assert len(data_files(tmp_path)) <= -(-trials // 10)
        assert full <= {path.name for path in data_files(tmp_path)}
        sizes = {path.name: len(set(pq.read_table(path)["trial_id"].to_pylist())) for path in data_files(tmp_path)}
        full = {name for name, size in sizes.items() if size >= 10}
    assert len(compacted.generations(Layout(tmp_path))) == 2
    whole = tmp_path / "whole"
    samples.store(whole, seeds=12)
    assert digest(tmp_path) == digest(whole)


@pytest.mark.parametrize(
    ("trials", "expected"), [(99, [99]), (100, [100]), (199, [199]), (250, [250]), (640, [200] * 3)]
)
def test_files_hold_whole_cells_of_at_least_a_hundred_trials(tmp_path: Path, trials: int, expected: list[int]) -> None:
    """Cells of ten seeds fill files of 200 trials; a rest of fewer than 100 joins the file before it."""
    samples.committed(tmp_path, samples.spec())
    (record,) = reader.commits(tmp_path)
    rows = TrialRows(tmp_path)
    cells = [
        record.model_copy(
            update={"trial_id": f"{n}", "settings": record.settings | {"sparsity": n // 10 / 100, "seed": n % 10}}
        )
        for n in range(trials)
    ]
    sizes = [len(chunk) for chunk in compaction.chunks([sharing.Source(cell, rows) for cell in cells])]
    assert sum(sizes) == trials
    assert sizes == [*expected[:-1], trials - sum(expected[:-1])]


def late_writer(root: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> Any:
    """Commit a trial whose writer sleeps between its last look at the store and the creation of its record."""
    create = Disk.create

    def slow(disk: Disk, path: Path, content: bytes) -> bool:
        monkeypatch.setattr(Disk, "create", create)
        meanwhile()
        return create(disk, path, content)

    monkeypatch.setattr(Disk, "create", slow)
    return commit(root, samples.spec(), samples.rows(9), Facts(achieved_sparsity=0.0))


def test_a_writer_that_slept_through_a_compaction_loses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of its record is free again, yet it is told that it lost, nobody sees its rows, and nothing stays."""
    samples.save_task(tmp_path, samples.task())
    samples.freeze_plan(tmp_path, {"name": "late"}, [samples.spec()])
    states: list[dict[str, bytes]] = []

    def meanwhile() -> None:
        samples.committed(tmp_path, samples.spec())
        compact(tmp_path)
        states.append(content(tmp_path))

    assert late_writer(tmp_path, monkeypatch, meanwhile) is None
    assert content(tmp_path) == states[0]
    assert broken_invariants(tmp_path) == []


def test_a_late_writer_that_dies_as_it_commits_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record lies in commits/, but the compacted one counts for ever; the next compaction clears it away."""
    samples.store(tmp_path, seeds=1)
    before = digest(tmp_path)
    trial = samples.spec().trial_id
    layout = Layout(tmp_path)
    stray = layout.commit(trial).read_bytes()
    compact(tmp_path)
    clean = content(tmp_path)
    shutil.copy(data_files(tmp_path)[0], layout.data / f"{trial}.0123456789ab.parquet")
    layout.commit(trial).write_bytes(stray)
    tampering.rewrite(layout.commit(trial), lambda record: record.update(attempt="0123456789ab"))
    assert digest(tmp_path) == before
    assert broken_invariants(tmp_path) == []
    assert len(reader.commits(tmp_path)) == status(tmp_path).committed == 3
    assert "0123456789ab" not in {record.attempt for record in reader.commits(tmp_path)}
    assert commit(tmp_path, samples.spec(), samples.rows(9), Facts(achieved_sparsity=0.0)) is None
    compact(tmp_path)
    assert content(tmp_path) == clean


def test_a_commit_folded_before_its_writer_looks_again_has_won(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compaction right after the record's creation: the writer finds its own attempt folded, and reports success."""
    samples.save_task(tmp_path, samples.task())
    folded = compacted.folded_record

    def compact_first(layout: Layout, trial_id: str) -> Any:
        compact(tmp_path)
        return folded(layout, trial_id)

    monkeypatch.setattr(compacted, "folded_record", compact_first)
    record = commit(tmp_path, samples.spec(), samples.rows(), Facts(achieved_sparsity=0.0))
    assert record is not None
    assert [one.attempt for one in reader.commits(tmp_path)] == [record.attempt]


class Death(BaseException):
    """The process is gone."""


class Dying(DiskCalls):
    """A disk that serves so many changes, and none afterwards."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __getattribute__(self, name: str) -> Any:
        if name in vars(DiskCalls):
            if self.left <= 0:
                raise Death
            self.left -= 1
        return super().__getattribute__(name)


def test_death_at_every_step_leaves_a_whole_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever change is the last: the store is sound with the same digest, and compacting again finishes the work."""
    original = tmp_path / "original"
    mixed.store(original, range(1), planned=range(2))
    compact(original)
    for spec in mixed.specs(range(1, 2))[::3]:
        mixed.committed(original, spec)
    expected = digest(original)
    steps = 0
    for step in itertools.count():
        root = tmp_path / f"after-{step}"
        shutil.copytree(original, root)
        with monkeypatch.context() as patch:
            patch.setattr(storage, "DISK", Disk(Dying(step)))
            try:
                compact(root)
            except Death:
                steps += 1
            else:
                break
        assert digest(root) == expected
        assert broken_invariants(root) == []
        compact(root)
        assert len(data_files(root)) == 2
        assert digest(root) == expected
        shutil.rmtree(root)
    assert steps > 20


def test_two_compactions_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compaction overtaken by another throws its work away, and finds that nothing is left to do."""
    mixed.store(tmp_path)
    before = digest(tmp_path)
    publish = compacted.publish

    def overtaken(*arguments: Any) -> bool:
        monkeypatch.setattr(compacted, "publish", publish)
        assert compact(tmp_path).trials == 18
        return publish(*arguments)

    monkeypatch.setattr(compacted, "publish", overtaken)
    assert compact(tmp_path).trials == 0
    assert len(data_files(tmp_path)) == 2
    assert digest(tmp_path) == before


def at_once(*works: Callable[[threading.Event], None]) -> None:
    """Run these in threads, each until it returns or the event is set; the first exception of any is raised."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def run(work: Callable[[threading.Event], None]) -> None:
        try:
            work(ended)
        except BaseException as error:
            failures.append(error)
            ended.set()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.parametrize(("module", "function"), [(stored_rows, "file_hash"), (verify, "false_votes")])
def test_files_that_go_while_they_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, function: str
) -> None:
    """Two compactions take the file of rows away after verify has looked for it: it looks again, and all is well."""
    mixed.store(tmp_path, range(1), planned=range(3))
    compact(tmp_path)
    (first, *_), looks, checked = data_files(tmp_path), itertools.count(), getattr(module, function)

    def meanwhile(*given: Any) -> Any:
        if next(looks) == 0:
            for seed in (1, 2):
                for spec in mixed.specs(range(seed, seed + 1)):
                    mixed.committed(tmp_path, spec)
                compact(tmp_path)
            assert not first.exists()
        return checked(*given)

    monkeypatch.setattr(module, function, meanwhile)
    assert broken_invariants(tmp_path) == []
    assert next(looks) > 1


def test_compactions_commits_and_readers_at_once(tmp_path: Path) -> None:
    """While trials commit, two compactions in a loop and a reader: every look sees whole trials, never fewer ones."""
    mixed.store(tmp_path, range(1), planned=range(8))

    def commit_all(ended: threading.Event) -> None:
        for spec in mixed.specs(range(1, 8)):
            assert mixed.committed(tmp_path, spec) is not None
        ended.set()

    def compact_often(ended: threading.Event) -> None:
        while not ended.is_set():
            compact(tmp_path)

    def read_often(ended: threading.Event) -> None:
        seen = 0
        while not ended.is_set():
            query = "SELECT count(DISTINCT trial_id), count(*) FROM predictions"
            ((trials, rows),) = connect(tmp_path).execute(query).fetchall()
            assert rows == 30 * trials
            assert trials >= seen
            assert broken_invariants(tmp_path) == []
            seen = trials

    at_once(commit_all, compact_often, compact_often, read_often)
    compact(tmp_path)
    assert len(data_files(tmp_path)) == 2
    undisturbed = tmp_path / "undisturbed"
    mixed.store(undisturbed, range(8))
    assert digest(tmp_path) == digest(undisturbed)


def test_a_query_goes_on_when_its_files_are_compacted_away(tmp_path: Path) -> None:
    """A connection made before two compactions gives the same answers after them."""
    mixed.store(tmp_path, range(2))
    loose = connect(tmp_path)
    expected = loose.execute("FROM pie_rate ORDER BY ALL").fetchall()
    compact(tmp_path)
    first = connect(tmp_path)
    for spec in mixed.specs(range(2, 3)):
        mixed.committed(tmp_path, spec)
    compact(tmp_path)
    assert loose.execute("FROM pie_rate ORDER BY ALL").fetchall() == expected
    assert first.execute("FROM pie_rate ORDER BY ALL").fetchall() == expected


def test_a_question_is_answered_though_its_files_go_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DuckDB has read of a file, before a compaction takes it away, fits the file that is made again."""
    samples.store(tmp_path, seeds=2)
    question = "SELECT count(*), bit_xor(hash(trial_id, example_id, label)) FROM predictions"
    opened, opening, last = itertools.count(), CheckedFiles.open, 10**6

    def compacted_at_last(files: CheckedFiles, path: str) -> BufferedReader:
        if next(opened) == last:
            assert compact(tmp_path).trials == 6
        return opening(files, path)

    monkeypatch.setattr(CheckedFiles, "open", compacted_at_last)
    expected = connect(tmp_path).execute(question).fetchall()
    opened, last = itertools.count(), next(opened) * 2 // 3
    assert connect(tmp_path).execute(question).fetchall() == expected
    assert not list(Layout(tmp_path).commits.iterdir())


def test_a_file_that_is_made_again_has_the_bytes_that_it_had(tmp_path: Path) -> None:
    """Of one trial, and of many: rows that lie elsewhere by now are written as they were."""
    mixed.store(tmp_path, range(1), planned=range(2))
    mine = {one.files[0].path: [one] for one in reader.commits(tmp_path)}
    before = content(tmp_path)
    compact(tmp_path)
    shared: dict[str, list[CommitRecord]] = {}
    for one in reader.commits(tmp_path):
        shared.setdefault(one.files[0].path, []).append(one)
    before |= content(tmp_path)
    for spec in mixed.specs(range(1, 2)):
        mixed.committed(tmp_path, spec)
    compact(tmp_path)
    assert (len(mine), len(shared)) == (6, 2)
    for path, records in {**mine, **shared}.items():
        assert not (tmp_path / path).exists()
        assert sharing.written_anew(tmp_path, records) == before[path]


def test_rows_are_found_where_a_compaction_has_put_them(tmp_path: Path) -> None:
    """A record read before a compaction still leads to its trial's rows."""
    mixed.store(tmp_path)
    records, rows = reader.commits(tmp_path), TrialRows(tmp_path)
    compact(tmp_path)
    assert sum(rows.read(record).num_rows for record in records) == 18 * 30
    for path in data_files(tmp_path):
        path.unlink()
    with pytest.raises(FileNotFoundError):
        TrialRows(tmp_path).read(records[0])


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    path.write_bytes(bytes(damaged))


@pytest.mark.parametrize("damage", [flip, Path.unlink], ids=["flipped", "missing"])
def test_damaged_rows_are_not_folded(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Where a trial's rows are lost or not those it committed, compaction refuses and changes nothing."""
    samples.store(tmp_path)
    damage(data_files(tmp_path)[0])
    before = content(tmp_path)
    with pytest.raises((StoreError, OSError)):
        compact(tmp_path)
    assert content(tmp_path) == before


@pytest.mark.parametrize("damage", [flip, Path.unlink], ids=["flipped", "missing"])
def test_verify_names_a_damaged_shared_file_once(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A shared file that is damaged is one broken invariant, whatever number of trials it holds."""
    samples.store(tmp_path)
    compact(tmp_path)
    damage(data_files(tmp_path)[0])
    (broken,) = broken_invariants(tmp_path)
    assert broken.startswith("invariant 2")
    assert "and 5 others" in broken


def test_a_damaged_table_of_records_is_named(tmp_path: Path) -> None:
    """A compacted table of records that cannot be read is named, not taken for an empty one."""
    samples.store(tmp_path)
    compact(tmp_path)
    (path,) = Layout(tmp_path).compacted.iterdir()
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(StoreError, match="restore the file"):
        status(tmp_path)


def test_compaction_takes_no_more_bytes_a_prediction(tmp_path: Path) -> None:
    """Trials of 200,000 random three-class predictions take as many bytes as before, less than 0.25 each."""
    count = 200_000
    rows = {"split": pa.repeat(pa.scalar("train"), count), "example_id": pa.array(np.arange(count), pa.int32())}
    samples.save_task(tmp_path, samples.task())
    for seed in range(3):
        label = pa.array(np.random.default_rng(seed).integers(0, 3, count), pa.int16())
        commit(tmp_path, samples.spec(seed=seed), pa.table({**rows, "label": label}), Facts(achieved_sparsity=0.0))
    done = compact(tmp_path)
    votes = sum(path.stat().st_size for path in Layout(tmp_path).votes.iterdir())
    assert done.bytes_after - votes <= done.bytes_before
    assert done.bytes_after - votes < 0.25 * 3 * count
    assert votes < 0.5 * count
    metadata = pq.read_metadata(data_files(tmp_path)[0])
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [600_000]


def test_compaction_in_object_storage(tmp_path: Path) -> None:
    """A store that lies behind a URL is compacted, read and added to like one on a disk."""
    root = pytest.importorskip("upath").UPath(f"memory://{tmp_path.name}/store")
    mixed.store(root, range(1), planned=range(2))
    loose = connect(root)
    before = digest(root)
    assert compact(root).trials == 6
    assert digest(root) == before
    assert loose.execute("SELECT count(*) FROM predictions").fetchall() == [(180,)]
    for spec in mixed.specs(range(2)):
        assert (mixed.committed(root, spec) is not None) == (spec.seed == 1)
    assert compact(root).trials == 6
    assert broken_invariants(root) == []
    mixed.store(tmp_path / "on-disk", range(2))
    assert digest(root) == digest(tmp_path / "on-disk")


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    """A store that a later version laid out otherwise is neither read nor written."""
    samples.store(tmp_path)
    Layout(tmp_path).card.write_text('{"layout": 2}')
    before = content(tmp_path)
    for use in (status, broken_invariants, compact, connect):
        with pytest.raises(StoreError, match="has layout 2, this version of piesweep knows layouts up to 1"):
            use(tmp_path)
    with pytest.raises(StoreError, match="has layout 2"):
        samples.save_task(tmp_path, samples.task("another"))
    assert content(tmp_path) == before
