"""The contract of every registered task."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasks import TASKS
from tasks.base import SPLITS, TaskChoice
from tasks.catalogue import open_task
from tasks.examples import split_sizes
from tasks.kinds import KINDS
from tasks.metrics import accuracy, indicators, macro_f1
from tasks.mnist import DEBIAN
from tests.tasks.conftest import shared
from tests.tasks.glue_samples import BY_NAME, write_tsv
from tests.tasks.image_samples import images, write_binary
from tests.tasks.test_aapd import write_bits
from tests.tasks.test_conll2003 import write as write_conll
from tests.tasks.test_data_to_text import WRITERS
from tests.tasks.test_squad import write as write_squad

GOLDEN = {
    "movie-snippets": "56181fed8921f846",
    "reuters": "36b90d6c8bf6f1d5",
    "digits": "7e884ad0a5e4bd6f",
    "imdb": "3c2ffac79fddbc22",
    "snli": "5c3e45f965d0ca4f",
    "mnist": "d032c81a1662f6d0",
    "fashion-mnist": "bc605d9638216927",
}


def write_images(folder, name):
    """Twenty images of each class in the binary form of CIFAR."""
    classes = TASKS[name].class_count
    parts = {split: images(20 * classes, classes, (32, 32, 3)) for split in ("train", "test")}
    return write_binary(folder, parts, coarse=name == "cifar100")


SHARED = {
    "imdb": ("imdb", "aclImdb_labelled.tar.xz"),
    "reuters": ("reuters21578", "reuters21578.tar.xz"),
    "snli": ("snli",),
    "mnist": ("mnist",),
}
"""Tasks of which the published data lie beside the repository -> where."""
WRITTEN = {
    **{name: lambda folder, name: write_tsv(folder, BY_NAME[name]) for name in BY_NAME},
    "squad": lambda folder, _: write_squad(folder),
    "conll2003": lambda folder, _: write_conll(folder),
    **{name: lambda folder, name: WRITERS[name](folder) for name in WRITERS},
    "cifar10": write_images,
    "cifar100": write_images,
}
"""Tasks of which a small copy is written -> what writes it into a folder."""


@pytest.fixture(scope="module", params=TASKS)
def data(request, tmp_path_factory):
    """The examples of each task, from where they can be had."""
    name, copy = request.param, None
    if name == "aapd":
        copy = write_bits(tmp_path_factory.mktemp("aapd"), TASKS["aapd"].sizes)
    elif name in SHARED:
        copy = shared(*SHARED[name])
    elif name in WRITTEN:
        copy = WRITTEN[name](tmp_path_factory.mktemp("copy"), name)
    elif name == "fashion-mnist" and not DEBIAN.is_dir():
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    return open_task(TaskChoice(name=request.param, data=None if copy is None else str(copy)))


def test_declared_sizes_are_what_is_loaded(data):
    """Sizes and classes are those declared, unless a note says why not."""
    task = TASKS[data.task]
    assert len(data.classes) == task.class_count
    assert (data.kind, data.inputs, data.max_tokens) == (task.kind, task.inputs, task.max_tokens)
    if data.note:
        assert data.task in ("snli", *WRITTEN)
    elif task.sizes is not None:
        assert split_sizes(data.examples) == task.sizes


def test_examples_never_change(data):
    """Ids, texts and labels have the fingerprint they had when the splits were fixed."""
    if data.task in GOLDEN:
        assert data.fingerprint == GOLDEN[data.task]


def test_ids_number_the_rows_of_each_split(data):
    """example_id runs from 0 in every split, without gaps."""
    assert set(data.examples["split"].unique().to_pylist()) == set(SPLITS)
    for split in SPLITS:
        rows = data.split(split)
        assert rows["example_id"].type == pa.int32()
        assert np.array_equal(rows["example_id"].to_numpy(), np.arange(rows.num_rows))


def test_columns_have_their_types_and_no_gaps(data):
    """Inputs and labels have the types of the contract; no text is empty, no cell null."""
    inputs = {"text": ["text"], "pair": ["text", "text_pair"], "image": ["pixels"]}[data.inputs]
    for name in inputs:
        column = data.examples[name]
        assert column.null_count == 0
        if data.images is not None:
            assert column.type == pa.binary(data.images.bytes)
            continue
        assert column.type == (pa.list_(pa.float32()) if name == "pixels" else pa.string())
        if name == "pixels":
            values = column.combine_chunks().flatten()
            assert (pc.min(values).as_py(), pc.max(values).as_py()) == (0.0, 1.0)
            assert pc.unique(pc.list_value_length(column)).to_pylist() == [64]
        else:
            assert pc.min(pc.utf8_length(pc.utf8_trim_whitespace(column))).as_py() > 0


def test_labels_are_classes_and_gold_scores_one(data):
    """Labels are ascending indices of classes, every class is trained on, and gold against gold scores 1."""
    if data.kind == "single-label":
        labels = data.examples["label"]
        assert labels.type == pa.int16()
        assert set(data.split("train")["label"].to_pylist()) == set(range(len(data.classes)))
        assert set(labels.to_pylist()) == set(range(len(data.classes)))
        assert accuracy(data.split("test")["label"], data.split("test")["label"]) == 1.0
        return
    if data.kind != "multi-label":
        (gold,) = KINDS[data.kind].gold
        assert data.examples[gold].null_count == 0
        return
    lists = data.examples["labels"].to_pylist()
    assert data.examples["labels"].type == pa.list_(pa.int16())
    assert all(row == sorted(set(row)) and row for row in lists)
    assert {name for row in data.split("train")["labels"].to_pylist() for name in row} == set(range(len(data.classes)))
    marks = indicators(data.split("test")["labels"].to_pylist(), len(data.classes))
    assert macro_f1(marks, marks) == 1.0


def test_cards_are_complete():
    """Every task is registered under its name, with a source, a licence and a reference."""
    for name, task in TASKS.items():
        assert task.name == name
        assert all((task.title, task.source, task.licence, task.reference))


def test_the_registry_imports_nothing_heavy():
    """`import tasks` in a fresh process loads no torch, transformers, datasets or scikit-learn."""
    code = "import sys, tasks.catalogue; print({'torch','transformers','datasets','sklearn','ray'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
