"""The contract of a gate: learned importance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class Gate(Protocol):
    """A parameter beside every prunable weight that is trained with the network and says what is kept.

    start: its first values. gradient: the gradient of a gate from the weights without masks and the gradient of the
    loss with respect to what the network computed with. importance: what a decision ranks; higher stays.
    """

    reference: str

    def start(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]: ...

    def gradient(self, weight: Tensor, gradient: Tensor) -> Tensor: ...

    def importance(self, gates: Mapping[str, Tensor]) -> dict[str, Tensor]: ...
