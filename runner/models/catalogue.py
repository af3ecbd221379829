"""Describe a model before it is trained: its parameters and how many of them pruning may touch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runner.models import architecture, load_module, resolve, settings
from runner.models.base import ModelContext
from runner.pruning.compression import CompressionError, Sizes
from runner.spec import Protocol

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
    pruning of them gets so far.
    """
    from runner.pruning.targets import sizes_of, weights_of

    chosen = architecture(name)
    switches = switches or Protocol()
    given = resolve(name, {**chosen.published, **(options or {})})
    classes = classes or chosen.classes
    context = ModelContext(
        options=settings(name, given),
        classes=classes,
        kind="single-label",
        inputs=chosen.inputs[0],
        max_tokens=1,
        switches=switches,
        seed=0,
        cache=Path(),
    )
    network = load_module(chosen).shape(context)
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
    }
    input_dimensions = getattr(network, "input_dimensions", None)
    return described if input_dimensions is None else {**described, "input_dimensions": input_dimensions}


def _kept(sizes: Sizes, ratio: int) -> float | None:
    """The fraction of the prunable weights that stays at a compression."""
    try:
        return round(1 - sizes.fraction(1 - 1 / ratio, "all"), 6)
    except CompressionError:
        return None
