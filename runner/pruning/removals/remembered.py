"""Remembered: a removed weight is hidden, and returns as it was if a later decision wants it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from runner.pruning.masked import Masked
from runner.pruning.removals.permanent import Permanent


class Remembered(Permanent):
    """A hidden weight keeps the value it had when it was removed, is not trained, and is ranked by that value.

    Zhu and Gupta multiply masks in and compute them from the weights below ("the weights that were masked in the
    forward execution do not get updated"); their optimizer's momentum may still move a hidden weight, ours does not.
    """

    reference = "Zhu and Gupta 2017, section 3, arXiv:1710.01878"
    shrinks = False

    def values(self, masked: Masked) -> Mapping[str, Tensor]:
        """The weights in use, and the hidden ones as they were."""
        if not masked.memory:
            return super().values(masked)
        return {
            name: torch.where(masked.masks[name], weight.detach(), masked.memory[name])
            for name, weight in masked.weights.items()
        }

    def apply(self, masked: Masked, masks: Mapping[str, Tensor]) -> None:
        """Hide what is removed and bring back what is not."""
        masked.hide(self.values(masked), masks)
