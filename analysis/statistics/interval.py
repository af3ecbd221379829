"""Intervals of numbers that noise can only push one way: over seeds, and over seeds and examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

CONFIDENCE = 0.95
Z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))


def centred_percentiles(
    estimate: float, replicates: NDArray[np.float64], seeds: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Percentiles of bootstrap replicates about the estimate: estimate + c (quantile(replicates) - mean(replicates)).

    A rate of disagreement grows with noise, and a resample has the noise of the seeds and that of drawing them: where
    pruning does nothing, its replicates lie around sqrt(2) times the estimate and plain percentiles miss it. So their
    bias is taken off (Efron and Tibshirani 1993, chapters 10 and 13). c = sqrt(n / (n - 1)) for n seeds: resamples of
    n seeds vary as if the variance had been divided by n.

    replicates: [resample], or [split, resample] where each is a mean over random splits of one resample. The variance
    that the choice of splits adds, estimated by the differences between splits, is then taken off by scaling: scale^2
    = 1 - mean of the variances within resamples / splits / variance of the means.
    """
    means, scale = replicates, np.sqrt(seeds / (seeds - 1))
    if replicates.ndim > 1:
        means = replicates.mean(axis=0)
        between, within = float(means.var(ddof=1)), float(replicates.var(axis=0, ddof=1).mean())
        scale *= np.sqrt(max(1 - within / len(replicates) / between, 0.0)) if between > 0 else 1.0
    tail = (1 - confidence) / 2
    low, high = scale * (np.quantile(means, [tail, 1 - tail]) - means.mean())
    return estimate + float(low), estimate + float(high)


def jackknife(estimate: float, without: NDArray[np.float64]) -> tuple[float, float]:
    """estimate -+ t se with n - 1 degrees of freedom; without[seed]: the same number without that seed.

    se^2 = (n - 1) / n sum of squares of without - mean: the jackknife of a U-statistic (Arvesen 1969, Annals of
    Mathematical Statistics 40), the size of its halves being the same with and without the seed.
    """
    seeds = len(without)
    error = np.sqrt((seeds - 1) / seeds * np.square(without - without.mean()).sum())
    reach = float(special.stdtrit(seeds - 1, (1 + CONFIDENCE) / 2) * error)
    return estimate - reach, estimate + reach


def two_way(estimate: float, low: float, high: float, variance: float) -> tuple[float, float]:
    """The interval over seeds, widened for the draw of examples: variance is that of the estimate over examples.

    Seeds and examples are crossed, and the variance of a mean over both is at most the sum of the two that drawing
    either alone gives (Owen 2007, The pigeonhole bootstrap, Annals of Applied Statistics 1). So each half of the
    interval and the normal reach over examples are added as squares.
    """
    reach = Z**2 * variance
    below, above = (float(np.sqrt(np.square(estimate - bound) + reach)) for bound in (low, high))
    return estimate - below, estimate + above
