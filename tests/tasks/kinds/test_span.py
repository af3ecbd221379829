"""The kind of spans: how answers are decided, kept and judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.kinds import KINDS
from tasks.kinds.span import Span

EXAMPLES = pa.table({"text_pair": ["The old cat sat.", "a\U0001f600b c"]})
GOLD = pa.array([[[4, 11], [8, 11]], [[4, 5]]], pa.list_(pa.list_(pa.int16())))
KIND: Any = KINDS["span"].about(EXAMPLES)
INF = np.inf


def scores(begins: list[list[float]], ends: list[list[float]]) -> np.ndarray:
    """Scores of the words of both texts."""
    return np.stack([np.array(begins), np.array(ends)], axis=-1)


def test_the_best_span_is_answered_in_characters() -> None:
    """Its end is no earlier than its beginning; a word that is not read, or no number, is never answered."""
    begins = [[0, 2, 9, 0, 0], [-INF, np.nan, 1, 0, -INF]]
    ends = [[0, 9, 4, 0, 0], [-INF, 9, 1, -INF, -INF]]
    assert KIND.decide(scores(begins, ends), 0.5).tolist() == [[8, 11], [2, 3]]
    nothing = np.full((2, 5, 2), -INF)
    assert KIND.decide(nothing, 0.5).tolist() == [[0, 3], [0, 1]]


def test_of_equal_spans_the_shortest_and_then_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """And none is longer than the longest."""
    assert KIND.decide(np.zeros((2, 5, 2)), 0.5).tolist() == [[0, 3], [0, 1]]
    begins, ends = [[9, 0, 0, 0, 0]] * 2, [[0, 0, 0, 9, -9]] * 2
    assert KIND.decide(scores(begins, ends), 0.5).tolist() == [[0, 15], [0, 5]]
    monkeypatch.setattr("tasks.kinds.span.LONGEST_ANSWER", 2)
    assert KIND.decide(scores(begins, ends), 0.5).tolist() == [[0, 3], [0, 1]]


def test_answers_and_gold_answers_come_back_as_they_were_stored() -> None:
    """Two numbers an answer; gold answers as many as there are."""
    codes = np.array([[8, 11], [0, 1]], np.int32)
    column = KIND.column(codes)
    assert column.type == Span.answer_type
    assert KIND.codes(column, 0).tolist() == codes.tolist()
    gold = KIND.codes(GOLD, 0)
    assert gold.tolist() == [[[4, 11], [8, 11]], [[4, 5], [-1, -1]]]
    assert KIND.questions(gold).tolist() == [[4, 11], [4, 5]]
    assert KIND.questions(codes) is codes


def test_an_answer_is_judged_by_the_best_gold_one() -> None:
    """Its text counts, in characters as Python has them, and not its place."""
    gold = KIND.codes(GOLD, 0)
    codes = np.array([[0, 11], [2, 5]], np.int32)
    assert KIND.texts(codes) == ["The old cat", "b c"]
    found = KIND.judgements(gold, codes)
    assert found["exact"].tolist() == [True, False]
    assert found["quality"] == pytest.approx([1.0, 2 / 3])
    assert KIND.quality(gold, codes, 1.0) == pytest.approx([1.0, 2 / 3])
    assert KIND.measured(gold, codes, 0) == {"f1": pytest.approx(5 / 6), "exact": 0.5}


@pytest.mark.parametrize("span", [[3, 17], [5, 4], [-1, 2]])
def test_what_is_no_part_of_its_passage_is_no_answer(span: list[int]) -> None:
    """Beyond its end, before its beginning, or turned round."""
    with pytest.raises(ValueError, match=r"is no span of a passage of 16 characters"):
        KIND.judgements(KIND.codes(GOLD, 0), np.array([span, [0, 1]]))


def test_without_examples_nothing_is_judged() -> None:
    """The kind says what to do first."""
    with pytest.raises(ValueError, match="ask the kind about the examples first"):
        KINDS["span"].measured(KIND.codes(GOLD, 0), np.array([[0, 1], [0, 1]]), 0)
