"""Accuracy and macro-F1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics import f1_score

from tasks.metrics import accuracy, indicators, macro_f1

TABLES = array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda shape: st.tuples(arrays(np.bool_, shape), arrays(np.bool_, shape))
)


def test_accuracy_is_the_share_of_hits():
    """Three of four right is 0.75."""
    assert accuracy([0, 1, 2, 2], [0, 1, 2, 0]) == 0.75


@given(TABLES)
def test_macro_f1_agrees_with_scikit_learn(tables):
    """The same number as f1_score(average="macro", zero_division=0), for any tables."""
    gold, predicted = tables
    expected = f1_score(gold.astype(int), predicted.astype(int), average="macro", zero_division=0)
    if gold.shape[1] > 1:  # with one column scikit-learn takes the table for a binary task and averages over 0 and 1
        assert macro_f1(gold, predicted) == pytest.approx(expected)


def test_macro_f1_of_a_class_nobody_names_is_zero():
    """A class that is neither gold nor predicted counts 0 in the mean, as in the papers' tables."""
    assert macro_f1([[1, 0], [1, 0]], [[1, 0], [1, 0]]) == 0.5


def test_indicators_mark_the_listed_classes():
    """Lists of classes become rows of yes and no, the empty list a row of no."""
    assert indicators([[0, 2], []], 3).tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize(("gold", "predicted"), [([0, 1], [0]), ([], []), ([[0]], [[0]])])
def test_accuracy_refuses_other_shapes(gold, predicted):
    """Unequal, empty or two-dimensional input is an error, never a number."""
    with pytest.raises(ValueError, match="shape"):
        accuracy(gold, predicted)
