"""Soft movement: weights stay whose learned score is above a threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.pruning.gates.base import Gates
from runner.pruning.gates.movement import Movement
from runner.pruning.masks import Masks, sparsity

LEAST = 0.005
"""The fraction of each matrix that always stays."""


@dataclass(frozen=True)
class SoftMovement(Movement):
    """m = 1 where sigmoid(S) > tau, tau rising with what is to be gone from 0 to `threshold`; S as of `Movement`.

    How much goes is an outcome of tau and the penalty on S (`openness`). Once the whole target is to be gone, the
    threshold is the one that removes exactly that; what tau would have removed then is stored beside it. The highest
    half percent of each matrix, and one weight more, always stays.
    """

    threshold: float = 0.1
    gate_rate: float = 0.01
    reference: str = "Sanh et al. 2020, soft movement pruning, sections 3 and 4, arXiv:2005.07683"

    def importance(self, gates: Gates, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The scores, infinite where they are the highest of their matrix."""
        found = {}
        for name, scores in super().importance(gates, weights).items():
            ranked = scores.flatten().clone()
            ranked[ranked.topk(int(LEAST * ranked.numel()) + 1).indices] = torch.inf
            found[name] = ranked.view_as(scores)
        return found

    def masks(self, gates: Gates, share: float) -> Masks | None:
        """What is above the threshold so far, until the whole target is to be gone."""
        return self._above(gates, self.threshold * share) if share < 1 else None

    def outcome(self, gates: Gates) -> float:
        """What is not above the last threshold."""
        return sparsity(self._above(gates, self.threshold))

    def _above(self, gates: Gates, threshold: float) -> Masks:
        least = math.log(threshold / (1 - threshold)) if threshold else -math.inf
        return {name: scores > least for name, scores in self.importance(gates, {}).items()}
