"""Random: every weight matters equally, the draw decides."""

from __future__ import annotations

import torch
from torch import Tensor

from runner.pruning.scores.base import Score, Signals


class Random(Score):
    """score(w) ~ U[0, 1), independent of the weight: the baseline any other score has to beat."""

    reference = "Tropeano et al. 2025, section 3.2"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """One draw a weight, made on the CPU so that every device removes the same ones."""
        return {
            name: torch.rand(weight.shape, generator=signals.generator).to(weight.device)
            for name, weight in signals.weights.items()
        }
