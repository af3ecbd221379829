"""Spellings of one class."""

from __future__ import annotations

import itertools

import pytest

from tasks.spelling import in_order, respelled


@pytest.mark.parametrize(
    ("names", "known", "expected"),
    [
        (["1", "0"], (), {}),
        (["1.0", "0.0"], (), {}),
        (["1", "1.0", "+1"], (), {"1": "1", "1.0": "1", "+1": "1"}),
        (["1.50", "1.5"], (), {"1.50": "1.5", "1.5": "1.5"}),
        (["0", "-0"], (), {"0": "0", "-0": "0"}),
        (["True", "true", "FALSE"], (), {"True": "true", "true": "true"}),
        (["1", "01", "001"], (), {}),
        (["Positive", "positive"], (), {}),
        (["1.0", "true"], ("1", "True"), {"1.0": "1", "true": "True"}),
        (["1", "1e0", "1_0"], (), {}),
    ],
)
def test_numbers_and_truth_values(names, known, expected):
    """One number or truth value is one class, under its plain spelling or that of a known class; codes stay apart."""
    assert respelled(names, known) == expected


def test_order_is_total():
    """Numbers as numbers, equal ones by their spelling, whatever order they come in."""
    orders = {tuple(in_order(names)) for names in itertools.permutations(["10", "9", "1", "01", "001"])}
    assert orders == {("001", "01", "1", "9", "10")}
