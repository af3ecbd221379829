"""A pretrained Hugging Face causal decoder with one linear layer on the last token's state (Radford et al. 2018)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import torch
from torch import Tensor, nn
from transformers import AutoModel, LlamaConfig

from runner.models import ModelError
from runner.models.base import Encoded, ModelContext
from runner.models.continued_tokens import encode as encode_continuations
from runner.models.continuing import ContinuingDecoder, pretrained
from runner.models.places import classified
from runner.models.pretrained import configuration, fast_tokenizer, loaded_network
from runner.models.tokens import Reading
from runner.models.tokens import encode as encode_tokens

WANTED = "a causal decoder such as Llama"

SEPARATOR = "\n"
"""Between the two texts of a pair: decoders learn no segments, and most of their tokenizers have no separator."""

# What these checkpoints change of LlamaConfig's defaults: their shape is known without fetching them.
SHAPES: dict[str, dict[str, int]] = {
    "HuggingFaceTB/SmolLM2-135M": {
        "vocab_size": 49_152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
    }
}


class LastTokenDecoder(nn.Module):
    """A causal decoder and the classifier on its last layer's normalised state of a text's last token.

    Texts are padded on the right, after the token that is read. No token's state depends on a later one, so the
    decoder needs no mask for the padding, and attention without one takes torch's fast causal kernels.
    """

    def __init__(self, decoder: nn.Module, config: Any, classes: int) -> None:
        super().__init__()
        self.decoder = decoder
        self.classifier = nn.Linear(config.hidden_size, classes)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, places: Tensor | None = None) -> Tensor:
        """Logits [n, classes] of token ids [n, positions]; the mask counts each text's tokens.

        A text without any is read as one token of padding. Given the places of words [n, words], logits [n, words,
        classes] of their states.
        """
        states = self.decoder(input_ids=input_ids).last_hidden_state
        if places is not None:
            return classified(self.classifier, states, places)
        last = (attention_mask.sum(1) - 1).clamp(min=0)
        return self.classifier(states[torch.arange(len(last), device=last.device), last])  # type: ignore[no-any-return]


def build(context: ModelContext) -> nn.Module:
    """The pretrained decoder; the classifier from torch's default generator.

    ModelError if the checkpoint cannot be had, holds no safetensors, or is no causal decoder of single layers.
    """
    name = context.options["checkpoint"]
    config = configuration(name, WANTED)
    output = None
    if context.reads == "continuation":
        decoder, output = pretrained(name)
    else:
        decoder = loaded_network(name)
    decoder.config.use_cache = False  # keys and values are kept for writing on, which nobody does here
    _refuse_experts(name, config, decoder)
    if _reads_ahead(decoder):
        raise ModelError(
            f"checkpoint '{name}' is a {config.model_type} model whose tokens read later ones; {WANTED} is needed "
            "(for encoders there is the model 'bert')"
        )
    if context.reads == "continuation":
        return ContinuingDecoder(decoder, config, output, is_taught=context.is_taught).train()
    return LastTokenDecoder(decoder, config, context.classes).train()


def shape(context: ModelContext) -> nn.Module:
    """The network without weights; only the configuration is read, and for well-known names not even that."""
    name = context.options["checkpoint"]
    config = LlamaConfig.from_dict(SHAPES[name]) if name in SHAPES else configuration(name, WANTED)
    with torch.device("meta"):
        decoder = AutoModel.from_config(config, attn_implementation="sdpa")  # type: ignore[no-untyped-call]
        _refuse_experts(name, config, decoder)
        if context.reads == "continuation":
            return ContinuingDecoder(decoder, config)
        return LastTokenDecoder(decoder, config, context.classes)


def encode(context: ModelContext, examples: pa.Table) -> Encoded:
    """Token ids of each example with the tokenizer's special tokens, cut to max_tokens; tokenised once a node.

    A pair is one string, a line for each text. A tokenizer without padding token pads with its end token: what
    stands after the last token is never read.
    """
    name = context.options["checkpoint"]
    tokenizer, rules = fast_tokenizer(name)
    longest = getattr(configuration(name, WANTED), "max_position_embeddings", tokenizer.model_max_length)
    ends = [token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id) if token is not None]
    reading = Reading(
        tokenizer=tokenizer,
        rules=rules,
        longest=min(tokenizer.model_max_length, longest),
        padding=ends[0] if ends else 0,
        separator=SEPARATOR,
        has_types=False,
    )
    if context.reads == "continuation":
        return encode_continuations(context, examples, reading)
    return encode_tokens(context, examples, reading)


def _refuse_experts(name: str, config: Any, decoder: nn.Module) -> None:
    """Pruning would pass over experts that are kept in one tensor, without a word."""
    for weight, values in decoder.named_parameters():
        if values.ndim > 2 and "weight" not in weight.rpartition(".")[2]:
            raise ModelError(
                f"checkpoint '{name}' is a {config.model_type} model that keeps several matrices in one ({weight}), "
                "which pruning does not see; choose a decoder without mixed experts"
            )


@torch.no_grad()
def _reads_ahead(decoder: nn.Module) -> bool:
    """Whether a first token's state depends on the second."""
    first, other = decoder.eval()(input_ids=torch.tensor([[0, 1], [0, 2]])).last_hidden_state[:, 0]
    return not torch.allclose(first, other, atol=1e-5)
