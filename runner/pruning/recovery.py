"""Recover from a cut: keep the weights that stay as trained, or rewind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

Values = dict[str, Tensor]
"""Name -> value of every parameter and buffer of a network."""


class Recovery(Protocol):
    """What the network goes on from.

    `remembers`: whether the values at step 0 are needed. `recover` changes the network in place and says whether
    training goes on with a new optimizer.
    """

    reference: str
    remembers: bool

    def recover(self, network: nn.Module, initial: Mapping[str, Tensor]) -> bool: ...


class Finetune:
    """Training goes on from the trained values with the same optimizer, its moments included."""

    reference = "Han et al. 2015, arXiv:1506.02626"
    remembers = False

    def recover(self, network: nn.Module, initial: Mapping[str, Tensor]) -> bool:
        """Changes nothing."""
        del network, initial
        return False


class Rewind:
    """Every parameter (embeddings, biases, normalisation and output layer too) returns to its value at step 0."""

    reference = "Frankle and Carbin 2019, arXiv:1803.03635; Tropeano et al. 2025, section 3.2"
    remembers = True

    def recover(self, network: nn.Module, initial: Mapping[str, Tensor]) -> bool:
        """Copies the initial values in; the optimizer, which knows the old ones, is to be replaced."""
        values = network.state_dict()
        if values.keys() != initial.keys():
            raise ValueError("the network to rewind is not the one whose initial values were kept")
        with torch.no_grad():
            for name, value in values.items():
                value.copy_(initial[name])
        return True


def values_of(network: nn.Module) -> Values:
    """A copy of the network's values in main memory, which no later training can reach.

    `Tensor.cpu()` would return the very same memory where the network is on the CPU already.
    """
    return {name: value.detach().to("cpu", copy=True) for name, value in network.state_dict().items()}


RECOVERIES: dict[str, Recovery] = {
    "finetune": Finetune(),
    "rewind": Rewind(),
}
