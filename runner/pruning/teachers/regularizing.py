"""Regularization by the answers of another network, which are added to the labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from runner.pruning.part import Made
from runner.pruning.teachers.base import Losses, Source


@dataclass(frozen=True)
class Regularizing:
    """L(z, y) + T^2 L(z / T, p(t / T)): z the network's logits, t the teacher's, L the loss of the task.

    L against soft targets is the divergence D of Eq. 13 up to a constant. source: who teaches. weighting: entropy
    takes (1 - a) L(z, y) + a T^2 L(z / T, p(t / T)) of each example instead, with a = 1 - H(z) / log C, H(z) being the
    entropy of the network's own probabilities of the C classes, as the authors' code does (github.com/DRSY/PINS at
    0ce9d00, run_glue.py:74-80, 195-218; there T = 2). looks_every: steps between two looks at the validation split for
    a better teacher.
    """

    source: Source = "best-so-far"
    weighting: Literal["sum", "entropy"] = "sum"
    temperature: float = 1.0
    looks_every: int = 50
    reference: str = "Ren and Zhu 2023 (PINS), section 3.2, Eq. 13, arXiv:2305.12394"

    def mixed(self, loss: Tensor, made: Made, taught: Tensor, head: Losses) -> Tensor:
        """The sum, or the mean weighted by how sure the network is."""
        cooled, soft = made.logits / self.temperature, head.soft(taught / self.temperature)
        if self.weighting == "sum":
            return loss + self.temperature**2 * head.loss(cooled, soft)
        learned = self.temperature**2 * head.loss_rows(cooled, soft)
        trust = 1 - uncertainty(head.soft(made.logits.detach()))
        weighted = trust * learned + (1 - trust) * head.loss_rows(made.logits, made.targets)
        return weighted.mean()


def uncertainty(probabilities: Tensor) -> Tensor:
    """The entropy of probabilities [n, classes] as a share of the largest there is, [n]."""
    entropy: Tensor = -torch.special.xlogy(probabilities, probabilities).sum(1)
    return entropy / math.log(probabilities.shape[1])
