"""Movement: weights that training moves away from zero stay."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Movement:
    """Scores S, from 0, learned by the straight-through gradient dL/dS = dL/d(w m) * w; the highest scores stay."""

    reference = "Sanh et al. 2020, hard movement pruning, Eq. 2 to 4, arXiv:2005.07683"

    def start(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Zeros."""
        return {name: torch.zeros_like(weight) for name, weight in weights.items()}

    def gradient(self, weight: Tensor, gradient: Tensor) -> Tensor:
        """The straight-through estimate, also where the mask is 0."""
        return gradient * weight

    def importance(self, gates: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The scores."""
        return {name: gate.detach() for name, gate in gates.items()}
