"""The causal decoder with one linear layer on the last token's state."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn
from transformers import (
    AutoModel,
    BertConfig,
    BertLMHeadModel,
    GPT2Config,
    LlamaConfig,
    MixtralConfig,
    PreTrainedConfig,
    Qwen3Config,
    T5Config,
)

from runner.models import ModelError, decoder
from runner.models.base import ModelContext
from runner.models.decoder import LastTokenDecoder
from runner.models.tokens import EncodedTokens
from runner.pruning.targets import weights_of
from tests.runner.models.conftest import Contexts
from tests.runner.small_sentences import VOCABULARY, small_decoder

TEXTS = pa.table({"text": ["the film is good", "bad", "the plot and the music is very very bad", ""]})
PAIRS = pa.table({"text": ["film good", "the film"], "text_pair": ["plot bad very", "music"]})
ROWS = np.arange(4)
SIZES = {"vocab_size": len(VOCABULARY), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
LLAMA = {**SIZES, "intermediate_size": 24, "num_key_value_heads": 2, "max_position_embeddings": 16}
FAMILIES = {
    "llama": LlamaConfig(**LLAMA, tie_word_embeddings=False),
    "qwen3": Qwen3Config(**LLAMA, head_dim=8),
    "gpt2": GPT2Config(**SIZES, n_positions=16),
}
"""Grouped keys and a head of its own, normalised queries and keys, and learned positions with matrices transposed."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small decoder's checkpoint."""
    return small_decoder(tmp_path_factory.mktemp("decoder") / "checkpoint")


@pytest.fixture
def small(context: Contexts, folder: Path) -> ModelContext:
    """Its context."""
    return context("decoder", {"checkpoint": str(folder)})


def encoded(context: ModelContext, examples: pa.Table) -> EncodedTokens:
    """The examples encoded."""
    made = decoder.encode(context, examples)
    assert isinstance(made, EncodedTokens)
    return made


def build(context: ModelContext, seed: int = 0) -> LastTokenDecoder:
    """The network with its new weights from a seed."""
    torch.manual_seed(seed)
    made = decoder.build(context)
    assert isinstance(made, LastTokenDecoder)
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_reads_the_same_alone(family: str, context: Contexts, tmp_path: Path) -> None:
    """Logits depend neither on longer texts beside a text, nor on how far it is padded, nor with what."""
    made = context("decoder", {"checkpoint": str(small_decoder(tmp_path / family, FAMILIES[family]))})
    net, texts = build(made).eval(), encoded(made, TEXTS)
    together = net(**texts.inputs(ROWS))
    assert not torch.allclose(together[0], together[2], atol=1e-3)
    torch.testing.assert_close(together, torch.cat([net(**texts.inputs(ROWS[[row]])) for row in ROWS]))
    further = {name: nn.functional.pad(tensor, (0, 5)) for name, tensor in texts.inputs(ROWS).items()}
    torch.testing.assert_close(together, net(**further))
    filled = dataclasses.replace(texts, padding=7).inputs(ROWS[:3])
    torch.testing.assert_close(together[:3], net(**filled))


def test_the_head_reads_the_last_token(small: ModelContext, folder: Path) -> None:
    """The logits are one linear layer on the checkpoint's own state of each text's last word."""
    net, texts = build(small).eval(), encoded(small, TEXTS)
    model = AutoModel.from_pretrained(folder).eval()
    for row, text in enumerate(TEXTS["text"].to_pylist()):
        ids = torch.tensor([[VOCABULARY.index(word) for word in text.split() or ["[SEP]"]]])
        state = model(input_ids=ids).last_hidden_state[0, -1]
        torch.testing.assert_close(net(**texts.inputs(ROWS))[row], net.classifier(state))


@pytest.mark.parametrize(("family", "layers"), [("llama", 14), ("qwen3", 14), ("gpt2", 8)])
def test_every_matrix_of_the_blocks_is_pruned(family: str, layers: int, context: Contexts, tmp_path: Path) -> None:
    """Attention's and the feed-forward's matrices, and neither embeddings, gains, biases nor the classifier."""
    net = build(context("decoder", {"checkpoint": str(small_decoder(tmp_path / family, FAMILIES[family]))}))
    found = weights_of(net, gains=False)
    assert len(found) == layers
    blocks = {name for name, weight in net.decoder.named_parameters(prefix="decoder") if weight.ndim == 2}
    assert {name for name in blocks if name not in found} <= {
        f"decoder.{name}.weight" for name in ("embed_tokens", "wte", "wpe")
    }


def test_shape_counts_what_is_built(small: ModelContext) -> None:
    """Same names and sizes without weights; every parameter trains, and only the classifier follows the seed."""
    net, other = build(small, 1), build(small, 2)
    shapes = {name: weight.shape for name, weight in net.named_parameters() if weight.requires_grad}
    meta = decoder.shape(small)
    assert {name: weight.shape for name, weight in meta.named_parameters()} == shapes
    assert all(weight.is_meta for weight in meta.parameters())
    again, changed = net.state_dict(), other.state_dict()
    assert {name for name in again if not torch.equal(again[name], changed[name])} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_a_pair_is_one_text(small: ModelContext) -> None:
    """The second text follows in a line of its own, and there are no segments."""
    inputs = encoded(small, PAIRS).inputs(ROWS[:2])
    assert set(inputs) == {"input_ids", "attention_mask"}
    words = [[VOCABULARY[token] for token in row] for row in inputs["input_ids"].tolist()]
    assert words == [["film", "good", "plot", "bad", "very"], ["the", "film", "music", "[SEP]", "[SEP]"]]
    assert inputs["attention_mask"].sum(1).tolist() == [5, 3]


def test_too_many_tokens_are_refused(context: Contexts, folder: Path) -> None:
    """max_tokens beyond the checkpoint's positions says both numbers."""
    with pytest.raises(ModelError, match=r"max_tokens is 64.*at most 16 tokens"):
        encoded(context("decoder", {"checkpoint": str(folder)}, max_tokens=64), TEXTS)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (MixtralConfig(**LLAMA, num_local_experts=2), "several matrices in one .*experts"),
        (LlamaConfig(**{**LLAMA, "is_causal": False}), "tokens read later ones; a causal decoder"),
    ],
)
def test_other_models_are_refused(config: PreTrainedConfig, words: str, context: Contexts, tmp_path: Path) -> None:
    """Experts that pruning would not see, and a decoder whose tokens see later ones, are named."""
    made = context("decoder", {"checkpoint": str(small_decoder(tmp_path / "other", config))})
    with pytest.raises(ModelError, match=words):
        decoder.build(made)


def test_encoders_are_refused(context: Contexts, tmp_path: Path) -> None:
    """A BERT reads ahead, and a T5 is two models."""
    BertLMHeadModel(BertConfig(**SIZES, intermediate_size=24)).save_pretrained(tmp_path / "bert")
    with pytest.raises(ModelError, match="is a bert model whose tokens read later ones"):
        decoder.build(context("decoder", {"checkpoint": str(tmp_path / "bert")}))
    T5Config().save_pretrained(tmp_path / "t5")
    with pytest.raises(ModelError, match="is a t5 model; a causal decoder"):
        decoder.shape(context("decoder", {"checkpoint": str(tmp_path / "t5")}))
