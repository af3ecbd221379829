"""Slopes of class balances after on before pruning, with and without the noise of the seed they are measured on.

before, after: [seed, class], normalised balances of dense trials and of those that go on from them.

B(m) = beta + eps(m): what all seeds share, and what one has alone. B_t(m) = S beta + kappa eps(m) + eta. The slope
of B_t(m) on B(m) tends to lambda S + (1 - lambda) kappa, lambda = beta^2 / (beta^2 + eps^2): below S wherever pruning
draws part of the seed's own deviations anew, be it that it changes nothing else (regression dilution: Frost and
Thompson 2000, Journal of the Royal Statistical Society A 163). With the balances of other seeds as the instrument it
tends to S (Wald 1940; Durbin 1954; leaving out the own one: Angrist, Imbens and Krueger 1999, Journal of Applied
Econometrics 14).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runner.studies.seed_advice import LEAST_SEEDS

Floats = NDArray[np.float64]

LEAST_RELIABILITY = 0.3
"""Below this the denominator of the cross-seed slope is nearly 0."""


def slopes(before: Floats, after: Floats) -> Floats:
    """alpha of every seed: sum B B_t / sum B^2 over the classes."""
    return np.asarray((before * after).sum(axis=1) / np.square(before).sum(axis=1))


def pooled(before: Floats, after: Floats) -> tuple[float, float]:
    """The slope through the origin over all seeds and classes, and r^2 = 1 - sum (y - alpha x)^2 / sum y^2.

    Uncentred, as a regression without an intercept has it; NaN where all balances after pruning are 0.
    """
    across, spread, size = float((before * after).sum()), float(np.square(before).sum()), float(np.square(after).sum())
    return across / spread, across**2 / (spread * size) if size > 0 else float("nan")


def reliability(before: Floats) -> float | None:
    """lambda: mean of B_m B_k over pairs of different seeds / mean of B_m^2; None below two seeds."""
    if len(before) < 2:
        return None
    products = before @ before.T
    own = float(np.trace(products))
    return (float(products.sum()) - own) / (len(before) - 1) / own if own > 0 else None


def dense_slope(before: Floats) -> float | None:
    """Mean slope of one dense trial's balances on another's: what alpha is where nothing is inherited but the task."""
    if len(before) < 2:
        return None
    products = before @ before.T
    by_own = products / np.diag(products)[:, None]
    return float((by_own.sum() - len(before)) / (len(before) * (len(before) - 1)))


def inherited(before: Floats, after: Floats) -> float | None:
    """kappa: the slope of a seed's own deviations from the mean over seeds, after on before; None below two seeds."""
    own, kept = before - before.mean(axis=0), after - after.mean(axis=0)
    spread = float(np.square(own).sum())
    return float((own * kept).sum()) / spread if len(before) > 1 and spread > 0 else None


def cross_seed(before: Floats, after: Floats) -> tuple[float, Floats] | None:
    """alpha* = sum over m != k of B_m B_(t,k) / sum over m != k of B_m B_k, and its jackknife pseudo-values.

    These stand for the seeds wherever their alpha would: in means, intervals and tests. None below five seeds, and
    where lambda is below LEAST_RELIABILITY.
    """
    seeds = len(before)
    found = reliability(before)
    if seeds < LEAST_SEEDS or found is None or found < LEAST_RELIABILITY:
        return None
    (across, across_without), (shared, shared_without) = (
        _off_diagonal(before @ after.T),
        _off_diagonal(before @ before.T),
    )
    whole = across / shared
    return whole, seeds * whole - (seeds - 1) * across_without / shared_without


def _off_diagonal(products: Floats) -> tuple[float, Floats]:
    """The sum of what is off the diagonal, and the same without every seed in turn."""
    own = np.diag(products)
    total = float(products.sum() - own.sum())
    return total, total - products.sum(axis=0) - products.sum(axis=1) + 2 * own
