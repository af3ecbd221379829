"""IMDB from files and from `datasets`."""

from __future__ import annotations

import datasets
import pytest

from tasks import imdb
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import open_task
from tasks.examples import split_sizes
from tasks.lengths import statistics, token_counts
from tests.tasks.conftest import shared

REVIEWS = {"train": 8, "test": 6}


def text_of(split, label, number):
    """One made-up review."""
    return f"{split} review {number} of {label} <br /> naïve"


@pytest.fixture
def small(monkeypatch):
    """A data set of a few reviews."""
    monkeypatch.setattr(imdb, "PUBLISHED", REVIEWS)
    monkeypatch.setattr(imdb, "SIZES", {"train": 6, "validation": 2, "test": 6})


@pytest.fixture
def folder(tmp_path):
    """The aclImdb layout, with files that are not labelled reviews beside it."""
    for split, size in REVIEWS.items():
        for label in ("neg", "pos"):
            place = tmp_path / "aclImdb" / split / label
            place.mkdir(parents=True)
            for number in range(size // 2):
                (place / f"{number}_{3 if label == 'neg' else 8}.txt").write_text(text_of(split, label, number))
    (tmp_path / "aclImdb" / "README").write_text("x")
    (tmp_path / "aclImdb" / "train" / "unsup").mkdir()
    (tmp_path / "aclImdb" / "train" / "unsup" / "0_0.txt").write_text("x")
    return tmp_path


@pytest.mark.usefixtures("small")
def test_folder_and_datasets_give_the_same_examples(folder, tmp_path):
    """The canonical order is by the text's hash, so ids do not depend on the copy."""
    from_files = imdb.load(folder)
    splits = {}
    for split, size in REVIEWS.items():
        pairs = [(text_of(split, label, n), int(label == "pos")) for n in range(size // 2) for label in ("pos", "neg")]
        splits[split] = datasets.Dataset.from_dict({"text": [p[0] for p in pairs], "label": [p[1] for p in pairs]})
    saved = tmp_path / "saved"
    datasets.DatasetDict(splits).save_to_disk(str(saved))
    assert imdb.load(saved).fingerprint == from_files.fingerprint
    assert split_sizes(from_files.examples) == {"train": 6, "validation": 2, "test": 6}
    assert from_files.split("validation")["label"].to_pylist().count(0) == 1


def test_a_part_is_refused(folder):
    """A copy without all reviews is refused with the numbers found."""
    with pytest.raises(TaskError, match=r"train 8, test 6 labelled reviews"):
        imdb.load(folder)


def test_lengths_of_the_paper():
    """Table 7: mean 268, median 201, shortest 8, longest 2,753 (counted from 0), deviation 197, 85 % at most 430."""
    copy = shared("imdb", "aclImdb_labelled.tar.xz")
    found = statistics(token_counts(open_task(TaskChoice(name="imdb", data=str(copy))).examples))
    assert (round(found["mean"]), found["median"], found["min"], found["max"] + 1) == (268, 201, 8, 2753)
    assert (round(found["std"]), found["p85"]) == (197, 430)


def test_no_connection_says_what_to_do(monkeypatch):
    """A data set that cannot be loaded is one clear message."""
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: (_ for _ in ()).throw(ConnectionError("no route")))
    with pytest.raises(TaskError, match="'stanfordnlp/imdb' could not be loaded: no route"):
        imdb.load(None)
