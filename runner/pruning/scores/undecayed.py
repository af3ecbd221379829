"""Undecayed: weights matter least whose removal would change the loss least once weight decay is taken off it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from runner.pruning.scores.base import Score, Signals
from runner.pruning.scores.gradient import Loss, gradients_of


@dataclass(frozen=True)
class Undecayed(Score):
    """score(w) = |-w dL/dw + eps w^2|, eps being the weight decay and L the loss with it.

    With dL/dw = g + eps w this is |w g|: what is taken off is what weight decay had put in. loss: plain takes g, the
    gradient without weight decay, for dL/dw, as the authors' code does, |-w g + eps w^2|.
    sign: signed ranks by s = -w g + eps w^2 as that code does: what lies between -t and t goes, t being the quantile
    of s at the fraction to remove. Weights far below -t stay, so that less goes than was asked for.
    """

    loss: Loss = "decayed"
    sign: Literal["absolute", "signed"] = "absolute"
    reference: str = "Good et al. 2022, section 3, arXiv:2206.02976"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """The change of the loss without decay, absolute or as it is."""
        gradients, decay = gradients_of(self.loss, signals), signals.weight_decay
        changes = {
            name: -weight * gradients[name] + decay * weight.square() for name, weight in signals.weights.items()
        }
        return changes if self.sign == "signed" else {name: change.abs() for name, change in changes.items()}

    def removing(self, importance: Mapping[str, Tensor], fraction: float) -> tuple[dict[str, Tensor], float]:
        """Signed: the weights between -t and t are those with the lowest absolute values."""
        if self.sign == "absolute":
            return super().removing(importance, fraction)
        sizes = {name: change.abs() for name, change in importance.items()}
        together = torch.cat([change.flatten() for change in importance.values()]).cpu().double()
        threshold = float(np.quantile(together.numpy(), fraction))
        return sizes, float((together.abs() < threshold).double().mean())
