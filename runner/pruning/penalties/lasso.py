"""The lasso: weights that nothing holds up shrink to zero before they are removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.pruning.moment import Moment


@dataclass(frozen=True)
class Lasso:
    """strength * min(1, progress / full_at) * sum |w| over the prunable weights.

    strength: lambda. full_at: the share of the training over which the term grows from 0, in a line; 0 for at once.
    """

    strength: float = 1e-5
    full_at: float = 0.0
    reference: str = "Tibshirani 1996; Han et al. 2015, section 3.1, arXiv:1506.02626"

    def term(self, weights: Mapping[str, Tensor], gates: Mapping[str, Tensor], moment: Moment) -> Tensor | None:
        """Of the weights; None before the ramp has begun."""
        del gates
        share = min(1.0, moment.progress / self.full_at) if self.full_at else 1.0
        if not share:
            return None
        return self.strength * share * torch.stack([weight.abs().sum() for weight in weights.values()]).sum()
