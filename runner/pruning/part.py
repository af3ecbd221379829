"""A part of training: whatever acts at every step besides the network and its optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from runner.pruning.moment import Moment


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the network has made of a batch: logits of inputs, and the targets that the labels are."""

    logits: Tensor
    inputs: Mapping[str, Tensor]
    targets: Tensor


class Part:
    """The calls of one step in their order; a part overrides those it needs.

    before_step: masks are decided, and no batch has been read. loss: the loss of a batch, changed or as it is.
    after_backward: gradients are there, and not clipped yet. after_step: the optimizer has moved the weights. state:
    tensors by name, all that the next step depends on beyond the network and its optimizer. restore: take such a state.
    """

    def before_step(self, moment: Moment) -> None:
        """Nothing."""

    def loss(self, loss: Tensor, made: Made, moment: Moment) -> Tensor:
        """As it is."""
        del made, moment
        return loss

    def after_backward(self, moment: Moment) -> None:
        """Nothing."""

    def after_step(self, moment: Moment) -> None:
        """Nothing."""

    def state(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Nothing."""
