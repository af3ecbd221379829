"""The BiLSTM: what it reads, and what it must not read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from runner.models import bilstm, vectors
from runner.models.bilstm import BiLSTM, EncodedWords
from runner.spec import Protocol
from tests.runner.models.conftest import Contexts

TEXTS = pa.table({"text": ["The film is good!", "bad", "the plot, and the music, is very very bad.", "zzz film"]})
PACKED = Protocol(padding="packed")


def encoded(context: Contexts, glove: Path, switches: Protocol, examples: pa.Table = TEXTS, **fields) -> EncodedWords:
    """The texts encoded with the small vectors."""
    made = bilstm.encode(context("bilstm", {"vectors": str(glove)}, switches, **fields), examples)
    assert isinstance(made, EncodedWords)
    return made


def network(context: Contexts, glove: Path, seed: int = 0) -> BiLSTM:
    """A narrow network with initial weights from a seed."""
    torch.manual_seed(seed)
    made = bilstm.build(context("bilstm", {"vectors": str(glove), "hidden": 5}))
    assert isinstance(made, BiLSTM)
    return made


def read_vectors(texts: EncodedWords, row: int) -> Tensor:
    """The vectors that the network reads for one row."""
    words = texts.inputs(np.array([row]))["words"][0]
    return texts.table[words]


def test_paper_network_trains_every_parameter() -> None:
    """Built in full, the network has the paper's 647,810 parameters; the word vectors are none of them."""
    net = BiLSTM(dimensions=300, hidden=100, layers=2, classes=2)
    assert sum(weight.numel() for weight in net.parameters() if weight.requires_grad) == 647_810


def test_build_repeats_with_the_seed(context: Contexts, glove: Path) -> None:
    """The same seed gives the same weights, another seed others."""
    same, again, other = (network(context, glove, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(same[name], again[name]) for name in same)
    assert not torch.equal(same["lstm.weight_ih_l0"], other["lstm.weight_ih_l0"])


def test_packed_equals_torchs_packed_sequence(context: Contexts, glove: Path) -> None:
    """Reading each direction from its own end gives the states and gradients of torch's packed sequences."""
    net = network(context, glove)
    table = torch.randn(20, 4)
    lengths = torch.tensor([3, 7, 1, 7, 5])
    words = torch.randint(0, 20, (5, 7))
    packed = pack_padded_sequence(table[words], lengths, batch_first=True, enforce_sorted=False)
    _, (states, _) = net.lstm(packed)
    expected = torch.cat([states[-2], states[-1]], dim=1)
    found = net._cut(table[words], lengths)
    torch.testing.assert_close(found, expected)
    for ours, theirs in zip(
        torch.autograd.grad(found.square().sum(), list(net.lstm.parameters())),
        torch.autograd.grad(expected.square().sum(), list(net.lstm.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_packed_text_reads_the_same_alone(context: Contexts, glove: Path) -> None:
    """Logits of a text do not depend on the texts beside it."""
    net = network(context, glove)
    texts = encoded(context, glove, PACKED)
    together = net(**texts.inputs(np.arange(4)))
    alone = torch.cat([net(**texts.inputs(np.array([row]))) for row in range(4)])
    torch.testing.assert_close(together, alone)


def test_paper_form_reads_padding(context: Contexts, glove: Path) -> None:
    """Padded to max_tokens, each text reads as another than without, but for the one that fills max_tokens."""
    net = network(context, glove)
    padded = net(**encoded(context, glove, Protocol()).inputs(np.arange(4)))
    packed = net(**encoded(context, glove, PACKED).inputs(np.arange(4)))
    assert ((padded - packed).abs().amax(dim=1) > 1e-4).tolist() == [True, True, False, True]


@pytest.mark.parametrize(("kind", "padding"), [("single-label", "zeros"), ("multi-label", "mean")])
def test_release_pads_by_kind(context: Contexts, glove: Path, kind: str, padding: str) -> None:
    """The released code feeds zeros to single-label tasks and the average vector to multi-label ones."""
    read = read_vectors(encoded(context, glove, Protocol.release(), kind=kind), 1)
    mean = torch.from_numpy(vectors.load(str(glove), glove.parent / "cache").moments()[0])
    expected = torch.zeros(4) if padding == "zeros" else mean
    assert read.shape == (12, 4)
    assert all(torch.equal(vector, expected) for vector in read[1:])


def test_random_padding_follows_the_seed(context: Contexts, glove: Path) -> None:
    """In the paper's form one vector is drawn a seed and stands at every padded position."""
    first, again, other = (read_vectors(encoded(context, glove, Protocol(), seed=seed), 1)[1:] for seed in (1, 1, 2))
    assert torch.equal(first, first[:1].expand_as(first))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_random_padding_has_the_vectors_moments(context: Contexts, glove: Path) -> None:
    """Over many seeds the padding vectors have the mean and deviation of the word vectors."""
    mean, deviation = vectors.load(str(glove), glove.parent / "cache").moments()
    drawn = np.stack([bilstm.padding(context("bilstm", seed=seed), mean, deviation) for seed in range(2_000)])
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.1)


def test_unknown_words_read_the_average(context: Contexts, glove: Path) -> None:
    """A word without a vector, the separator of a pair and a text without words read the average of all vectors."""
    mean = torch.from_numpy(vectors.load(str(glove), glove.parent / "cache").moments()[0])
    pairs = pa.table({"text": ["film", ""], "text_pair": ["zzz", ""]})
    texts = encoded(context, glove, PACKED, pairs)
    assert texts.lengths.tolist() == [3, 1]
    read = read_vectors(texts, 0)
    assert torch.equal(read[1], mean)
    assert torch.equal(read[2], mean)
    assert not torch.equal(read[0], mean)
    empty = encoded(context, glove, PACKED, pa.table({"text": ["", "film"]}))
    assert torch.equal(read_vectors(empty, 0), mean[None])


def test_texts_are_cut(context: Contexts, glove: Path) -> None:
    """A text longer than max_tokens keeps its first words; its neighbours keep theirs."""
    whole = encoded(context, glove, PACKED)
    cut = encoded(context, glove, PACKED, max_tokens=3)
    assert whole.lengths.tolist() == [5, 1, 12, 2]
    assert cut.lengths.tolist() == [3, 1, 3, 2]
    for row in range(4):
        assert torch.equal(read_vectors(cut, row), read_vectors(whole, row)[:3])


def test_words_are_split_once(context: Contexts, glove: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second trial of another seed or padding maps what the first has written; other texts are split anew."""
    encoded(context, glove, PACKED)
    monkeypatch.setitem(bilstm.WORDS_OF, "text", lambda _: pytest.fail("split again"))
    encoded(context, glove, Protocol(), seed=5)
    with pytest.raises(pytest.fail.Exception):
        encoded(context, glove, PACKED, TEXTS.slice(1))


def test_lengths_tell_the_cost(context: Contexts, glove: Path) -> None:
    """Padded texts all cost max_tokens; packed ones their words."""
    assert encoded(context, glove, Protocol()).lengths.tolist() == [12] * 4
    assert encoded(context, glove, PACKED).lengths.tolist() == [5, 1, 12, 2]
