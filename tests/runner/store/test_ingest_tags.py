"""Tags of words that were predicted elsewhere: what is taken in, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.relations.database import connect
from runner.store import reader
from runner.store.trial_rows import TrialRows
from runner.store.verify import broken_invariants
from tasks.base import TaskError
from tests.runner.store.test_ingest import Rows, change, predictions, take_in
from tests.runner.store.test_ingest import examples as sentences

WORDS = [["Ada", "met", "Bob"], ["Rain", "."]]
GOLD = [["B-PER", "O", "B-PER"], ["O", "O"]]
SAID = {0.0: [["B-PER", "I-PER", "B-PER"], ["O", "O"]], 0.5: [["O", "O", "B-LOC"], ["O", "B-PER"]]}


def examples() -> Rows:
    """Two texts."""
    return [
        {"task": "w", "split": "test", "example_id": at, "words": words, "gold_tags": tags}
        for at, (words, tags) in enumerate(zip(WORDS, GOLD, strict=True))
    ]


def tagged() -> Rows:
    """A dense and a pruned model, one seed."""
    return [
        {"task": "w", "model": "mine", "method": method, "sparsity": sparsity, "seed": 0, "split": "test"}
        | {"example_id": at, "tags": SAID[sparsity][at]}
        for method, sparsity in (("dense", 0.0), ("wanda", 0.5))
        for at in range(2)
    ]


def as_text(rows: Rows) -> Rows:
    """The rows with lists as a text has them."""
    return [{name: "|".join(one) if isinstance(one, list) else one for name, one in row.items()} for row in rows]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_tags_become_a_tagging_task(tmp_path: Path, suffix: str) -> None:
    """Lists, or text with bars, of a tag for each word: sound rows, O first among the classes, PIEs and quality."""
    rows = (tagged(), examples()) if suffix != ".csv" else (as_text(tagged()), as_text(examples()))
    store = take_in(tmp_path, *rows, suffix)
    assert not broken_invariants(store)
    data = reader.task_data(store, "w")
    assert (data.kind, data.classes) == ("tagging", ("O", "B-LOC", "B-PER", "I-PER"))
    assert data.examples["text"].to_pylist() == ["Ada met Bob", "Rain ."]
    assert data.examples["words"].to_pylist() == WORDS
    assert data.examples["gold_tags"].to_pylist() == [[2, 0, 2], [0, 0]]
    trials = {one.settings["sparsity"]: TrialRows(store).read(one)["tags"].to_pylist() for one in reader.commits(store)}
    assert trials == {0.0: [[2, 3, 2], [0, 0]], 0.5: [[0, 0, 1], [0, 2]]}
    connection = connect(store)
    query = "SELECT gold, correct, quality FROM predictions JOIN trials USING (trial_id) WHERE sparsity = 0"
    assert connection.execute(f"{query} ORDER BY example_id").fetchall() == [
        (GOLD[0], False, pytest.approx(2 / 4)),
        (GOLD[1], True, 1.0),
    ]
    assert connection.execute("SELECT is_pie FROM pies ORDER BY example_id").fetchall() == [(True,), (True,)]


def test_tags_come_beside_labels(tmp_path: Path) -> None:
    """One file has a task of classes and one of tags; a column called tags stays unread where there are labels."""
    known = [*({**row, "words": None, "gold_tags": None} for row in sentences()), *examples()]
    given = [*({**row, "tags": ["no", "tag"]} for row in predictions(1)), *tagged()]
    store = take_in(tmp_path, given, [{"label": None, "text": None} | row for row in known], ".jsonl")
    assert {name: card.kind for name, card in reader.task_cards(store).items()} == {"t": "single-label", "w": "tagging"}
    assert not broken_invariants(store)


BAD = {
    "too few": (
        change(tagged(), 1, tags=["O"]),
        examples(),
        "predictions: .* a tag for each word.* row 2, words 2, ta",
    ),
    "none": (change(tagged(), 1, tags=[]), examples(), "exactly one of label and labels, or of value, tags.* 3 have t"),
    "unequal gold": (tagged(), change(examples(), 0, gold_tags=["O"]), "as many gold_tags; found row 1, words 3, tag"),
    "no words": (tagged(), change(examples(), 0, words=None), "needs words, and as many gold_tags; found row 1"),
    "other marks": (change(tagged(), 1, tags=["O", "S-PER"]), examples(), "O, B-type or I-type; found row 2, tag S-PE"),
    "labels": ([{**row, "labels": ["O"]} for row in tagged()], examples(), "has gold_tags in the examples and labels"),
}


@pytest.mark.parametrize("case", BAD)
def test_tags_that_do_not_fit_leave_no_trace(tmp_path: Path, case: str) -> None:
    """Tags that are not one for each word, or mark entities in another way, are refused by row."""
    given, known, message = BAD[case]
    with pytest.raises(TaskError, match=message):
        take_in(tmp_path, given, known, ".jsonl")
    assert not (tmp_path / "store").exists()
