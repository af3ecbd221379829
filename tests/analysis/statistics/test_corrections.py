"""Corrections over a family, against worked examples and against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.corrections import CORRECTIONS

families = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bonferroni", [0.04, 0.12, 0.16, 0.02]),
        ("holm", [0.03, 0.06, 0.06, 0.02]),
        ("bh", [0.02, 0.04, 0.04, 0.02]),
    ],
)
def test_worked_example(name, expected):
    """Four p-values and what each correction makes of them, computed by hand."""
    assert CORRECTIONS[name](np.array([0.01, 0.03, 0.04, 0.005])) == pytest.approx(expected)


@given(families)
def test_holm_lies_between(p):
    """Never above Bonferroni, never below Benjamini-Hochberg, and all three keep the order of the p-values."""
    found = {name: correct(p) for name, correct in CORRECTIONS.items()}
    assert (found["bh"] <= found["holm"] + 1e-12).all()
    assert (found["holm"] <= found["bonferroni"] + 1e-12).all()
    for corrected in found.values():
        assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= -1e-12).all()
        assert ((p <= corrected + 1e-12) & (corrected <= 1)).all()


@given(families, families)
def test_families_are_corrected_row_by_row(one, two):
    """A stack of families gives what each gives alone."""
    size = min(len(one), len(two))
    stack = np.stack([one[:size], two[:size]])
    for correct in CORRECTIONS.values():
        assert np.allclose(correct(stack), [correct(row) for row in stack])
