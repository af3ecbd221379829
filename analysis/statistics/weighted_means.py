"""Means over some examples beside means over others or all, with intervals over the draw of examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.interval import Z

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and what each example adds to it: its variance over examples is that of `influence` over their number.

    The delta method (van der Vaart 1998, Asymptotic statistics, chapter 3), for means and ratios of means alike.
    """

    value: float
    influence: Floats

    def __sub__(self, other: Estimate) -> Estimate:
        return Estimate(value=self.value - other.value, influence=self.influence - other.influence)

    def over(self, other: Estimate) -> Estimate:
        """The ratio of both."""
        ratio = self.value / other.value
        return Estimate(value=ratio, influence=(self.influence - ratio * other.influence) / other.value)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % over examples, for these seeds."""
        reach = Z * float(np.sqrt(np.square(self.influence).mean() / len(self.influence)))
        return self.value - reach, self.value + reach


def weighted_mean(values: Floats, weights: Floats) -> Estimate:
    """sum(weights values) / sum(weights); some weight must be above 0."""
    mean = float(weights @ values / weights.sum())
    return Estimate(value=mean, influence=weights * (values - mean) / weights.mean())
