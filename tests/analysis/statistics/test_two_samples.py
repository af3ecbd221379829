"""Numbers on PIEs against numbers on the other examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.two_samples import mann_whitney, mean_difference_intervals, rank_bins, spearman


def test_auc_counts_pairs():
    """The share of pairs in which the member is larger, ties counting half."""
    members, others = np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.0])
    found = mann_whitney(members, others)
    assert found.auc == pytest.approx((0.5 * 1 + 1 * 1 + (0 + 1) + (1 + 1)) / 6)
    assert found.rank_biserial == pytest.approx(2 * found.auc - 1)


def test_intervals_cover_and_err_as_they_say():
    """Of 400 cells without a difference about 5 % have an interval that misses 0."""
    random = np.random.default_rng(0)
    values = random.exponential(size=600)
    members = random.random((400, 600)) < 0.2
    low, high = mean_difference_intervals(values, members, ~members, 0.95)
    observed = np.array([values[one].mean() - values[~one].mean() for one in members])
    assert ((low < observed) & (observed < high)).all()
    assert 0.03 <= ((low > 0) | (high < 0)).mean() <= 0.09


def test_an_interval_is_that_of_a_plain_loop():
    """The matrix products give, but for chance, the interval of one resample after the other."""
    random = np.random.default_rng(1)
    values, members = random.normal(size=200), random.random((1, 200)) < 0.3
    drawn = []
    for _ in range(2_000):
        at = random.integers(0, 200, 200)
        drawn.append(values[at][members[0, at]].mean() - values[at][~members[0, at]].mean())
    low, high = mean_difference_intervals(values, members, ~members, 0.95)
    assert [low[0], high[0]] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.04)


def test_spearman():
    """Perfect, absent and reversed order; the interval holds rho; what cannot be ranked has no number."""
    numbers = np.arange(40.0)
    assert spearman(numbers, numbers**3, 0.95)["rho"] == pytest.approx(1)
    assert spearman(numbers, -numbers, 0.95)["rho"] == pytest.approx(-1)
    noise = np.random.default_rng(0).normal(size=40)
    found = spearman(numbers, numbers + 10 * noise, 0.95)
    assert found["low"] < found["rho"] < found["high"]
    assert spearman(numbers, np.zeros(40), 0.95)["p"] is None
    assert spearman(numbers[:3], numbers[:3], 0.95)["p"] is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_ties_share_a_bin(values):
    """Equal numbers are never parted, larger ones lie in no lower bin, and different ones fill all bins equally."""
    numbers = np.array(values, float)
    bins = rank_bins(numbers, 10)
    assert all(len(set(bins[numbers == number])) == 1 for number in set(values))
    assert (np.diff(bins[np.argsort(numbers)]) >= 0).all()
    assert np.bincount(rank_bins(np.random.default_rng(0).permutation(100.0 * np.arange(50)), 10)).tolist() == [5] * 10
