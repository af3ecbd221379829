"""Predictions made elsewhere: what is taken in, and what is refused before anything is written."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from runner.store import reader
from runner.store.digest import digest
from runner.store.files import StoreError
from runner.store.ingest import IngestError, ingest
from runner.store.tabular import TableError
from runner.store.verify import broken_invariants
from tasks.base import TaskError

Rows = list[dict[str, Any]]


def examples() -> Rows:
    """Six sentences with a gold label."""
    return [
        {"task": "t", "split": "test", "example_id": number, "label": "ab"[number % 2], "text": f"No, {number}"}
        for number in range(6)
    ]


def predictions(seeds: int = 3) -> Rows:
    """A dense and a pruned cell that answer at random."""
    rng = random.Random(0)
    return [
        {
            "task": "t",
            "model": "mine",
            "method": method,
            "sparsity": sparsity,
            "seed": seed,
            "split": "test",
            "example_id": number,
            "label": rng.choice("abc"),
        }
        for method, sparsity in (("dense", 0.0), ("wanda", 0.5))
        for seed in range(seeds)
        for number in range(6)
    ]


def write(path: Path, rows: Rows) -> Path:
    """Write rows in the format of the path's extension."""
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        pa.csv.write_csv(pa.Table.from_pylist(rows), path)
    return path


def take_in(folder: Path, given: Rows, known: Rows, suffix: str = ".csv", **options: bool) -> Path:
    """Ingest rows through files into folder/store."""
    store = folder / "store"
    ingest(store, write(folder / f"p{suffix}", given), write(folder / f"e{suffix}", known), **options)
    return store


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_each_format_gives_the_same_store(tmp_path: Path, suffix: str) -> None:
    """CSV, Parquet and JSONL of the same rows, in any order, give sound stores of one digest."""
    (tmp_path / "shuffled").mkdir()
    (tmp_path / "plain").mkdir()
    shuffled = predictions()
    random.Random(1).shuffle(shuffled)
    one = take_in(tmp_path / "shuffled", shuffled, examples()[::-1], suffix)
    other = take_in(tmp_path / "plain", predictions(), examples(), ".parquet")
    assert broken_invariants(one) == []
    assert digest(one) == digest(other)
    assert {record.origin for record in reader.commits(one)} == {"ingested"}


def test_again_changes_nothing_and_more_adds(tmp_path: Path) -> None:
    """The same files again change no byte; a file with further trials adds them."""
    store = take_in(tmp_path, predictions(), examples())
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    take_in(tmp_path, predictions(), examples())
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
    further = [{**row, "sparsity": 0.9} for row in predictions() if row["method"] == "wanda"]
    take_in(tmp_path, further, examples())
    assert len(reader.commits(store)) == 9
    assert broken_invariants(store) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_label_sets(tmp_path: Path, suffix: str) -> None:
    """Label sets come in as lists, or in CSV as text; the empty set is a prediction like others."""
    sets: list[list[str]] = [["x", "y"], [], ["z"]]
    written = ["['y', 'x']", "", "z"] if suffix == ".csv" else sets
    known = [
        {"task": "m", "split": "test", "example_id": number, "labels": value} for number, value in enumerate(written)
    ]
    given = [
        {**row, "model": "mine", "method": method, "sparsity": sparsity, "seed": 0}
        for row in known
        for method, sparsity in (("dense", 0.0), ("imp", 0.5))
    ]
    store = take_in(tmp_path, given, known, suffix)
    data = reader.task_data(store, "m")
    assert data.kind == "multi-label"
    assert data.classes == ("x", "y", "z")
    assert data.examples.sort_by("example_id")["labels"].to_pylist() == [[0, 1], [], [2]]
    assert broken_invariants(store) == []


def test_numeric_labels_keep_their_order(tmp_path: Path) -> None:
    """Whole-number labels are ordered as numbers, so that a tie goes to 2 and not to 10."""
    known = [{**row, "label": [2, 10][row["example_id"] % 2]} for row in examples()]
    given = [{**row, "label": 10} for row in predictions()]
    store = take_in(tmp_path, given, known, ".parquet")
    assert reader.task_data(store, "t").classes == ("2", "10")


def change(rows: Rows, index: int, **values: Any) -> Rows:
    """The rows with one of them changed."""
    return [{**row, **values} if number == index else row for number, row in enumerate(rows)]


BAD: dict[str, tuple[Rows, Rows, str]] = {
    "duplicate prediction": ([*predictions(), predictions()[0]], examples(), "predicted once by a trial; found"),
    "duplicate example": (predictions(), [*examples(), examples()[0]], "may stand once"),
    "missing prediction": (predictions()[1:], examples(), "must predict every example .* predicted 5, examples 6"),
    "unknown example": (change(predictions(), 4, example_id=99), examples(), "does not have; found .* example_id 99"),
    "unknown task": (change(predictions(), 4, task="u"), examples(), "a task that the examples file does not have"),
    "percent": ([{**row, "sparsity": row["sparsity"] * 100} for row in predictions()], examples(), "between 0 and 1"),
    "pruned dense": (change(predictions(), 0, sparsity=0.5), examples(), "method 'dense' has sparsity 0"),
    "negative id": (predictions(), change(examples(), 0, example_id=-1), "example_id below 0"),
    "unequal seeds": (predictions()[:-6], examples(), "as many seeds .* seeds 2, dense_seeds 3"),
    "no dense": (predictions()[18:], examples(), "as many seeds .* dense_seeds 0"),
    "empty label": (change(predictions(), 0, label=None), examples(), "exactly one of label and labels"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_rows_are_named_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    """Each kind of bad row is refused with the rule and the row, before the store exists."""
    given, known, message = BAD[case]
    with pytest.raises(IngestError, match=message):
        take_in(tmp_path, given, known, ".parquet")
    assert not (tmp_path / "store").exists()


def test_unequal_seeds_can_be_allowed(tmp_path: Path) -> None:
    """Who asks for it gets cells of unequal seeds."""
    store = take_in(tmp_path, predictions()[:-6], examples(), allow_unequal_seeds=True)
    assert len(reader.commits(store)) == 5


def test_columns_are_checked_with_the_nearest_name(tmp_path: Path) -> None:
    """A missing column is named with the nearest there is; unknown types and missing files too."""
    renamed = [{("seeds" if key == "seed" else key): value for key, value in row.items()} for row in predictions()]
    with pytest.raises(TaskError, match=r"no column 'seed'.*; did you mean 'seeds'\?"):
        take_in(tmp_path, renamed, examples())
    with pytest.raises(TaskError, match="does not exist"):
        ingest(tmp_path / "store", tmp_path / "absent.csv", write(tmp_path / "e.csv", examples()))
    (tmp_path / "p.xls").write_text("")
    with pytest.raises(TaskError, match=r"unknown kind of file '\.xls'"):
        ingest(tmp_path / "store", tmp_path / "p.xls", tmp_path / "e.csv")
    with pytest.raises(TableError, match="one"):
        take_in(tmp_path, [{**row, "seed": "one"} for row in predictions()], examples())
    assert not (tmp_path / "store").exists()


def test_other_predictions_for_a_known_trial_are_refused(tmp_path: Path) -> None:
    """A trial that is there with other rows is never replaced."""
    store = take_in(tmp_path, predictions(), examples())
    before = digest(store)
    flipped = change(predictions(), 0, label="a" if predictions()[0]["label"] != "a" else "b")
    with pytest.raises(StoreError, match=r"already holds other predictions for .*'seed': 0"):
        take_in(tmp_path, flipped, examples())
    assert digest(store) == before
