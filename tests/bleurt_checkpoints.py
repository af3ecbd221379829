"""Checkpoints of the form of BLEURT's, small and with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, BertConfig, BertTokenizer
from transformers.models.rembert.configuration_rembert import RemBertConfig

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("aromi", "cocum", "giraffe", "serves", "french", "indian", "food", "dishes", "is", "a", "place", "the", "##s")
LONGEST = 25
SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 32,
    # As far from 0 as those of a trained network: outputs differ in their first digits.
    "initializer_range": 0.5,
}


def write_checkpoint(folder: Path, *, seed: int = 0, outputs: int = 1, kind: str = "bert") -> str:
    """A network with a tokenizer of a few words, which reads LONGEST tokens of a pair."""
    words = {word: row for row, word in enumerate((*SPECIAL, *WORDS))}
    BertTokenizer(vocab=words, model_max_length=LONGEST).save_pretrained(folder)
    given: dict[str, Any] = {**SHAPE, "vocab_size": len(words), "num_labels": outputs, "pad_token_id": 0}
    config = BertConfig(**given) if kind == "bert" else RemBertConfig(**given, input_embedding_size=8)
    torch.manual_seed(seed)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    return str(folder)
