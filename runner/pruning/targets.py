"""Name the parameters that pruning may touch: one function and one line of TARGETS each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from runner.pruning.compression import Sizes
from runner.pruning.filters import sizes, with_filters

Targets = Callable[[nn.Module], dict[str, nn.Parameter]]
"""Network -> its prunable weights by qualified name. ValueError if there are none."""


def weights_of(network: nn.Module, *, gains: bool) -> dict[str, nn.Parameter]:
    """The weights that pruning may remove, by qualified name, in the order of the network's modules.

    Every parameter of a leaf module whose name contains "weight" (each LSTM matrix is a layer of its own), without
    embeddings (any subtree whose class name contains "embedding") and without the output layer
    `network.classifier`; gains of normalisation layers only with `gains` (Tropeano et al. 2025, section 3.2;
    their code prunes the gains, which the text does not say). ValueError if nothing is left.
    """
    classifier = getattr(network, "classifier", None)
    output = set(classifier.modules()) if isinstance(classifier, nn.Module) else set()
    found: dict[str, nn.Parameter] = {}
    seen: set[nn.Parameter] = set()
    for name, module in leaves(network):
        if module in output or (is_normalisation(module) and not gains):
            continue
        for key, parameter in module.named_parameters(recurse=False):
            if "weight" in key and parameter not in seen:
                seen.add(parameter)
                found[f"{name}.{key}" if name else key] = parameter
    if not found:
        raise ValueError(
            f"{type(network).__name__} has no prunable weight: embeddings, biases, normalisation and the output layer "
            "are never pruned; give the network at least one other layer"
        )
    return found


def matrices_of(network: nn.Module, *, biases: bool) -> dict[str, nn.Parameter]:
    """The weights of `weights_of` without gains and without a pooler's; with `biases` also those beside each of them.

    In BERT-base these are 72 matrices, and 85,017,600 weights with their biases (Zhang et al. 2022, Ren and Zhu 2023:
    in their code the parameters whose names have attention.self, attention.output.dense, output.dense or
    intermediate.dense).
    """
    weights = weights_of(network, gains=False)
    modules = dict.fromkeys(name.rpartition(".")[0] for name in weights if "pooler" not in name.split("."))
    return {
        key: parameter
        for module in modules
        for key, parameter in network.get_submodule(module).named_parameters(module, recurse=False)
        if key in weights or (biases and "bias" in key.rpartition(".")[2])
    }


def leaves(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The modules without children that lie in no embedding, with qualified names."""
    if "embedding" in type(module).__name__.lower():
        return
    children = list(module.named_children())
    if not children:
        yield name, module
    for key, child in children:
        yield from leaves(child, f"{name}.{key}" if name else key)


def is_normalisation(module: nn.Module) -> bool:
    """True for LayerNorm, BatchNorm, RMSNorm and their kin."""
    return "norm" in type(module).__name__.lower()


def sizes_of(network: nn.Module, targets: Targets) -> Sizes:
    """How many parameters a network has, how many of them pruning may remove, and the other biases beside these."""
    weights = targets(network)
    modules = [network.get_submodule(name) for name in {name.rpartition(".")[0] for name in weights}]
    named = [(name, parameter) for module in modules for name, parameter in module.named_parameters()]
    going = {id(weight) for weight in weights.values()}
    biases = [parameter for name, parameter in named if "bias" in name and id(parameter) not in going]
    return Sizes(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        prunable=sum(weight.numel() for weight in weights.values()),
        biases=sum(bias.numel() for bias in biases),
        filters=sizes(network) if targets is with_filters else (),
    )


TARGETS: dict[str, Targets] = {
    "weights": partial(weights_of, gains=False),
    "weights-and-gains": partial(weights_of, gains=True),
    "filters": with_filters,
    "matrices": partial(matrices_of, biases=False),
    "matrices-and-biases": partial(matrices_of, biases=True),
}
