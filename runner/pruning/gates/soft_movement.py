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


def always(matrix: Tensor) -> int:
    """How many weights of a matrix stay whatever the threshold."""
    return int(LEAST * matrix.numel()) + 1


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
            ranked[ranked.topk(always(scores)).indices] = torch.inf
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
        above = {name: scores > least for name, scores in super().importance(gates, {}).items()}
        # Where as many are above as always stay, the highest are among them, whichever they are.
        if all(int(mask.count_nonzero()) >= always(mask) for mask in above.values()):
            return above
        return {name: scores > least for name, scores in self.importance(gates, {}).items()}
