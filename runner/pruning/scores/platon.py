"""The score of PLATON: weights matter that are sensitive, and of which one is uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from runner.pruning.scores.averaged import Averaged
from runner.pruning.scores.base import Watching


@dataclass(frozen=True)
class Platon(Averaged):
    """c = |w g|, g being the clipped gradient, w the weight as the step that g made has left it.

    So has it the authors' Pruner (github.com/QingruZhang/PLATON at c1776cf, Pruner.py:59-82); the paper has the weight
    before the step.
    """

    reference: str = "Zhang et al. 2022 (PLATON), section 3 and algorithm 1, arXiv:2206.12562"
    watches: ClassVar[Watching] = "stepped"

    def sensitivities(self, weights: list[Tensor], gradients: list[Tensor], learning_rate: float) -> list[Tensor]:
        """The absolute products."""
        del learning_rate
        found = torch._foreach_mul(weights, gradients)
        torch._foreach_abs_(found)
        return list(found)
