"""The contract of a teacher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

Soft = Callable[[Tensor], Tensor]
"""Logits -> probabilities: softmax over the classes, or a sigmoid for each."""


class Teacher(Protocol):
    """How the answers of another network enter the loss.

    mixed: the loss of a batch from that of the labels, the network's logits and the teacher's; `soft` makes
    probabilities of logits, and `against` is the loss of logits against targets that are probabilities.
    """

    @property
    def reference(self) -> str: ...

    def mixed(
        self, loss: Tensor, logits: Tensor, taught: Tensor, soft: Soft, against: Callable[[Tensor, Tensor], Tensor]
    ) -> Tensor: ...
