"""The contract of a removal: what a removed weight is until the next decision."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.optim import Optimizer

from runner.pruning.masked import Masked


class Removal:
    """What becomes of a weight that is removed, and whether it may return; a removal overrides what it does otherwise.

    shrinks: whether what is removed stays removed, so that a decision chooses among the weights that are left.
    grows_back: whether the network computes between decisions with weights that the last one removed.
    Everything that must be remembered lies in `masked.memory`, so that a checkpoint holds it.
    """

    reference: str
    shrinks: bool = False
    grows_back: bool = False

    def values(self, masked: Masked) -> Mapping[str, Tensor]:
        """The weights as they would be without masks, which scores rank: here the weights themselves."""
        return {name: weight.detach() for name, weight in masked.weights.items()}

    def apply(self, masked: Masked, masks: Mapping[str, Tensor]) -> None:
        """Take new masks, and make the weights what the network computes with: zero where removed, NaN included."""
        masked.take(masks)
        masked.clear_weights()

    def after_decision(self, masked: Masked, optimizer: Optimizer) -> None:
        """Make the optimizer fit new masks: here it remembers all weights."""

    def after_backward(self, masked: Masked) -> None:
        """Act on gradients before they are clipped: here they flow to all weights."""

    def after_step(self, masked: Masked) -> None:
        """Act on weights after the optimizer: here they may grow back."""

    def finish(self, masked: Masked) -> None:
        """Leave exact zeros, after the last step, where the last decision removed weights."""
        masked.clear_weights()
