"""Commits: whole or not at all, and once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.store import reader
from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.rows import canonical, read_parquet, rows_hash, write_parquet
from runner.store.schema import Facts
from runner.store.writer import commit, record_failure, save_task
from tests.runner.store import samples


def test_second_attempt_changes_nothing(tmp_path: Path) -> None:
    """A second attempt at a committed trial is refused and leaves no file behind."""
    samples.committed(tmp_path, samples.spec())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert commit(tmp_path, samples.spec(), samples.rows(9), Facts(achieved_sparsity=0.0)) is None
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_one_of_many_racing_attempts_wins(tmp_path: Path) -> None:
    """Of eight attempts that commit one trial at the same moment exactly one is visible, and its file alone stays."""
    barrier = threading.Barrier(8)
    results = []

    def attempt(number: int) -> None:
        barrier.wait()
        results.append(commit(tmp_path, samples.spec(), samples.rows(number), Facts(achieved_sparsity=0.0)))

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [record for record in results if record is not None]
    (stored,) = reader.commits(tmp_path)
    assert stored == winner
    assert [path.name for path in Layout(tmp_path).data.iterdir()] == [Path(winner.files[0].path).name]


def test_exclusive_creation_leaves_no_trace_when_it_loses(tmp_path: Path) -> None:
    """Creating a file that exists keeps the old content and leaves nothing aside."""
    assert storage(tmp_path).create(tmp_path / "x", b"first")
    assert not storage(tmp_path).create(tmp_path / "x", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"first"


def test_commit_removes_the_failure_it_overcame(tmp_path: Path) -> None:
    """A trial that failed and then committed is no failure any more."""
    record_failure(tmp_path, samples.spec().trial_id, 1, "Traceback ...")
    assert list(reader.failures(tmp_path)) == [samples.spec().trial_id]
    samples.committed(tmp_path, samples.spec())
    assert reader.failures(tmp_path) == {}
    assert not Layout(tmp_path).failure(samples.spec().trial_id).exists()


def test_other_data_under_a_known_name_is_refused(tmp_path: Path) -> None:
    """A store keeps one version of a task: other data under its name are named and refused."""
    save_task(tmp_path, samples.task())
    other = samples.task(kind="multi-label")
    with pytest.raises(StoreError, match="other data for task 'toy'"):
        save_task(tmp_path, other)
    assert reader.task_data(tmp_path, "toy").fingerprint == samples.task().fingerprint


@given(st.permutations(range(samples.EXAMPLES)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    """Shuffled rows are stored, and hashed, as the same rows."""
    table = samples.rows(3)
    same = canonical(table.take(order), "t")
    assert same.equals(canonical(table, "t"))
    assert rows_hash(same) == rows_hash(canonical(table, "t"))


def test_rows_survive_their_file_bit_for_bit(tmp_path: Path) -> None:
    """Label sets (empty ones too), probabilities and missing EL2N come back from Parquet as they went in."""
    table = pa.table(
        {
            "split": ["test", "test", "train"],
            "example_id": pa.array([1, 0, 0], pa.int32()),
            "labels": pa.array([[], [0, 2], [1]], pa.list_(pa.int16())),
            "probabilities": pa.array([[0.1, 0.2, 0.3]] * 3, pa.list_(pa.float32())),
            "el2n": pa.array([None, None, 0.25], pa.float32()),
        }
    )
    rows = canonical(table, "t")
    file = write_parquet(rows, tmp_path / "data" / "x.parquet", tmp_path)
    assert read_parquet(tmp_path, file).equals(rows)


def test_a_prediction_takes_a_fifth_of_a_byte(tmp_path: Path) -> None:
    """A trial of 549,367 random three-class predictions takes at most 0.3 bytes each."""
    count = 549_367
    labels = np.random.default_rng(0).integers(0, 3, count)
    table = pa.table(
        {
            "split": pa.repeat(pa.scalar("train"), count),
            "example_id": pa.array(np.arange(count), pa.int32()),
            "label": pa.array(labels, pa.int16()),
        }
    )
    file = write_parquet(canonical(table, "t"), tmp_path / "data" / "x.parquet", tmp_path)
    assert file.bytes / count < 0.3
