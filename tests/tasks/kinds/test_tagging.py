"""Tags as a kind of answer: measured as seqeval does, example by example and together."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score

from tasks.kinds import KINDS
from tasks.tags import marks_entities

CLASSES = ("O", "B-A", "B-B-c", "I-A", "I-B-c")
TAGGING = KINDS["tagging"].of(CLASSES)
TEXTS = st.lists(
    st.lists(st.tuples(st.sampled_from(range(5)), st.sampled_from(range(5))), min_size=1, max_size=8),
    min_size=1,
    max_size=5,
)


def codes(texts: list[list[int]]) -> np.ndarray:
    """Tags of texts as an array."""
    return TAGGING.codes(pa.array(texts, pa.list_(pa.int16())), len(CLASSES))


@given(TEXTS)
def test_entities_are_measured_as_seqeval_does(texts: list[list[tuple[int, int]]]) -> None:
    """All texts together, and the F1 of each, whatever tags follow each other."""
    gold, said = ([[pair[side] for pair in text] for text in texts] for side in (0, 1))
    named = [[[CLASSES[tag] for tag in text] for text in one] for one in (gold, said)]
    found = TAGGING.measured(codes(gold), codes(said), len(CLASSES))
    qualities = TAGGING.quality(codes(gold), codes(said), 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of measures that are not defined without entities
        measures = (f1_score, precision_score, recall_score, accuracy_score)
        assert [*found.values()] == pytest.approx([measure(*named) for measure in measures])
        for quality, one, other in zip(qualities, *named, strict=True):
            assert quality == pytest.approx(f1_score([one], [other], zero_division=1))


def test_plain_tags_are_measured_word_by_word() -> None:
    """Parts of speech: the share of right words, of each text and of all; the headline is the accuracy."""
    kind = KINDS["tagging"].of(("NN", "O", "VB"))
    gold, said = np.array([[0, 1, 2], [2, -1, -1]]), np.array([[0, 1, 1], [0, -1, -1]])
    assert kind.metrics == ("accuracy",)
    assert kind.measured(gold, said, 3) == {"accuracy": 0.5}
    assert kind.quality(gold, said, 1.0).tolist() == [pytest.approx(2 / 3), 0.0]


def test_tags_mark_entities_if_all_do_but_those_outside() -> None:
    """O alone marks none; a tag such as B- has no type."""
    assert marks_entities(("O", "B-X"))
    assert not any(map(marks_entities, [("O",), ("O", "B-X", "NN"), ("B-", "O"), ("NN", "O")]))


def test_stored_tags_come_back() -> None:
    """Texts of different lengths, one of them without words."""
    texts = [[1, 2, 0], [], [4]]
    assert TAGGING.column(codes(texts)).to_pylist() == texts
