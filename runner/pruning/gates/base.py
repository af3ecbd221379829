"""The contract of a gate: learned importance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.pruning.masks import Masks
from runner.pruning.moment import Moment

Gates = Mapping[str, Tensor]
"""What is trained beside the weights, by names of the gate's own choice."""


@dataclass(frozen=True, kw_only=True)
class Computed:
    """What a step has computed with, by layer name.

    weights: without masks. gradients: of the loss, with respect to what the network computed with. masks: what is kept.
    opening: what the weights were multiplied by besides; empty where that is nothing.
    """

    weights: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    masks: Masks
    opening: Mapping[str, Tensor]


class Gate(ABC):
    """Parameters beside the prunable weights that are trained with the network and say what is kept.

    gate_rate: their own learning rate where the network's is its highest, without weight decay; 0 for the network's.
    freezes: whether weights are made of the gates, and nothing else is trained but the layers that answer.
    """

    reference: str
    gate_rate: float = 0.0
    freezes: bool = False

    @abstractmethod
    def start(self, weights: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """The first values; `generator` is a CPU generator of the trial."""

    @abstractmethod
    def gradients(self, gates: Gates, computed: Computed) -> dict[str, Tensor]:
        """The gradients of gates after a backward pass, to which those of a penalty are added."""

    @abstractmethod
    def importance(self, gates: Gates, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What a decision ranks, by layer name; higher stays, and what is infinite always does."""

    def masks(self, gates: Gates, share: float) -> Masks | None:
        """The masks where this share, below 1, of the target is to be gone; None for exactly so many as asked."""
        del gates, share
        return None

    def outcome(self, gates: Gates) -> float | None:
        """The fraction that the gates themselves remove once the whole target is to be gone; None if that is no other.

        Stored beside what then is removed, which is exactly what was asked for.
        """
        del gates
        return None

    def settled(self, gates: Gates, masks: Masks) -> dict[str, Tensor]:
        """What weights are multiplied by for good once the target is gone, by layer name."""
        del gates, masks
        return {}

    def is_open(self, moment: Moment) -> bool:
        """Whether the step from this moment on multiplies weights by an opening."""
        del moment
        return False

    def opening(self, gates: Gates, *, drawn: bool) -> dict[str, Tensor]:
        """What weights are multiplied by, by layer name: drawn for a step, or as the network answers."""
        del gates, drawn
        return {}

    def weights(self, gates: Gates, first: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The weights that the gates and the weights at step 0 make, where the gate `freezes`."""
        del gates, first
        return {}
