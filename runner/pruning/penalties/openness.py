"""Openness: the share of weights that gates keep, as far as the gates can be moved by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from runner.pruning.moment import Moment


@dataclass(frozen=True)
class Openness:
    """strength * r * the mean over matrices of their mean sigmoid(S).

    r goes with the threshold of soft movement from 0 to 1, r = 1 - (1 - t)^3 at the share t of the steps between
    `begins` and `ends`, and stays 1.
    """

    strength: float = 400.0
    begins: float = 0.0
    ends: float = 0.7
    reference: str = "Sanh et al. 2020, section 4, arXiv:2005.07683"
    shift: ClassVar[float] = 0.0

    def term(self, weights: Mapping[str, Tensor], gates: Mapping[str, Tensor], moment: Moment) -> Tensor | None:
        """Of the gates; None before the ramp has begun."""
        del weights
        share = self.share(moment)
        if not share:
            return None
        means = [torch.sigmoid(gate - self.shift).mean() for gate in gates.values()]
        return self.strength * share * torch.stack(means).mean()

    def share(self, moment: Moment) -> float:
        """r."""
        return 1 - moment.left_of(self.begins, self.ends) ** 3


@dataclass(frozen=True)
class ExpectedL0(Openness):
    """strength * the mean over matrices of their mean sigmoid(a - 2/3 log(0.1 / 1.1)), the chance that s is not 0.

    From the first step on, until the gates have settled where the ramp `ends`.
    """

    strength: float = 125.0
    reference: str = "Louizos et al. 2018, Eq. 12, arXiv:1712.01312; as Sanh et al. 2020, arXiv:2005.07683, use it"
    shift: ClassVar[float] = 2 / 3 * math.log(0.1 / 1.1)

    def share(self, moment: Moment) -> float:
        """1, and then 0."""
        return float(moment.step < round(self.ends * moment.steps))
