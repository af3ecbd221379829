"""Tests of paired measurements: each pair is one seed, measured in two cells; and of seeds that are no pairs.

Each takes the differences, shape (..., pairs), and gives one result a row; the interval is two-sided whatever p is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from runner.studies.hypotheses import SWAPS, Alternative

Floats = NDArray[np.float64]

RESAMPLES = SWAPS
"""p-values of the bootstrap are multiples of 1 / 10,000."""
SEED = 20_250
CHUNK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Tested:
    """Estimates with their interval (confidence 1 - alpha, of each test alone), test statistic and p-value."""

    estimate: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats


def paired_t(differences: Floats, alpha: float, alternative: Alternative = "two-sided") -> Tested:
    """Student's t-test of the mean difference: t = mean / (s / sqrt(n)), n - 1 degrees of freedom.

    Assumes differences that are about normal, which is what bounds its error at a handful of seeds.
    """
    found = stats.ttest_1samp(differences, 0.0, axis=-1, alternative=alternative)
    both = found if alternative == "two-sided" else stats.ttest_1samp(differences, 0.0, axis=-1)
    interval = both.confidence_interval(1 - alpha)
    return Tested(
        estimate=differences.mean(axis=-1),
        low=np.asarray(interval.low),
        high=np.asarray(interval.high),
        statistic=np.asarray(found.statistic),
        p=np.asarray(found.pvalue),
    )


def welch_t(one: Sequence[float], other: Sequence[float], alpha: float, alternative: Alternative) -> Tested:
    """Welch's t-test of two means whose samples are independent, be their variances equal or not."""
    found = stats.ttest_ind(one, other, equal_var=False, alternative=alternative)
    both = found if alternative == "two-sided" else stats.ttest_ind(one, other, equal_var=False)
    interval = both.confidence_interval(1 - alpha)
    numbers = (np.mean(one) - np.mean(other), interval.low, interval.high, found.statistic, found.pvalue)
    estimate, low, high, statistic, p = (np.asarray(number, np.float64) for number in numbers)
    return Tested(estimate=estimate, low=low, high=high, statistic=statistic, p=p)


def together(tests: Sequence[Tested]) -> Tested:
    """Several results of one number each as one."""
    columns = (np.array([getattr(one, name) for one in tests]) for name in Tested.__dataclass_fields__)
    estimate, low, high, statistic, p = columns
    return Tested(estimate=estimate, low=low, high=high, statistic=statistic, p=p)


def bootstrap(differences: Floats, alpha: float, _: Alternative = "two-sided") -> Tested:
    """The same t, judged by the t of resampled seeds around the mean instead of by Student's distribution.

    t* = (mean* - mean) / (s* / sqrt(n)) over RESAMPLES draws of n pairs with replacement, the same draws for every
    row; p = (1 + #{|t*| >= |t|}) / (RESAMPLES + 1); interval: mean -+ q s / sqrt(n) for the (1 - alpha) quantile q of
    |t*|. A draw without spread counts as more extreme than any t: few pairs prove nothing, and below ten the error is
    less than nominal.
    Efron and Tibshirani 1993, An introduction to the bootstrap, sections 12.5 and 16.4.
    """
    rows = differences.reshape(-1, differences.shape[-1])
    pairs = rows.shape[-1]
    draws = np.random.default_rng(SEED).multinomial(pairs, np.full(pairs, 1 / pairs), size=RESAMPLES).T / pairs
    mean, error = rows.mean(axis=-1), rows.std(axis=-1, ddof=1) / np.sqrt(pairs)
    statistic = mean / error
    p, reach = np.empty_like(mean), np.empty_like(mean)
    for start in range(0, len(rows), step := max(1, CHUNK // RESAMPLES)):
        part = slice(start, start + step)
        drawn = _resampled_t(rows[part] - mean[part, None], draws)
        p[part] = (1 + (drawn >= np.abs(statistic[part, None])).sum(axis=-1)) / (RESAMPLES + 1)
        reach[part] = np.quantile(drawn, 1 - alpha, axis=-1, method="higher") * error[part]
    shape = differences.shape[:-1]
    columns = (mean, mean - reach, mean + reach, statistic, p)
    estimate, low, high, statistic, p = (column.reshape(shape) for column in columns)
    return Tested(estimate=estimate, low=low, high=high, statistic=statistic, p=p)


def _resampled_t(centred: Floats, draws: Floats) -> Floats:
    """|t*| of every row and draw, from two matrix products: mean* and mean of squares*."""
    pairs = centred.shape[-1]
    mean = centred @ draws
    spread = np.maximum(np.square(centred) @ draws - np.square(mean), 0.0)
    scale = np.square(centred).mean(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.abs(mean) / np.sqrt(spread / (pairs - 1))
    return np.where(spread > 1e-12 * scale, found, np.inf)


SEED_TESTS: dict[str, Callable[[Floats, float, Alternative], Tested]] = {"paired-t": paired_t, "bootstrap": bootstrap}
LEAST_PAIRS: dict[str, int] = {"paired-t": 2, "bootstrap": 4}
"""Below these a test cannot come to any finding: two pairs have a spread, four have resamples that differ enough."""
