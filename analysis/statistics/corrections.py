"""Corrections for testing several hypotheses at once: the p-values of a family, adjusted together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


def bonferroni(p: Floats) -> Floats:
    """min(1, m p) for the m p-values on the last axis; holds the chance of any false finding under any dependence.

    Dunn 1961, Multiple comparisons among means, JASA 56.
    """
    return np.asarray(np.minimum(p * p.shape[-1], 1.0))


def holm(p: Floats) -> Floats:
    """Largest of min(1, (m - j + 1) p_(j)) over the j smallest; as safe as Bonferroni and never weaker.

    Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    order = np.argsort(p, axis=-1)
    left = np.arange(p.shape[-1], 0, -1)
    stepped = np.maximum.accumulate(np.minimum(np.take_along_axis(p, order, -1) * left, 1.0), axis=-1)
    return np.take_along_axis(stepped, np.argsort(order, axis=-1), -1)


def benjamini_hochberg(p: Floats) -> Floats:
    """Holds the expected share of false findings among the findings, for independent or positively dependent tests.

    Benjamini and Hochberg 1995, JRSS B 57.
    """
    return np.asarray(stats.false_discovery_control(p, axis=-1, method="bh"))


def corrected(family: Sequence[float | None]) -> list[float]:
    """The p-values of a family by Holm; one that could not be computed counts as 1."""
    return [float(p) for p in holm(np.array([1.0 if p is None else p for p in family], np.float64))]


def correct_family(rows: Sequence[dict[str, Any]], p: str = "p") -> None:
    """Add corrected_p to the rows of a family: their `p` by Holm; a row that has none counts as 1."""
    for row, adjusted in zip(rows, corrected([row[p] for row in rows]), strict=True):
        row["corrected_p"] = adjusted


CORRECTIONS: dict[str, Callable[[Floats], Floats]] = {
    "bonferroni": bonferroni,
    "holm": holm,
    "bh": benjamini_hochberg,
}
