"""A small random encoder and decoder, and sentences for them: enough for training to mean something, made at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertModel,
    BertTokenizer,
    LlamaConfig,
    PreTrainedConfig,
    TokenizersBackend,
)

from runner.spec import Record, TrialSpec
from runner.training import Training
from tasks.base import TaskData

GOOD, BAD = ("good", "fine", "warm"), ("bad", "dull", "cold")
OTHERS = ("the", "film", "plot", "music", "is", "was", "very", "and", "too", "so")
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *GOOD, *BAD, *OTHERS)
TRAINING = Training(
    epochs=2,
    batch_size=16,
    learning_rate=1e-3,
    optimizer="adamw",
    weight_decay=0.01,
    warmup_epochs=0.5,
    precision="fp32",
    micro_batches=2,
)


def small_checkpoint(folder: Path) -> Path:
    """A BERT of two layers with dropout, whose matrices are just large enough that ZeRO 3 shards them."""
    folder.mkdir()
    tokenizer = BertTokenizer(vocab={word: row for row, word in enumerate(VOCABULARY)}, model_max_length=16)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=104,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=120,
        max_position_embeddings=16,
    )
    torch.manual_seed(3)
    BertModel(config).save_pretrained(folder)
    return folder


def small_decoder(folder: Path, config: PreTrainedConfig | None = None) -> Path:
    """A language model with its head, by default a Llama of two layers whose query heads share keys, with dropout.

    Its tokenizer has no padding token and adds no token to a text.
    """
    folder.mkdir()
    words = Tokenizer(WordLevel({word: row for row, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    TokenizersBackend(tokenizer_object=words, eos_token="[SEP]", model_max_length=16).save_pretrained(folder)
    config = config or LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=104,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=120,
        max_position_embeddings=16,
        attention_dropout=0.1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(3)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def sentences(train: int = 49, test: int = 31) -> TaskData:
    """Sentences that say more good than bad, or not; the last batch of an epoch is a single one."""
    generator = np.random.default_rng(0)
    texts, labels = [], []
    for _ in range(train + test):
        words = generator.choice([*GOOD, *BAD, *OTHERS], size=generator.integers(3, 12)).tolist()
        texts.append(" ".join(words))
        labels.append(int(sum(word in GOOD for word in words) > sum(word in BAD for word in words)))
    table = pa.table(
        {
            "split": ["train"] * train + ["test"] * test,
            "example_id": pa.array([*range(train), *range(test)], pa.int32()),
            "text": texts,
            "label": pa.array(labels, pa.int16()),
        }
    )
    return TaskData(
        task="sentences", kind="single-label", inputs="text", classes=("no", "yes"), max_tokens=14, examples=table
    )


def spec_of(
    checkpoint: Path, method: str = "dense", training: Training = TRAINING, architecture: str = "bert"
) -> TrialSpec:
    """A trial of the small encoder on the sentences, or of the small decoder."""
    return TrialSpec(
        task="sentences",
        data=sentences().fingerprint,
        model=f"small-{architecture}",
        architecture=architecture,
        options=(("checkpoint", str(checkpoint)),),
        method=method,
        sparsity=0.0 if method == "dense" else 0.7,
        seed=1,
        training=training,
        record=Record(splits=("test", "train"), probabilities=True, el2n=True),
    )
