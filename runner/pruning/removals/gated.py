"""Gated: every weight stays and is trained; a mask is multiplied in before the network computes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from runner.pruning.masked import Masked
from runner.pruning.removals.base import Removal


class Gated(Removal):
    """The network computes with w * m; the gradient of w is that of w * m, times m.

    Between steps the network holds w * m and the memory holds w; the optimizer sees w (decay moves hidden weights too,
    as it does in the paper's code). No module is changed, so that any network can be gated.
    """

    reference = "Sanh et al. 2020, Eq. 1 and 2, arXiv:2005.07683"

    def values(self, masked: Masked) -> Mapping[str, Tensor]:
        """The weights without masks."""
        return masked.memory or super().values(masked)

    def apply(self, masked: Masked, masks: Mapping[str, Tensor]) -> None:
        """Multiply new masks in."""
        masked.hide(self.values(masked), masks)

    @torch.no_grad()
    def after_backward(self, masked: Masked) -> None:
        """Multiply the mask into the gradients, and give the optimizer the weights without it."""
        masked.multiply_gradients()
        for name, value in masked.memory.items():
            masked.weights[name].copy_(value)

    @torch.no_grad()
    def after_step(self, masked: Masked) -> None:
        """Remember the weights, and multiply the mask in."""
        for name, value in masked.memory.items():
            value.copy_(masked.weights[name])
        masked.multiply_weights()

    def finish(self, masked: Masked) -> None:
        """Leave w * m alone, NaN of what is removed included."""
        masked.clear_weights()
        masked.memory = {}
