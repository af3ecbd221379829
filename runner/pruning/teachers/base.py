"""The contract of a teacher."""

from __future__ import annotations

from typing import Literal, Protocol

from torch import Tensor

from runner.pruning.part import Made

Source = Literal["dense-parent", "best-so-far"]
"""Who teaches: the trained dense network of the seed, or the best network so far of the training itself."""


class Losses(Protocol):
    """What a teacher needs of the head: soft targets of outputs, and the loss of outputs against targets."""

    def soft(self, outputs: Tensor) -> Tensor: ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor: ...

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor: ...


class Teacher(Protocol):
    """How the answers of another network enter the loss.

    source: who that network is. looks_every: steps between two looks for a better one. mixed: the loss of a batch from
    that of the labels, what the network has made of it, and the teacher's logits.
    """

    @property
    def reference(self) -> str: ...

    @property
    def source(self) -> Source: ...

    @property
    def looks_every(self) -> int: ...

    def mixed(self, loss: Tensor, made: Made, taught: Tensor, head: Losses) -> Tensor: ...
