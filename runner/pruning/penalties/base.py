"""The contract of a penalty: a term of the loss that depends on the prunable weights, or on the gates beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from runner.pruning.moment import Moment
from runner.pruning.part import Made, Part
from runner.pruning.pruner import Pruner


class Penalty(Protocol):
    """A term of the loss with its own ramp.

    term: a scalar from the weights as the network computes with them and the gates, by layer name, at a moment of the
    training; None where nothing is added.
    """

    @property
    def reference(self) -> str: ...

    def term(self, weights: Mapping[str, Tensor], gates: Mapping[str, Tensor], moment: Moment) -> Tensor | None: ...


class Penalized(Part):
    """Adds a penalty to the loss of every batch; it remembers nothing, since a moment says where its ramp is."""

    def __init__(self, penalty: Penalty, pruner: Pruner) -> None:
        self.penalty = penalty
        self.pruner = pruner

    def loss(self, loss: Tensor, made: Made, moment: Moment) -> Tensor:
        """The loss and the penalty together."""
        del made
        term = self.penalty.term(self.pruner.weights, self.pruner.gates, moment)
        return loss if term is None else loss + term
