"""Tasks of texts to be written: read from tables, several of one input together, and refused where one is empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks import files
from tasks.base import TaskChoice, TaskError
from tasks.overview import lines_of

CSV = 'mr,ref\n"name[A]","A is a place."\n"name[A]","There is A."\n"name[B]","B."\n"name[A]","A is a place."\n'


def texts(folder: Path, train: str = CSV, test: object = None, ending: str = ".csv", **fields: object) -> TaskChoice:
    """A task whose files hold these."""
    paths: dict[str, object] = {"train": str(folder / f"train{ending}"), "test": test}
    (folder / f"train{ending}").write_text(train)
    if test is None:
        paths["test"] = str(folder / f"test{ending}")
        (folder / f"test{ending}").write_text(train)
    return TaskChoice(**{"name": "mine", "text": "mr", "target": "ref", **paths, **fields})


def test_a_table_of_inputs_and_texts_is_a_task(tmp_path: Path) -> None:
    """Each row is learned; of other splits an input stands once, with all its references."""
    assert files.row_counts(texts(tmp_path)) == {"train": 4, "test": 2}
    assert files.row_counts(texts(tmp_path, test=0.5)) == {}
    data = files.load(texts(tmp_path))
    assert not any("repeat" in one for one in data.warnings)
    assert (data.kind, data.inputs, data.classes, data.metric, data.max_tokens) == (
        "generation",
        "text",
        (),
        "bleu",
        16,
    )
    assert data.split("train")["gold_texts"].to_pylist() == [
        ["A is a place."],
        ["There is A."],
        ["B."],
        ["A is a place."],
    ]
    test = data.split("test")
    assert test["text"].to_pylist() == ["name[A]", "name[B]"]
    assert test["gold_texts"].to_pylist() == [["A is a place.", "There is A."], ["B."]]
    assert lines_of(data)[0] == "task mine: train 4 (with 4 texts to be written); test 2 (with 3 texts to be written)"


def test_lists_of_references(tmp_path: Path) -> None:
    """As JSON has them."""
    rows = [{"mr": "a", "ref": ["one", "two"], "source": "x"}, {"mr": "b", "ref": ["three"], "source": "y"}]
    data = files.load(texts(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), ending=".jsonl"))
    assert data.split("test")["gold_texts"].to_pylist() == [["one", "two"], ["three"]]
    assert data.split("test")["source"].to_pylist() == ["x", "y"]


def test_held_out_inputs_are_not_learned(tmp_path: Path) -> None:
    """All texts of one input go to one side."""
    rows = "mr,ref\n" + "".join(f"input {at // 4},text {at}\n" for at in range(40))
    data = files.load(texts(tmp_path, rows, 0.2))
    train, test = (set(data.split(split)["text"].to_pylist()) for split in ("train", "test"))
    assert (len(train), len(test)) == (8, 2)
    assert not train & test
    assert [len(one) for one in data.split("test")["gold_texts"].to_pylist()] == [4, 4]


@pytest.mark.parametrize(
    ("train", "fields", "message"),
    [
        ("mr,ref\na,\nb,c\n", {}, "row 1: column 'ref' holds no text, or an empty one .1 such rows."),
        ("mr,ref\n,x\nb,c\n", {}, "row 1: column 'mr' is empty"),
        (CSV, {"label": "ref"}, "target is a text to be written after the one that text names"),
        (CSV, {"text": ("mr", "ref")}, "target is a text to be written after the one that text names"),
        (CSV, {"target": "reff"}, "has no column 'reff'; .* did you mean 'ref'"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, train: str, fields: dict[str, Any], message: str) -> None:
    """In one line, with the row or the key."""
    with pytest.raises(TaskError, match=message):
        files.load(texts(tmp_path, train, **fields))
