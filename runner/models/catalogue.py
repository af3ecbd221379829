"""Describe a model before it is trained: its parameters and how many of them pruning may touch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.models import architecture, load_module, resolve
from runner.models.base import ModelContext
from runner.spec import Protocol


def describe(
    name: str, classes: int, switches: Protocol | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Title, sizes and options of an architecture with `classes` outputs, counted without weights or downloads.

    Options that are not given are those under which the architecture's reference reports its figures
    (`Architecture.published`): a bare "bilstm" is described for inputs of 300 dimensions, which the answer
    says as `input_dimensions`. `prunable` counts the weights that the protocol's switches let pruning touch.
    """
    from runner.pruning.targets import weights_of

    chosen = architecture(name)
    switches = switches or Protocol()
    given = resolve(name, {**chosen.published, **(options or {})})
    context = ModelContext(
        options=given,
        classes=classes,
        kind="single-label",
        inputs=chosen.inputs[0],
        max_tokens=1,
        switches=switches,
        seed=0,
        cache=Path(),
    )
    network = load_module(chosen).shape(context)
    prunable = weights_of(network, gains=switches.layernorm == "prune")
    described: dict[str, Any] = {
        "model": name,
        "title": chosen.title,
        "reference": chosen.reference,
        "options": given,
        "classes": classes,
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "prunable": sum(weight.numel() for weight in prunable.values()),
        "prunable_layers": len(prunable),
    }
    input_dimensions = getattr(network, "input_dimensions", None)
    return described if input_dimensions is None else {**described, "input_dimensions": input_dimensions}
