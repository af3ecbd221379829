"""The score of PINS: weights matter whose update lowers the loss by more than their removal would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from runner.pruning.scores.averaged import Averaged
from runner.pruning.scores.base import Watching


@dataclass(frozen=True)
class Pins(Averaged):
    """c = eta g^2 - g w of the weight before the step, g being the clipped gradient and eta the step's learning rate.

    The difference, to first order, between what a step of gradient descent changes of the loss and what removing the
    weight would. sign: absolute averages |c|, as the authors' code does (github.com/DRSY/PINS at 0ce9d00,
    Pruner.py:101-105).
    """

    sign: Literal["signed", "absolute"] = "signed"
    reference: str = "Ren and Zhu 2023 (PINS), Eq. 11, arXiv:2305.12394"
    watches: ClassVar[Watching] = "clipped"

    def sensitivities(self, weights: list[Tensor], gradients: list[Tensor], learning_rate: float) -> list[Tensor]:
        """g (eta g - w), or its absolute value."""
        found = torch._foreach_mul(gradients, learning_rate)
        torch._foreach_sub_(found, weights)
        torch._foreach_mul_(found, gradients)
        if self.sign == "absolute":
            torch._foreach_abs_(found)
        return list(found)
