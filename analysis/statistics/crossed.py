"""Means over seeds and examples at once, with intervals over both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.statistics.interval import CONFIDENCE
from runner.studies.seed_advice import LEAST_SEEDS

Row = dict[str, Any]

BOUNDS = ("change_low", "change_high", "change_p")


def changed(differences: NDArray[np.float64]) -> Row:
    """change: mean of [seed, example] differences, with 95 % interval over both and p; null below five seeds.

    Seeds and examples are crossed: the variances of the mean that either alone gives are added, which counts what is of
    single answers twice and so errs on the safe side (Owen 2007); Student's t with the degrees of freedom of the seeds.
    """
    if not differences.size:
        return dict.fromkeys(("change", *BOUNDS))
    seeds, examples = differences.shape
    row: Row = {"change": float(differences.mean()), **dict.fromkeys(BOUNDS)}
    if seeds < LEAST_SEEDS or examples < 2:
        return row
    variance = sum(float(differences.mean(axis=1 - axis).var(ddof=1)) / differences.shape[axis] for axis in (0, 1))
    error = variance**0.5
    reach = float(special.stdtrit(seeds - 1, (1 + CONFIDENCE) / 2)) * error
    p = float(2 * special.stdtr(seeds - 1, -abs(row["change"]) / error)) if error > 0 else None
    return row | {"change_low": row["change"] - reach, "change_high": row["change"] + reach, "change_p": p}
