"""Tests of paired seeds and of paired examples, against other libraries' and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.mcnemar import mcnemar
from analysis.statistics.paired import RESAMPLES, SEED, bootstrap, paired_t


def test_paired_t_is_scipys():
    """Statistic, p and interval are those of scipy.stats.ttest_rel on each row."""
    random = np.random.default_rng(0)
    one, two = random.normal(size=(2, 3, 8))
    found = paired_t(one - two, 0.1)
    for row in range(3):
        expected = stats.ttest_rel(one[row], two[row])
        interval = expected.confidence_interval(0.9)
        assert (found.statistic[row], found.p[row]) == pytest.approx((expected.statistic, expected.pvalue))
        assert (found.low[row], found.high[row]) == pytest.approx((interval.low, interval.high))
        assert found.estimate[row] == pytest.approx((one[row] - two[row]).mean())


def test_bootstrap_is_that_of_a_plain_loop():
    """The matrix products give the share of resamples that a loop over the same draws counts."""
    differences = np.random.default_rng(0).normal(0.5, 1, size=9)
    draws = np.random.default_rng(SEED).multinomial(9, np.full(9, 1 / 9), size=RESAMPLES)
    t = differences.mean() / (differences.std(ddof=1) / 3)
    extreme = 0
    for counts in draws[:2_000]:
        drawn = np.repeat(differences - differences.mean(), counts)
        extreme += abs(drawn.mean()) >= abs(t) * drawn.std(ddof=1) / 3
    assert bootstrap(differences, 0.05).p == pytest.approx(extreme / 2_000, abs=0.03)


def test_bootstrap_rows_do_not_depend_on_each_other():
    """A row alone, in a stack and in a part of a large stack gives the same numbers, and the interval fits p."""
    differences = np.random.default_rng(1).normal(0.3, 1, size=(900, 8))
    whole, alone = bootstrap(differences, 0.05), bootstrap(differences[700], 0.05)
    for name in ("p", "low", "high"):
        assert getattr(whole, name)[700] == pytest.approx(float(getattr(alone, name)))
    excludes_zero = (whole.low > 0) | (whole.high < 0)
    assert (excludes_zero == (whole.p <= 0.05)).mean() > 0.995


def test_few_pairs_prove_nothing():
    """Three pairs, however far from zero, are never a finding of the bootstrap."""
    assert bootstrap(np.array([5.0, 5.1, 5.2]), 0.05).p > 0.05


def test_mcnemar_is_the_exact_binomial_test():
    """p and interval are those of scipy.stats.binomtest on the examples that differ."""
    only, only_other, examples = np.array([3, 40, 0, 0]), np.array([11, 12, 4, 0]), np.array([100, 100, 10, 10])
    found = mcnemar(only, only_other, examples, 0.05)
    for row in range(3):
        differ = int(only[row] + only_other[row])
        expected = stats.binomtest(int(only[row]), differ, 0.5)
        interval = expected.proportion_ci(0.95, "exact")
        assert found.p[row] == pytest.approx(expected.pvalue)
        ends = [(2 * end - 1) * differ / examples[row] for end in (interval.low, interval.high)]
        assert [found.low[row], found.high[row]] == pytest.approx(ends)
    assert found.estimate.tolist() == pytest.approx([-0.08, 0.28, -0.4, 0])
    assert (found.p[3], found.low[3], found.high[3]) == (1, 0, 0)
