"""Table 7 of the PIE paper: what is counted, and how it compares with the published figures."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.data_sets import beside_published, published
from runner.models.words import split_words
from tasks import TASKS
from tasks.base import TaskChoice, TaskData
from tasks.catalogue import describe, open_task
from tasks.examples import examples_table
from tasks.lengths import token_counts
from tasks.statistics import counted_statistics, declared_statistics
from tests.tasks.conftest import shared

COPIES = {
    "reuters": ("reuters21578", "reuters21578.tar.xz"),
    "imdb": ("imdb", "aclImdb_labelled.tar.xz"),
}


TEXT = st.one_of(st.text(max_size=20), st.text("aB.,'\"();: \u00a0\x0b\x1c\u2003<br/>", max_size=20))


@given(st.lists(TEXT, min_size=1))
def test_tokens_are_the_words_that_networks_read(texts):
    """Lengths are counted by the very rules that split texts into words, whatever white space they hold."""
    for examples in (pa.table({"text": texts}), pa.table({"text": texts, "text_pair": texts[::-1]})):
        assert np.array_equal(token_counts(examples), split_words(examples).counts)


def test_counted():
    """Sizes, lengths over all splits, the power of two, classes and kind of a small task."""
    texts = {"train": ["one two three"] * 9, "test": [" ".join(["word"] * 20)]}
    splits = {split: {"text": found, "label": [0] * len(found)} for split, found in texts.items()}
    examples = examples_table(splits)
    data = TaskData(task="t", kind="single-label", inputs="text", classes=("a", "b"), max_tokens=4, examples=examples)
    assert counted_statistics(data) == {
        "train": 9,
        "validation": 0,
        "test": 1,
        "mean": 4.7,
        "median": 3.0,
        "min": 3,
        "max": 20,
        "std": 5.1,
        "p85": 3.0,
        "power_of_two": 8,
        "max_tokens": 4,
        "classes": 2,
        "kind": "single-label",
    }


def test_images_have_no_lengths():
    """A task without texts has its sizes and classes."""
    found = describe("digits")["statistics"]
    assert (found["train"], found["mean"], found["classes"]) == (1078, None, 10)


@pytest.mark.parametrize("task", ["imdb", "snli", "reuters", "aapd"])
def test_declared_figures_are_the_published_ones(task):
    """Sizes, classes, kind and maximum of tokens of the paper's four tasks, known before any data is here."""
    rows = {row["statistic"]: row for row in beside_published(task, declared_statistics(TASKS[task]))}
    known = ("train", "validation", "test", "classes", "kind", "max_tokens")
    assert [rows[name]["here"] for name in known] == [rows[name]["paper"] for name in known]
    assert rows["mean"]["here"] is None


@pytest.mark.parametrize("task", COPIES)
def test_counted_figures_are_the_published_ones(task):
    """Rounded as the paper rounds, every figure is the same, but for its maximum, which counts one more."""
    data = open_task(TaskChoice(name=task, data=str(shared(*COPIES[task]))))
    found, theirs = counted_statistics(data), published(task)
    rounded = found | {"mean": round(found["mean"]), "std": int(found["std"]), "max": found["max"] + 1}
    assert rounded == theirs


def test_a_task_of_ones_own_stands_alone():
    """Without a published data set of its name every difference is empty."""
    rows = beside_published("movie-snippets", declared_statistics(TASKS["movie-snippets"]))
    assert {row["paper"] for row in rows} == {row["difference"] for row in rows} == {None}
