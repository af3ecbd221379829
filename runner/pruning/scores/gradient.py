"""Gradient: weights whose removal would change the loss least, to first order, matter least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from runner.pruning.scores.base import Score, Signals

Loss = Literal["decayed", "plain"]
"""What a gradient is of: the loss with the penalty eps/2 |w|^2 of weight decay eps, or the loss on the data alone."""


@dataclass(frozen=True)
class Gradient(Score):
    """score(w) = |w dL/dw|, L being the loss with its weight decay, dL/dw = g + eps w.

    loss: plain leaves the decay out, |w g|, as code does whose optimizer adds it. Without weight decay both are
    `impact`.
    """

    loss: Loss = "decayed"
    reference: str = "Blalock et al. 2020, arXiv:2003.03033; Good et al. 2022, section 3, arXiv:2206.02976"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """The absolute product of every weight and its gradient."""
        gradients = gradients_of(self.loss, signals)
        return {name: (weight * gradients[name]).abs() for name, weight in signals.weights.items()}


def gradients_of(loss: Loss, signals: Signals) -> Mapping[str, Tensor]:
    """Layer name -> gradient of this loss."""
    plain = signals.gradients()
    if loss == "plain":
        return plain
    return {name: plain[name] + signals.weight_decay * weight for name, weight in signals.weights.items()}
