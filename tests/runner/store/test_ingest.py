"""Predictions made elsewhere: what is taken in, and what is refused before anything is written."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from runner.store import reader
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.ingest import ingest
from runner.store.layout import Layout
from runner.store.logged_twice import IngestError
from runner.store.schema import FrozenPlan, PlannedTrial
from runner.store.trial_rows import TrialRows
from runner.store.verify import broken_invariants
from tasks.base import TaskError, fingerprint_of
from tests.runner.store import tampering

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
    "pruned dense": (
        change(predictions(), 0, sparsity=0.5),
        examples(),
        r"unpruned models \(dense, dense-4e, finetuned\) have sparsity 0",
    ),
    "negative id": (predictions(), change(examples(), 0, example_id=-1), "example_id below 0"),
    "unequal seeds": (predictions()[:-6], examples(), "as many seeds .* seeds 2, dense_seeds 3"),
    "no dense": (predictions()[18:], examples(), "as many seeds .* dense_seeds 0"),
    "empty label": (change(predictions(), 0, label=None), examples(), "exactly one of label and labels"),
    "split dev": (
        [{**row, "split": "dev"} for row in predictions()],
        [{**row, "split": "dev"} for row in examples()],
        r"predictions: split is one of train, validation, test; rename it .*; found row 1, split dev",
    ),
    "split Test": (
        predictions(),
        change(examples(), 2, split="Test"),
        "examples: split is one of .* row 3, split Test",
    ),
    "label 0.5": (
        [{**row, "label": 0.5} for row in predictions()],
        [{**row, "label": 0} for row in examples()],
        r"p.parquet row 1: column 'label' holds 0.5; a class is a word, a whole number or a truth value",
    ),
    "label 1.5 among 1.0": (
        [{**row, "label": 1.0} for row in predictions()],
        change([{**row, "label": 1.0} for row in examples()], 3, label=1.5),
        r"e.parquet row 4: column 'label' holds 1.5",
    ),
    "label infinite": ([{**row, "label": float("inf")} for row in predictions()], examples(), "row 1: .* holds inf"),
    "label a struct": ([{**row, "label": {"a": 1}} for row in predictions()], examples(), "row 1: .* holds {'a': 1}"),
    "label binary": ([{**row, "label": b"a"} for row in predictions()], examples(), "row 1: .* holds b'a'"),
    "label a list": ([{**row, "label": ["a"]} for row in predictions()], examples(), "per example use labels"),
    "label empty text": (change(predictions(), 0, label=""), examples(), "exactly one of label and labels"),
    "seed 0.4": (
        [{**row, "seed": row["seed"] + 0.4} for row in predictions()],
        examples(),
        "row 1: column 'seed' holds 0.4; it must be a whole number",
    ),
    "seed True": ([{**row, "seed": True} for row in predictions()], examples(), "row 1: column 'seed' holds True"),
    "seed as text 1e1": (
        change([{**row, "seed": str(row["seed"])} for row in predictions()], 2, seed="1e1"),
        examples(),
        "row 3: column 'seed' holds '1e1'; it must be a whole number",
    ),
    "id 0.6": (
        predictions(),
        [{**row, "example_id": row["example_id"] + 0.6} for row in examples()],
        "e.parquet row 1: column 'example_id' holds 0.6; it must be a whole number",
    ),
    "id as text 1.6": (
        predictions(),
        change([{**row, "example_id": str(row["example_id"])} for row in examples()], 4, example_id="1.6"),
        "e.parquet row 5: column 'example_id' holds '1.6'; it must be a whole number",
    ),
    "id of floats beyond whole numbers": (
        predictions(),
        [{**row, "example_id": 2.0**60} for row in examples()],
        r"below 2\^53 where it is stored in floating point; else write it as text",
    ),
    "label in another case": (
        [{**row, "label": row["label"].upper()} for row in predictions()],
        examples(),
        "differ from the examples' in upper and lower case; write both alike; found row 1, predicted B, gold b",
    ),
    "id of words": (
        predictions(),
        [{**row, "example_id": f"doc-{row['example_id']}"} for row in examples()],
        "holds 'doc-0'; it must be a whole number .*; number the examples, and keep ids of another kind in a further",
    ),
    "sparsity True": ([{**row, "sparsity": True} for row in predictions()], examples(), "'sparsity' holds True"),
    "sparsity as words": (
        [{**row, "sparsity": "half"} for row in predictions()],
        examples(),
        "row 1: column 'sparsity' holds 'half'; it must be a number",
    ),
    "task a struct": ([{**row, "task": {"t": 1}} for row in predictions()], examples(), "'task' holds .* must be text"),
    "text a number": (predictions(), [{**row, "text": 0.5} for row in examples()], "'text' holds 0.5"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_rows_are_named_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    """Each kind of bad row is refused with the rule and the row, before the store exists."""
    given, known, message = BAD[case]
    with pytest.raises(TaskError, match=message):
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
    with pytest.raises(TaskError, match="row 1: column 'seed' holds 'one'; it must be a whole number"):
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


def sets(*written: Any) -> tuple[Rows, Rows]:
    """Predictions of a dense model, and examples, with these label sets."""
    known = [
        {"task": "m", "split": "test", "example_id": number, "labels": value} for number, value in enumerate(written)
    ]
    return [{**row, "model": "mine", "method": "dense", "sparsity": 0.0, "seed": 0} for row in known], known


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        (["['a, b', 'c']", "c"], [[0, 1], [1]]),
        (['["a, b", "c"]', "['a, b']|c"], None),
        (["['it\\'s', 'x']", '["it\'s"]'], [[0, 1], [0]]),
        (["[1, 2.0]", "2|10"], [[0, 1], [1, 2]]),
        (["[True, False]", "true"], [[0, 1], [1]]),
        (["a|b|a", ""], [[0, 1], []]),
        (["'a'|b", "[]"], [[0, 1], []]),
    ],
)
def test_lists_written_as_text(tmp_path: Path, written: list[str], labels: list[list[int]] | None) -> None:
    """Lists as Python or JSON writes them hold what they say, commas and quotes too; half a list is refused."""
    given, known = sets(*written)
    if labels is None:
        with pytest.raises(TaskError, match=r"row 2: column 'labels' holds .* which is no list as JSON"):
            take_in(tmp_path, given, known)
        return
    store = take_in(tmp_path, given, known)
    assert reader.task_data(store, "m").examples["labels"].to_pylist() == labels


@pytest.mark.parametrize(
    ("written", "suffix", "message"),
    [
        ([["a"], ["b", None]], ".parquet", "row 2: column 'labels' holds None in its list, which is no class"),
        ([["a"], ["", "b"]], ".jsonl", "row 2: column 'labels' holds '' in its list"),
        ([[1.0], [1.5]], ".parquet", "row 2: column 'labels' holds 1.5; a class is a word"),
        ([[["a"]]], ".parquet", "row 1: .* holds \\['a'\\] .*; a class is a word"),
        ([["a"], None], ".parquet", "every row of task 'm' needs exactly one of label and labels"),
        ([3, 4], ".parquet", "row 1: .* holds 3 .*; labels are lists of classes"),
        (["a", "a||b"], ".csv", r"row 2: .* holds 'a\|\|b', in which a label is empty"),
        (["a", "b|"], ".csv", "row 2: .* in which a label is empty"),
        (["[a, b]", "a"], ".csv", "row 1: .* which is no list as JSON or Python writes it"),
        (["['a' 'b']", "a"], ".csv", "row 1: .* which is no list as JSON or Python writes it"),
        (["['a', None]", "a"], ".csv", "row 1: .* in which None is no class"),
    ],
)
def test_lists_that_hold_no_classes(tmp_path: Path, written: list[Any], suffix: str, message: str) -> None:
    """Nothing in a list becomes a class None or '', and what is no list is not cut into labels."""
    with pytest.raises(TaskError, match=message):
        take_in(tmp_path, *sets(*written), suffix)
    assert not (tmp_path / "store").exists()


def test_equal_numbers_are_ordered_by_their_spelling(tmp_path: Path) -> None:
    """1, 01 and 001 are three codes, in one order whatever the order of rows."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    known = [{**row, "label": ["1", "01", "001"][row["example_id"] % 3]} for row in examples()]
    given = [{**row, "label": "1"} for row in predictions()]
    stores = [take_in(tmp_path / "one", given, known), take_in(tmp_path / "other", given[::-1], known[::-1])]
    assert {reader.task_data(store, "t").classes for store in stores} == {("001", "01", "1")}


@pytest.mark.parametrize(
    ("gold", "answers", "classes"),
    [
        ([1, 0], ["1.0", "0.0"], ("0", "1")),
        (["True", "False"], ["true", "false"], ("false", "true")),
        ([True, False], ["True", "False"], ("false", "true")),
        ([1.0, 0.0], [1, 0], ("0", "1")),
    ],
)
def test_numbers_and_truth_values_are_compared_by_value(
    tmp_path: Path, gold: list[Any], answers: list[Any], classes: tuple[str, ...]
) -> None:
    """A label that the two files spell differently is one class, and a right answer is right."""
    known = [{**row, "label": gold[row["example_id"] % 2]} for row in examples()]
    given = [{**row, "label": answers[row["example_id"] % 2]} for row in predictions()]
    ingest(tmp_path / "store", write(tmp_path / "p.csv", given), write(tmp_path / "e.parquet", known))
    data = reader.task_data(tmp_path / "store", "t")
    assert data.classes == classes
    rows = pq.read_table(next((tmp_path / "store" / "data").iterdir()))
    assert rows.sort_by("example_id")["label"].to_pylist() == data.examples["label"].to_pylist()


@pytest.mark.parametrize(
    ("ids", "suffix"),
    [
        ([1_900_000_000, 7, 1_999_999_999, 8, 2_000_000_001, 9], ".parquet"),
        ([9_223_372_036_854_775_806 + number for number in range(-5, 1)], ".parquet"),
        (["12345678901234567890123", "7", "9", "0010", "11.0", "+12"], ".csv"),
    ],
)
def test_ids_of_ones_own_are_numbered(tmp_path: Path, ids: list[Any], suffix: str) -> None:
    """Ids of any size are numbered 0, 1, 2 in their order; yours stay as text, and predictions follow them."""
    known = [{**row, "example_id": ids[row["example_id"]]} for row in examples()]
    given = [
        {**row, "example_id": ids[row["example_id"]], "label": "ab"[row["example_id"] % 2]} for row in predictions()
    ]
    store = take_in(tmp_path, given, known, suffix)
    found = reader.task_data(store, "t").examples
    order = sorted(range(6), key=lambda number: float(ids[number]))
    assert found["example_id"].to_pylist() == list(range(6))
    assert found["text"].to_pylist() == [f"No, {number}" for number in order]
    assert [float(one) for one in found["source_id"].to_pylist()] == sorted(map(float, ids))
    rows = pq.read_table(next((store / "data").iterdir())).sort_by("example_id")
    assert rows["label"].to_pylist() == found["label"].to_pylist()
    assert broken_invariants(store) == []


def test_ids_without_a_gap_stay(tmp_path: Path) -> None:
    """Where ids run from 0 there is no second column of them, and examples of a store of before are as they were."""
    store = take_in(tmp_path, predictions(), examples())
    assert reader.task_data(store, "t").examples.column_names == ["split", "example_id", "text", "label"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_further_columns_of_the_examples_stay(tmp_path: Path, suffix: str) -> None:
    """A group or rating of each example is kept beside it, whatever the order of rows, as the number it is."""
    known = [
        {**row, "group": f"g{row['example_id']}", "human_disagreement": row["example_id"] / 4} for row in examples()
    ]
    store = take_in(tmp_path, predictions(), known[::-1], suffix)
    found = reader.task_data(store, "t").examples
    assert found["group"].to_pylist() == [f"g{number}" for number in range(6)]
    assert found["human_disagreement"].to_pylist() == [number / 4 for number in range(6)]
    (tmp_path / "bare").mkdir()
    bare = take_in(tmp_path / "bare", predictions(), examples(), suffix)
    assert reader.committed_ids(store) == reader.committed_ids(bare)


def test_ids_of_a_task_that_the_store_has(tmp_path: Path) -> None:
    """Further predictions find the examples by the ids of the user's; other ids are another task."""
    known = [{**row, "example_id": 100 + row["example_id"]} for row in examples()]
    given = [{**row, "example_id": 100 + row["example_id"]} for row in predictions()]
    store = take_in(tmp_path, given, known)
    further = [{**row, "sparsity": 0.9} for row in given if row["method"] == "wanda"]
    take_in(tmp_path, further, known)
    assert len(reader.commits(store)) == 9
    moved = [{**row, "example_id": row["example_id"] + 1} for row in known]
    shifted = [{**row, "example_id": row["example_id"] + 1, "model": "other"} for row in given]
    with pytest.raises(StoreError, match=r"holds task 't' with other example ids \(1 of these"):
        take_in(tmp_path, shifted, moved)


def test_ids_that_an_earlier_version_kept(tmp_path: Path) -> None:
    """A task whose examples were kept with gaps in their ids takes further predictions under the same ids."""
    store = take_in(tmp_path, predictions(), examples())
    path = Layout(store).task_examples("t")
    old = pq.read_table(path)
    gaps = old.set_column(1, "example_id", pc.multiply(old["example_id"], pa.scalar(2, pa.int32())))
    pq.write_table(gaps, path)
    card = Layout(store).task_card("t")
    fingerprint = fingerprint_of(("a", "b", "c"), gaps, "text", "single-label")
    tampering.rewrite(card, lambda content: (content.update(fingerprint=fingerprint), content.pop("examples")))
    doubled = [{**row, "example_id": 2 * row["example_id"], "model": "new"} for row in predictions()]
    take_in(tmp_path, doubled, [{**row, "example_id": 2 * row["example_id"]} for row in examples()])
    (record, *_) = [record for record in reader.commits(store) if record.settings["model"] == "new"]
    assert pq.read_table(store / record.files[0].path)["example_id"].to_pylist() == [0, 2, 4, 6, 8, 10]


def test_samples_logged_twice_are_told_apart(tmp_path: Path) -> None:
    """A line a filter of an evaluation tool: the ids and the column that differs are named; else what to do."""
    twice = [{**row, "run": "r", "filter": name} for row in predictions() for name in ("strict", "flexible")]
    with pytest.raises(
        IngestError, match=r"\(36 such, of example_id 0, 1, 2, 3, 4, ...\). Column 'filter' tells"
    ) as one:
        take_in(tmp_path, twice, examples())
    assert "Column 'filter' tells such rows apart (flexible, strict): keep the rows of one of its values" in str(
        one.value
    )
    with pytest.raises(IngestError, match="No other column tells them apart: keep one of each"):
        take_in(tmp_path, [*predictions(), predictions()[0]], examples())
    assert not (tmp_path / "store").exists()


def test_whole_numbers_and_fractions_in_jsonl(tmp_path: Path) -> None:
    """A sparsity of 0 first and 0.5 far below is one column of numbers; an id of 1.6 far below is refused by row."""
    many = [{**row, "model": f"m{number}"} for number in range(9) for row in predictions()]
    store = take_in(tmp_path, [{**row, "sparsity": row["sparsity"] or 0} for row in many], examples(), ".jsonl")
    assert {record.settings["sparsity"] for record in reader.commits(store)} == {0.0, 0.5}
    with pytest.raises(TaskError, match=r"p\.jsonl row 201: column 'example_id' holds 1.6; it must be a whole number"):
        take_in(tmp_path, change(many, 200, example_id=1.6), examples(), ".jsonl")


@pytest.mark.parametrize("second", ["true", "[1]", "12345678901234567890123"])
def test_values_of_another_kind_in_jsonl_are_named(tmp_path: Path, second: str) -> None:
    """JSONL whose id is a whole number first and then another kind of value is refused with the line."""
    lines = [json.dumps(row) for row in predictions()]
    lines[2] = lines[2].replace('"example_id": 2', f'"example_id": {second}')
    (tmp_path / "p.jsonl").write_text("\n".join(lines))
    with pytest.raises(TaskError, match=r"p.jsonl line 3: column 'example_id' holds .*, where lines before hold whole"):
        ingest(tmp_path / "store", tmp_path / "p.jsonl", write(tmp_path / "e.csv", examples()))
    assert not (tmp_path / "store").exists()


def test_own_references_of_a_store_have_sparsity_0(tmp_path: Path) -> None:
    """An unpruned model under a name that a study of the store gave it is taken in, and refused in any other store."""
    longer = [row | {"method": "dense-6e", "sparsity": 0.0} for row in predictions() if row["method"] == "dense"]
    with pytest.raises(IngestError, match="strictly between 0 and 1"):
        take_in(tmp_path, [*predictions(), *longer], examples())
    planned = PlannedTrial(
        trial_id="0" * 16, parent_id=None, task="other", model="m", method="dense-6e", sparsity=0.0, seed=0
    )
    write_frozen(tmp_path / "store", planned)
    store = take_in(tmp_path, [*predictions(), *longer], examples())
    assert {
        record.settings["sparsity"] for record in reader.commits(store) if record.settings["method"] == "dense-6e"
    } == {0.0}
    pruned = [row | {"method": "dense-6e", "sparsity": 0.5} for row in predictions()]
    with pytest.raises(IngestError, match=r"unpruned models \(dense, dense-4e, finetuned, dense-6e\) have sparsity 0"):
        take_in(tmp_path, pruned, examples())


def write_frozen(root: Path, planned: PlannedTrial) -> None:
    """A plan of one trial in a store that has nothing else."""
    content = FrozenPlan(study={"name": "s"}, trials=(planned,)).model_dump(mode="json", exclude_defaults=True)
    path = Layout(root).plans / f"{reader.plan_name(content)}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def numbers(kind: str) -> tuple[Rows, Rows]:
    """Predictions and examples of a task of numbers, beside a task of classes where kind is mixed."""
    known = [
        {"task": "n", "split": "test", "example_id": at, "gold_value": at / 4, "text": f"No, {at}"} for at in range(4)
    ]
    given = [
        {"task": "n", "model": "mine", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": at, "value": at / 4 + sparsity * at}
        for method, sparsity in (("dense", 0.0), ("wanda", 0.5))
        for seed in range(2)
        for at in range(4)
    ]
    if kind == "alone":
        return given, known
    nothing = {"label": None, "value": None, "gold_value": None}
    return [nothing | row for row in given + predictions(2)], [nothing | row for row in known + examples()]


@pytest.mark.parametrize("kind", ["alone", "mixed"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_numbers_become_a_regression(tmp_path: Path, kind: str, suffix: str) -> None:
    """Values beside gold ones, with or without a task of classes in the same file, give sound rows of numbers."""
    store = take_in(tmp_path, *numbers(kind), suffix)
    assert not broken_invariants(store)
    data = reader.task_data(store, "n")
    assert (data.kind, data.classes) == ("regression", ())
    assert data.examples["gold_value"].to_pylist() == [0.0, 0.25, 0.5, 0.75]
    rows = TrialRows(store)
    found = {rows.read(one)["value"].to_pylist()[-1] for one in reader.commits(store) if one.settings["task"] == "n"}
    assert found == {0.75, 2.25}


BAD_NUMBERS = {
    "no number": (
        change(numbers("alone")[0], 0, value=None),
        numbers("alone")[1],
        "exactly one of label and labels, or of value",
    ),
    "no gold": (
        numbers("alone")[0],
        change(numbers("alone")[1], 1, gold_value=None),
        "labels, or of gold_value, .*; of 4 rows 0 have label",
    ),
    "infinite": (
        change(numbers("alone")[0], 2, value=float("inf")),
        numbers("alone")[1],
        "row 3: .* holds 'inf'; a regression",
    ),
    "constant": (
        numbers("alone")[0],
        [{**row, "gold_value": 1.0} for row in numbers("alone")[1]],
        "all gold values are 1.0",
    ),
    "classes as gold": (
        numbers("alone")[0],
        [{**row, "label": "a", "gold_value": None} for row in numbers("alone")[1]],
        "has label in the examples and value in the predictions; use label in both",
    ),
    "measures as labels": (
        [{**row, "example_id": at, "label": f"{at / 64}"} for row in predictions(1)[::6] for at in range(64)],
        [{**examples()[0], "example_id": at, "label": f"{at / 64}"} for at in range(64)],
        "labels that are fractions, such as .* give numbers as gold_value in the examples and as value in",
    ),
}


@pytest.mark.parametrize("case", BAD_NUMBERS)
def test_numbers_that_are_none_leave_no_trace(tmp_path: Path, case: str) -> None:
    """What is no number, or of no use as one, is refused by row before anything is written."""
    given, known, message = BAD_NUMBERS[case]
    with pytest.raises(TaskError, match=message):
        take_in(tmp_path, given, known, ".csv")
    assert not (tmp_path / "store").exists()


def test_a_column_called_value_stays_what_it_was_beside_labels(tmp_path: Path) -> None:
    """Beside labels nobody reads it, and gold_value is kept with the examples as any further column."""
    given = [{**row, "value": "high"} for row in predictions()]
    known = [{**row, "gold_value": row["example_id"] / 2} for row in examples()]
    store = take_in(tmp_path, given, known)
    data = reader.task_data(store, "t")
    assert data.kind == "single-label"
    assert data.examples["gold_value"].to_pylist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
