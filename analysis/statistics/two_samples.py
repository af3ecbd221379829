"""Test whether a number is larger on some examples than on the others: PIEs against the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RESAMPLES = 2_000
SEED = 20_250
CHUNK = 4_000_000
LEAST = 5
"""Below so many examples on either side the normal approximation of U, and the interval, say nothing."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """auc: the chance that a member's value exceeds another's, ties counting half; 0.5 says nothing either way."""

    auc: float
    p: float

    @property
    def rank_biserial(self) -> float:
        """2 auc - 1: the share of pairs in which the member is larger, minus the share in which it is smaller."""
        return 2 * self.auc - 1


def mann_whitney(members: Floats, others: Floats) -> Ranked:
    """auc = U / (n m), and the two-sided p-value of U by its normal approximation, corrected for ties and continuity.

    Mann and Whitney 1947, Annals of Mathematical Statistics 18; Cureton 1956 (rank-biserial correlation).
    """
    found = stats.mannwhitneyu(members, others, alternative="two-sided", method="asymptotic")
    return Ranked(auc=float(found.statistic) / (len(members) * len(others)), p=float(found.pvalue))


def mean_difference_intervals(
    values: Floats, members: Flags, others: Flags, confidence: float
) -> tuple[Floats, Floats]:
    """Percentile intervals of mean(members) - mean(others), examples being drawn anew with replacement.

    values: (examples,); members and others: (cells, examples). The same RESAMPLES draws serve all cells.
    Efron and Tibshirani 1993, An introduction to the bootstrap, section 13.3.
    """
    random, examples = np.random.default_rng(SEED), len(values)
    one, two = members.T.astype(np.float64), others.T.astype(np.float64)
    sums_one, sums_two = one * values[:, None], two * values[:, None]
    drawn = []
    for start in range(0, RESAMPLES, step := max(1, CHUNK // examples)):
        rows = min(step, RESAMPLES - start)
        chosen = random.integers(0, examples, size=(rows, examples)) + np.arange(rows)[:, None] * examples
        draws = np.bincount(chosen.ravel(), minlength=rows * examples).reshape(rows, examples).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn.append((draws @ sums_one) / (draws @ one) - (draws @ sums_two) / (draws @ two))
    low, high = np.nanquantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high


def spearman(one: Floats, two: Floats, confidence: float) -> dict[str, float | None]:
    """Rank correlation rho with its interval by Fisher's z, se = sqrt((1 + rho^2 / 2) / (n - 3)), and p-value.

    Bonett and Wright 2000, Sample size requirements for estimating Pearson, Kendall and Spearman correlations.
    Nulls where there are fewer than four examples, or no two different values to rank.
    """
    if len(one) < 4 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return dict.fromkeys(("rho", "low", "high", "p"))
    found = stats.spearmanr(one, two)
    rho = float(found.statistic)
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    reach = stats.norm.ppf((1 + confidence) / 2) * np.sqrt((1 + rho**2 / 2) / (len(one) - 3))
    low, high = np.tanh([z - reach, z + reach])
    return {"rho": rho, "low": float(low), "high": float(high), "p": float(found.pvalue)}


def rank_bins(values: Floats, bins: int) -> NDArray[np.int64]:
    """The bin, from 0, of each value by its mid-rank: bins of equal size but for ties, which share one bin."""
    ranks = stats.rankdata(values) - 0.5
    return np.minimum((ranks * bins / len(values)).astype(np.int64), bins - 1)
