"""Remove whole filters of convolutions: which a network has, what goes with each, and which go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from runner.pruning.compression import lost_filters
from runner.pruning.masks import Masks, shrunk_layer


@dataclass(frozen=True)
class Filters:
    """The filters of one convolution, as a module with such an attribute `filters` declares them.

    weight: the convolution's. reader: the layer that reads their feature maps, and nothing else does. axes: parameter
    -> the axis along which it has a part of every filter, the convolution's weight among them. Names are relative to
    the module; no parameter has parts of two convolutions.
    """

    weight: str
    reader: str
    axes: Mapping[str, int]

    def under(self, name: str) -> Filters:
        """With the names that they have in the network."""
        axes = {f"{name}.{parameter}": axis for parameter, axis in self.axes.items()}
        return Filters(f"{name}.{self.weight}", f"{name}.{self.reader}", axes)


def filters_of(network: nn.Module) -> tuple[Filters, ...]:
    """Those of every convolution whose filters may go, in the order of the network's modules."""
    declared = ((name, getattr(module, "filters", None)) for name, module in network.named_modules())
    return tuple(own.under(name) for name, own in declared if isinstance(own, Filters))


def with_filters(network: nn.Module) -> dict[str, nn.Parameter]:
    """Every parameter that a filter has a part of, by qualified name. ValueError if there is none."""
    found = {name: network.get_parameter(name) for own in filters_of(network) for name in own.axes}
    if not found:
        raise ValueError(
            f"{type(network).__name__} has no convolution whose filters may go; take a residual network, or a method "
            "that removes single weights"
        )
    return found


def sizes(network: nn.Module) -> tuple[tuple[int, int], ...]:
    """Of each convolution whose filters may go: how many it has, and the parameters that go with one."""
    found = []
    for own in filters_of(network):
        count = len(network.get_parameter(own.weight))
        found.append((count, sum(network.get_parameter(name).numel() for name in own.axes) // count))
    return tuple(found)


def filterwise(masks: Masks, importance: Mapping[str, Tensor], fraction: float, network: nn.Module) -> Masks:
    """The masks after each convolution has lost its share of filters, the least important, with all their parts.

    A filter is as important as its convolution's weights are on average. CompressionError for a fraction that would
    take a convolution's last filter.
    """
    result = dict(masks)
    for own, lost in zip(filters_of(network), lost_filters(sizes(network), fraction), strict=True):
        kept = masks[own.weight].flatten(1).any(1)
        gone = max(lost, len(kept) - int(kept.sum()))
        kept = shrunk_layer(kept, importance[own.weight].flatten(1).double().mean(1), gone / len(kept))
        for name, axis in own.axes.items():
            along = [-1 if place == axis else 1 for place in range(masks[name].ndim)]
            result[name] = kept.view(along).expand_as(masks[name]).clone(memory_format=torch.contiguous_format)
    return result


@contextmanager
def listening(network: nn.Module) -> Iterator[dict[str, Tensor]]:
    """A block in which every pass leaves the feature maps that it makes: convolution's weight -> [n, filters, ...]."""
    seen: dict[str, Tensor] = {}

    def keep(weight: str, module: nn.Module, given: tuple[Tensor, ...]) -> None:
        del module
        seen[weight] = given[0].detach()

    layers = [(own.weight, network.get_submodule(own.reader)) for own in filters_of(network)]
    hooks = [layer.register_forward_pre_hook(partial(keep, weight)) for weight, layer in layers]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
