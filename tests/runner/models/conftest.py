"""Small word vectors, a small encoder checkpoint and a way to make contexts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer

from runner.models import resolve
from runner.models.base import ModelContext
from runner.spec import Protocol

WORDS = ("the", "film", "is", "good", "bad", "very", "plot", "and", "music", ".", ",", "!")

Contexts = Callable[..., ModelContext]


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    """Four-dimensional vectors of WORDS in GloVe's text format."""
    values = torch.randn(len(WORDS), 4, generator=torch.Generator().manual_seed(7)).tolist()
    path = tmp_path / "glove.4d.txt"
    lines = [" ".join([word, *(f"{value:.5f}" for value in row)]) for word, row in zip(WORDS, values, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two narrow layers with its tokenizer, saved as safetensors."""
    folder = tmp_path_factory.mktemp("checkpoint")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizer(vocab={word: row for row, word in enumerate(vocabulary)}, model_max_length=32)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    torch.manual_seed(3)
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def context(tmp_path: Path) -> Contexts:
    """Makes the context of an architecture by name; options, switches and other fields by keyword."""

    def make(
        name: str,
        options: dict[str, object] | None = None,
        switches: Protocol | None = None,
        kind: str = "single-label",
        seed: int = 0,
        max_tokens: int = 12,
    ) -> ModelContext:
        return ModelContext(
            options=resolve(name, options or {}),
            classes=3,
            kind=kind,
            inputs="text",
            max_tokens=max_tokens,
            switches=switches or Protocol(),
            seed=seed,
            cache=tmp_path / "cache",
        )

    return make
