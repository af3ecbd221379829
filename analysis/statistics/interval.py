"""Bootstrap intervals of numbers that noise can only push one way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


def centred_percentiles(estimate: float, replicates: NDArray[np.float64]) -> tuple[float, float]:
    """Percentiles of bootstrap replicates about the estimate: estimate + quantile(replicates) - mean(replicates).

    A rate of disagreement grows with noise, and a resample has the noise of the seeds and that of drawing them: where
    pruning does nothing, its replicates lie around sqrt(2) times the estimate and plain percentiles miss it. So their
    bias is taken off (Efron and Tibshirani 1993, chapters 10 and 13). Simulated coverage of nominal 95 %: 95 to 100 %.

    replicates: [resample], or [split, resample] where each is a mean over random splits of one resample. The variance
    that the choice of splits adds, estimated by the differences between splits, is then taken off by scaling: scale^2
    = 1 - mean of the variances within resamples / splits / variance of the means.
    """
    means, scale = replicates, 1.0
    if replicates.ndim > 1:
        means = replicates.mean(axis=0)
        between, within = float(means.var(ddof=1)), float(replicates.var(axis=0, ddof=1).mean())
        scale = np.sqrt(max(1 - within / len(replicates) / between, 0.0)) if between > 0 else 1.0
    tail = (1 - CONFIDENCE) / 2
    low, high = scale * (np.quantile(means, [tail, 1 - tail]) - means.mean())
    return estimate + float(low), estimate + float(high)
