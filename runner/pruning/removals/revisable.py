"""Revisable: a removed weight is set to zero and trained on, so that it may grow back before the next decision."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.optim import Optimizer

from runner.pruning.masked import Masked


class Revisable:
    """w <- 0 at each decision that removes it; gradients, moments and decay go on, and every decision is from scratch.

    Between two decisions the network computes with whatever has grown back. In the end what the last decision removed
    is zero.
    """

    reference = "Zhang et al. 2022 (PLATON), algorithm 1, arXiv:2206.12562"
    shrinks = False

    def values(self, masked: Masked) -> Mapping[str, Tensor]:
        """The weights themselves."""
        return {name: weight.detach() for name, weight in masked.weights.items()}

    def wear(self, masked: Masked, masks: Mapping[str, Tensor]) -> None:
        """Zero what is removed."""
        masked.take(masks)
        masked.clear_weights()

    def after_decision(self, masked: Masked, optimizer: Optimizer) -> None:
        """Nothing: the optimizer remembers all weights."""

    def after_backward(self, masked: Masked) -> None:
        """Nothing: gradients flow to all weights."""

    def after_step(self, masked: Masked) -> None:
        """Nothing: weights may grow back."""

    def finish(self, masked: Masked) -> None:
        """Zero what the last decision removed."""
        masked.clear_weights()
