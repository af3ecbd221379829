"""Splits held out from train by a fraction."""

from __future__ import annotations

import collections
import random

import datasets
import pyarrow as pa
import pytest

from runner.studies.checks import problems
from runner.studies.study import Study
from tasks import files
from tasks.base import TaskChoice, TaskError
from tasks.examples import split_sizes
from tasks.held_out import LABELS, hold_out, sizes
from tests.tasks.test_files import choice, write


def columns(labels):
    """Examples with these labels and texts of their own."""
    return {"train": {"text": pa.array([f"text {number}" for number in range(len(labels))]), LABELS: pa.array(labels)}}


def test_each_class_has_its_share():
    """A fifth of 100 examples has a fifth of each class; the rest stays in order."""
    labels = ["rare"] * 10 + ["common"] * 90
    held = hold_out("own", columns(labels), {"test": 0.2, "validation": 0.1})
    assert {split: len(one["text"]) for split, one in held.items()} == {"train": 70, "validation": 10, "test": 20}
    assert collections.Counter(held["test"][LABELS].to_pylist()) == {"rare": 2, "common": 18}
    kept = [int(text.as_py().split()[1]) for text in held["train"]["text"]]
    assert kept == sorted(kept)
    everything = [text for one in held.values() for text in one["text"].to_pylist()]
    assert sorted(everything) == sorted(columns(labels)["train"]["text"].to_pylist())


def test_the_examples_alone_decide():
    """Rows in another order give the same test split."""
    labels = ["a", "b", "c"] * 20
    order = list(range(60))
    random.Random(1).shuffle(order)
    whole = columns(labels)["train"]
    mixed = {"train": {name: values.take(pa.array(order)) for name, values in whole.items()}}
    first, second = (
        hold_out("own", one, {"test": 0.25})["test"]["text"].to_pylist() for one in ({"train": whole}, mixed)
    )
    assert sorted(first) == sorted(second)
    assert len(first) == 15


def test_several_labels():
    """Label sets are dealt out so that each class has its share."""
    labels = [["a", "b"], ["a"], ["b"], []] * 10
    held = hold_out("own", columns(labels), {"test": 0.5})
    counts = collections.Counter(name for row in held["test"][LABELS].to_pylist() for name in row)
    assert (len(held["test"]["text"]), counts) == (20, {"a": 10, "b": 10})


def test_a_study_gives_a_fraction(tmp_path):
    """`test: 0.4` of one file; the plan counts what is loaded, and warnings are about the splits that come of it."""
    rows = [{"text": f"text {number}", "label": "ab"[number % 2], "group": str(number)} for number in range(10)]
    path = write(tmp_path / "train.csv", rows)
    given = TaskChoice(name="own", train=str(path), test=0.4, text="text", label="label")
    data = files.load(given)
    assert files.row_counts(given) == split_sizes(data.examples) == {"train": 6, "test": 4}
    assert data.warnings == ()
    for row in data.examples.to_pylist():
        assert row["text"] == f"text {row['group']}"
    assert data.split("test")["example_id"].to_pylist() == [0, 1, 2, 3]
    assert files.load(given).fingerprint == data.fingerprint


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"test": 0.0}, "a fraction for test or validation .* between 0 and 1"),
        ({"test": 1.0}, "a fraction for test or validation .* between 0 and 1"),
        ({"test": float("nan")}, "a fraction for test or validation .* between 0 and 1"),
        ({"test": 0.5, "validation": 0.5}, "a fraction for test or validation .* between 0 and 1"),
        ({"test": 0.01}, "the fractions leave test without one of the 3 examples"),
        ({"test": 0.9}, "the fractions leave train without one of the 3 examples"),
    ],
)
def test_fractions_that_leave_nothing(fields, match, tmp_path):
    """Each split keeps an example, and so does train; told when a plan counts."""
    given = choice(tmp_path).model_copy(update=fields)
    with pytest.raises(TaskError, match=match):
        files.row_counts(given)


def test_sizes_are_rounded():
    """Each fraction of the rows, to the nearest; train has the rest."""
    assert sizes("own", 11, {"validation": 0.1, "test": 0.25}) == {"train": 7, "validation": 1, "test": 3}


def test_a_data_set_without_a_test_split(tmp_path):
    """A fraction of the train split stands for the one that is missing, in a study too."""
    part = datasets.Dataset.from_dict({"text": [f"t{i}" for i in range(10)], "label": ["a", "b"] * 5, "uid": range(10)})
    datasets.DatasetDict({"train": part}).save_to_disk(str(tmp_path / "saved"))
    given = TaskChoice(name="own", dataset=str(tmp_path / "saved"), text="text", label="label", test=0.2, id="uid")
    data = files.load(given)
    assert split_sizes(data.examples) == {"train": 8, "test": 2}
    assert [f"t{one}" for one in data.split("test")["source_id"].to_pylist()] == data.split("test")["text"].to_pylist()
    with pytest.raises(TaskError, match=r"has no column 'uuid'; .*did you mean 'uid'"):
        files.load(given.model_copy(update={"id": "uuid"}))
    for splits in ({}, {"train": "train"}):
        study = {"name": "x", "tasks": [{**given.model_dump(exclude_defaults=True), "splits": splits}]}
        study |= {"models": ["bilstm"], "methods": ["imp-ft"], "sparsities": [0.5], "seeds": 1}
        study |= {"training": {"epochs": 1, "batch_size": 2, "learning_rate": 1e-3}}
        assert problems(Study.model_validate(study)) == []
