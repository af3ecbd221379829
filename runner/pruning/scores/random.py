"""Random: every weight matters equally, the draw decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from runner.pruning.scores.base import Score, Signals


@dataclass(frozen=True)
class Random(Score):
    """score(w) ~ U[0, 1), independent of the weight: the baseline any other score has to beat.

    draw: exact removes as many as asked; independent lets every weight go by a draw of its own, as ShrinkBench does
    (Blalock et al. 2020), so that the number is the draw's too.
    """

    draw: Literal["exact", "independent"] = "exact"
    reference: str = "Tropeano et al. 2025, section 3.2"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """One draw a weight, made on the CPU so that every device removes the same ones."""
        return {
            name: torch.rand(weight.shape, generator=signals.generator).to(weight.device)
            for name, weight in signals.weights.items()
        }

    def removing(self, importance: Mapping[str, Tensor], fraction: float) -> tuple[dict[str, Tensor], float]:
        """Independent: what was drawn below the fraction."""
        if self.draw == "exact":
            return super().removing(importance, fraction)
        together = torch.cat([draw.flatten() for draw in importance.values()])
        return dict(importance), float((together < fraction).double().mean())
