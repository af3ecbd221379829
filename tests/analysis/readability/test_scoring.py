"""Many texts: each distinct one once, in order, by one process or several."""

from __future__ import annotations

import os

import pyarrow as pa
import pytest

from analysis.readability import scoring
from analysis.readability.dictionary import ReadabilityError
from analysis.readability.formulas import SCORES
from analysis.readability.scoring import score_texts

TEXTS = ["A film.", "", "The longest sentence of these three is this one.", "A film.", "A film.", "Unbelievable!"]


def told():
    """A function to be told of progress, and what it was told."""
    seen: list[int] = []
    return seen.append, seen


def test_every_text_has_its_scores(textstat):
    """Rows stand in the order of the texts, copies with the scores of their like."""
    advance, seen = told()
    found = score_texts(pa.chunked_array([TEXTS[:2], TEXTS[2:]]), 1, advance)
    for name in SCORES:
        assert found[name].to_pylist() == [getattr(textstat, name)(text) for text in TEXTS]
    assert sum(seen) == len(TEXTS)


@pytest.mark.usefixtures("textstat")
def test_each_distinct_text_is_scored_once(monkeypatch):
    """A thousand copies cost as much as one."""
    asked = []
    monkeypatch.setattr(
        "analysis.readability.scoring.count", lambda texts, known: asked.extend(texts) or COUNT(texts, known)
    )
    assert score_texts(pa.chunked_array([TEXTS * 1000]), 1, lambda _: None).num_rows == 6000
    assert sorted(asked) == sorted(set(TEXTS))


COUNT = vars(scoring)["count"]


@pytest.mark.usefixtures("textstat")
def test_several_processes_give_the_same(monkeypatch):
    """Two processes, five batches: equal to one process and one batch, in order."""
    texts = pa.chunked_array([[f"Text number {number} is read by somebody." for number in range(50)]])
    alone = score_texts(texts, 1, lambda _: None)
    monkeypatch.setattr(scoring, "BATCH", 10)
    advance, seen = told()
    assert score_texts(texts, 2, advance).equals(alone)
    assert seen == [10, 10, 10, 10, 10]


def die(texts):
    """What a process does that the operating system kills."""
    os._exit(9)


def test_a_process_that_dies_is_told(monkeypatch):
    """The error says what happened and what to try; nothing hangs."""
    monkeypatch.setattr(scoring, "BATCH", 2)
    monkeypatch.setattr(scoring, "score_batch", die)
    with pytest.raises(ReadabilityError, match="--jobs 1"):
        score_texts(pa.chunked_array([TEXTS]), 2, lambda _: None)


def test_no_texts(textstat):
    """No texts, no rows, but all columns."""
    found = score_texts(pa.chunked_array([], pa.string()), 0, lambda _: None)
    assert (found.num_rows, found.column_names) == (0, list(SCORES))
    assert textstat is not None


def test_processes_are_started_where_they_pay(monkeypatch):
    """A few texts are scored here, many by as many processes as the machine has room for."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    assert [scoring._paying(size) for size in (0, 59_999_999, 60_000_000, 10**9)] == [1, 1, 2, 4]
