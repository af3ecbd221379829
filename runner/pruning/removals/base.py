"""What a removed weight is until the next decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor
from torch.optim import Optimizer

from runner.pruning.masked import Masked


class Removal(Protocol):
    """What becomes of a weight that is removed, and whether it may return.

    shrinks: whether what is removed stays removed, so that a decision chooses among the weights that are left.
    values: the weights as they would be without masks, which scores rank. wear: take new masks and make the weights
    what the network computes with until the next decision. after_backward: before gradients are clipped.
    after_step: after the optimizer. finish: after the last step, when what the masks remove must be exactly zero.
    Everything that must be remembered lies in `masked.memory`, so that a checkpoint holds it.
    """

    reference: str
    shrinks: bool

    def values(self, masked: Masked) -> Mapping[str, Tensor]: ...

    def wear(self, masked: Masked, masks: Mapping[str, Tensor]) -> None: ...

    def after_decision(self, masked: Masked, optimizer: Optimizer) -> None: ...

    def after_backward(self, masked: Masked) -> None: ...

    def after_step(self, masked: Masked) -> None: ...

    def finish(self, masked: Masked) -> None: ...
