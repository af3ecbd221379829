"""Permanent: a removed weight is zero for good."""

from __future__ import annotations

from torch.optim import Optimizer

from runner.pruning.masked import Masked
from runner.pruning.removals.base import Removal


class Permanent(Removal):
    """w <- 0 at the cut; its gradient, and what the optimizer remembers of it, are zero from then on."""

    reference = "Han et al. 2015, arXiv:1506.02626"
    shrinks = True

    def after_decision(self, masked: Masked, optimizer: Optimizer) -> None:
        """Let the optimizer forget removed weights: its momentum would bring them back."""
        masked.clear_moments(optimizer)

    def after_backward(self, masked: Masked) -> None:
        """Zero the gradients of removed weights, which must not enter the norm that is clipped."""
        masked.multiply_gradients()

    def after_step(self, masked: Masked) -> None:
        """Zero removed weights."""
        masked.multiply_weights()
