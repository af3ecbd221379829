"""Movement: weights that training moves away from zero stay."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from runner.pruning.gates.base import Computed, Gate, Gates


class Movement(Gate):
    """Scores S, from 0, learned by the straight-through gradient dL/dS = dL/d(w m) * w; the highest scores stay."""

    reference = "Sanh et al. 2020, hard movement pruning, Eq. 2 to 4, arXiv:2005.07683"

    def start(self, weights: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Zeros."""
        del generator
        return {name: torch.zeros_like(weight) for name, weight in weights.items()}

    def gradients(self, gates: Gates, computed: Computed) -> dict[str, Tensor]:
        """The straight-through estimate, also where the mask is 0."""
        del gates
        return {name: gradient * computed.weights[name] for name, gradient in computed.gradients.items()}

    def importance(self, gates: Gates, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The scores."""
        del weights
        return {name: gate.detach() for name, gate in gates.items()}
