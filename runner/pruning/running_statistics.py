"""The running statistics of batch normalisation: held while a score looks, estimated anew, refused where nobody sees
them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

Statistics = Literal["frozen", "moving", "recalibrated"]
"""What becomes of running statistics at a decision for which gradients are taken, which is done in training mode.

frozen: they are as they were. moving: they have moved with the samples, as in the code of Good et al. 2022.
recalibrated: they are those of the network as the decision leaves it, the mean over batches of training examples.
"""


def with_statistics(network: nn.Module) -> list[_NormBase]:
    """The layers that keep running statistics."""
    found = [module for module in network.modules() if isinstance(module, _NormBase)]
    return [module for module in found if module.track_running_stats]


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """A look at a network in training mode after which its running statistics are as they were."""
    held = [(buffer, buffer.clone()) for layer in with_statistics(network) for buffer in layer.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in held:
                buffer.copy_(before)


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Mapping[str, Tensor]]) -> None:
    """Let running statistics be the mean over these batches of what a network in training mode sees of them."""
    layers = with_statistics(network)
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch then takes the mean over batches
    network.train()
    for inputs in batches:
        network(**inputs)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def refuse_statistics(network: nn.Module) -> None:
    """RuntimeError for a network whose shards would each have running statistics of its own."""
    if with_statistics(network):
        raise RuntimeError(
            f"{type(network).__name__} keeps running statistics, which several processes do not share; train it in one "
            "(strategy: single)"
        )
