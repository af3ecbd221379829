"""The rated movie snippets."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
import pytest

from tasks import movie_snippets
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import open_task
from tasks.examples import split_sizes
from tasks.lengths import power_of_two, token_counts


@pytest.fixture(scope="module")
def data():
    """All snippets, from the fetched package."""
    return movie_snippets.load()


def test_sizes(data):
    """10,043 of the 10,605 snippets have a clear sentiment; half trains, a tenth validates, the rest tests."""
    assert split_sizes(data.examples) == {"train": 5022, "validation": 1004, "test": 4017}
    assert data.examples.num_rows == 10043


def test_labels_follow_the_ratings(data):
    """Positive means a mean rating above 0.5, negative one below -0.5; disagreement is kept."""
    mean, label = data.examples["rating_mean"].to_numpy(), data.examples["label"].to_numpy()
    assert (np.abs(mean) > 0.5).all()
    assert np.array_equal(label == 1, mean > 0)
    assert 0 < data.examples["rating_std"].to_numpy().mean() < 3


def test_every_split_has_the_same_share_of_positives(data):
    """Stratified to within one example."""
    whole = data.examples["label"].to_numpy().mean()
    for split, size in split_sizes(data.examples).items():
        assert abs(data.split(split)["label"].to_numpy().sum() - whole * size) <= 1


def test_copies_of_a_text_stay_in_one_split(data):
    """No text is in two splits, though some occur twice."""
    places = collections.defaultdict(list)
    for text, split in zip(data.examples["text"].to_pylist(), data.examples["split"].to_pylist(), strict=True):
        places[text].append(split)
    copies = [splits for splits in places.values() if len(splits) > 1]
    assert copies
    assert all(len(set(splits)) == 1 for splits in copies)


def test_texts_are_clean(data):
    """HTML entities are decoded and accents intact."""
    texts = data.examples["text"].to_pylist()
    assert not any("&amp;" in text for text in texts)
    assert any("clichés" in text for text in texts)


def test_max_tokens_is_the_papers_rule(data):
    """64 is the first power of two that leaves 85 % of the texts whole."""
    assert power_of_two(token_counts(data.examples)) == data.max_tokens == 64


def test_takes_no_copy():
    """The task fetches its own data, and says so."""
    with pytest.raises(TaskError, match="remove data"):
        movie_snippets.load(Path("x"))
    with pytest.raises(TaskError, match="remove data"):
        open_task(TaskChoice(name="movie-snippets", data="x"))
