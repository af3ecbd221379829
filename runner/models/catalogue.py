"""Describe a model before it is trained: its parameters and how many of them pruning may touch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.models import Architecture, architecture, load_module, resolve, settings
from runner.models.base import ModelContext
from runner.pruning.compression import CompressionError, Sizes, SparsityBase, lost_filters
from runner.spec import Protocol

if TYPE_CHECKING:
    from torch import nn

RATIOS = (2, 4, 10, 20, 50)
"""Compressions for which the kept fraction is told: those of Good et al. 2022."""


def describe(
    name: str, classes: int | None = None, switches: Protocol | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Title, sizes and options of an architecture with `classes` outputs, counted without weights or downloads.

    Options that are not given are those under which the architecture's reference reports its figures
    (`Architecture.published`): a bare "bilstm" is described for inputs of 300 dimensions, which the answer
    says as `input_dimensions`. `prunable` counts the weights that the protocol's switches let pruning touch, and
    `kept_at_2` is the fraction of them that stays where all parameters are to become half as many; None where no
    pruning of them gets so far. `filters_at_2` is the ratio that a network comes to there whose whole filters go, and
    `with_filters` counts the parameters that they have a part of; of networks without such filters neither is there.
    """
    from runner.pruning.targets import sizes_of, weights_of

    chosen = architecture(name)
    switches = switches or Protocol()
    given = resolve(name, {**chosen.published, **(options or {})})
    classes = classes or chosen.classes
    network = _shape(chosen, classes, switches, settings(name, given))
    targets = partial(weights_of, gains=switches.layernorm == "prune")
    sizes = sizes_of(network, targets)
    described: dict[str, Any] = {
        "model": name,
        "title": chosen.title,
        "reference": chosen.reference,
        "options": given,
        "classes": classes,
        "parameters": sizes.parameters,
        "prunable": sizes.prunable,
        "prunable_layers": len(targets(network)),
        **{f"kept_at_{ratio}": _kept(sizes, ratio) for ratio in RATIOS},
        **(_filters(network) if chosen.filters else {}),
    }
    input_dimensions = getattr(network, "input_dimensions", None)
    return described if input_dimensions is None else {**described, "input_dimensions": input_dimensions}


def filter_ratio(
    name: str, classes: int | None, options: Mapping[str, Any], sparsity: float, base: SparsityBase
) -> float:
    """The ratio of all parameters to those left of an architecture that loses whole filters; CompressionError where
    a convolution would have none."""
    chosen = architecture(name)
    network = _shape(chosen, classes or chosen.classes, Protocol(), settings(name, options))
    return _reached(network, sparsity, base)


def _shape(chosen: Architecture, classes: int, switches: Protocol, options: Mapping[str, Any]) -> nn.Module:
    """The network without weights, for texts or images as its architecture says where no task does."""
    context = ModelContext(
        options=options,
        classes=classes,
        kind="single-label",
        inputs=chosen.inputs[0],
        max_tokens=1,
        switches=switches,
        seed=0,
        cache=Path(),
    )
    return load_module(chosen).shape(context)


def _filters(network: nn.Module) -> dict[str, Any]:
    """What `describe` says of filters."""
    from runner.pruning.filters import with_filters

    found: dict[str, Any] = {"with_filters": sum(weight.numel() for weight in with_filters(network).values())}
    for ratio in RATIOS:
        try:
            found[f"filters_at_{ratio}"] = round(_reached(network, 1 - 1 / ratio, "all"), 4)
        except CompressionError:
            found[f"filters_at_{ratio}"] = None
    return found


def _reached(network: nn.Module, sparsity: float, base: SparsityBase) -> float:
    from runner.pruning.targets import TARGETS, sizes_of

    sizes = sizes_of(network, TARGETS["filters"])
    lost = lost_filters(sizes.filters, sizes.fraction(sparsity, base))
    gone = sum(count * each for count, (_, each) in zip(lost, sizes.filters, strict=True))
    return sizes.parameters / (sizes.parameters - gone)


def _kept(sizes: Sizes, ratio: int) -> float | None:
    """The fraction of the prunable weights that stays at a compression."""
    try:
        return round(1 - sizes.fraction(1 - 1 / ratio, "all"), 6)
    except CompressionError:
        return None
