"""What a score is, and all it may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Everything known of the network at the moment of a cut.

    weights: layer name -> values. gradients: a call that returns layer name -> gradient of the training loss
    without weight decay, of the weights' shapes; it costs passes over training samples, so only scores that need
    it make it. learning_rate and weight_decay: of the optimizer. generator: a CPU generator of this trial and round.
    """

    weights: Mapping[str, Tensor]
    gradients: Callable[[], Mapping[str, Tensor]]
    learning_rate: float
    weight_decay: float
    generator: torch.Generator


class Score(Protocol):
    """How much each weight matters.

    `importance` returns a tensor of the weight's shape for every layer, higher meaning to be kept, and leaves the
    weights as they are. Which weights are already gone, how many go, and who goes among equals is the
    caller's business (`runner.pruning.masks`).
    """

    reference: str

    def importance(self, signals: Signals) -> dict[str, Tensor]: ...
