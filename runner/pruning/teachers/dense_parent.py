"""The dense parent teaches: the network that was trained before anything was cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from runner.pruning.part import Made
from runner.pruning.teachers.base import Losses, Source


@dataclass(frozen=True)
class DenseParent:
    """(1 - a) L(z, y) + a T^2 L(z / T, p(t / T)): z the network's logits, t the teacher's, L the loss of the task.

    L against soft targets is their Kullback-Leibler divergence up to a constant, so its gradients are those of Hinton
    et al. share: a, of what is learned from the teacher. temperature: T.
    """

    share: float = 0.5
    temperature: float = 2.0
    reference: str = "Hinton et al. 2015, section 2, arXiv:1503.02531"
    source: ClassVar[Source] = "dense-parent"
    looks_every: ClassVar[int] = 0

    def mixed(self, loss: Tensor, made: Made, taught: Tensor, head: Losses) -> Tensor:
        """The mean of both losses, by `share`."""
        learned = head.loss(made.logits / self.temperature, head.soft(taught / self.temperature))
        return (1 - self.share) * loss + self.share * self.temperature**2 * learned
