"""Which weights pruning may remove, and that it removes exactly as many as asked."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertModel

from runner.pruning.masks import (
    all_kept,
    kth_lowest,
    layer_sparsity,
    lowest,
    removed,
    shrunk,
    sparsity,
)
from runner.pruning.targets import weights_of


class RecurrentNetwork(nn.Module):
    """The first paper's BiLSTM in shape."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(300, 100, 2, bidirectional=True)
        self.first = nn.Linear(200, 256)
        self.second = nn.Linear(256, 128)
        self.classifier = nn.Linear(128, 2)


class EncoderNetwork(nn.Module):
    """The first paper's BERT in shape."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = BertModel(BertConfig())
        self.classifier = nn.Linear(768, 2)


def counted(network: nn.Module, *, gains: bool) -> int:
    """How many weights may be removed."""
    return sum(weight.numel() for weight in weights_of(network, gains=gains).values())


def test_bilstm_has_the_papers_prunable_weights():
    """Every LSTM matrix is a layer of its own, biases and the output layer are spared: 643,968 weights."""
    with torch.device("meta"):
        network = RecurrentNetwork()
    assert counted(network, gains=False) == 643_968
    assert len(weights_of(network, gains=False)) == 10


def test_bert_has_the_papers_prunable_weights():
    """Embeddings with their LayerNorm, biases and output layer are spared; the pooler is not; gains by switch."""
    with torch.device("meta"):
        network = EncoderNetwork()
    assert counted(network, gains=False) == 85_524_480
    assert counted(network, gains=True) == 85_542_912
    assert "encoder.pooler.dense.weight" in weights_of(network, gains=False)
    assert not any("embeddings" in name for name in weights_of(network, gains=True))


def test_a_network_without_prunable_weights_is_refused():
    """A lone output layer gives an error that says what is never pruned."""
    network = nn.Module()
    network.classifier = nn.Linear(3, 2)
    with pytest.raises(ValueError, match="no prunable weight"):
        weights_of(network, gains=True)


SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=5)


@settings(max_examples=80)
@given(
    sizes=SIZES,
    fractions=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    seed=st.integers(0, 999),
    nan=st.booleans(),
)
def test_layerwise_counts_are_exact(sizes, fractions, seed, nan):
    """Whatever the sizes, fractions and scores (ties and NaN among them), each layer loses round(n * fraction)."""
    generator = torch.Generator().manual_seed(seed)
    masks = all_kept({str(i): torch.zeros(size) for i, size in enumerate(sizes)})
    for fraction in sorted(fractions):
        scores = {name: torch.randint(0, 4, mask.shape, generator=generator).float() for name, mask in masks.items()}
        if nan:
            scores = {name: score.masked_fill(score == 2, torch.nan) for name, score in scores.items()}
        after = shrunk(masks, scores, fraction, "layerwise")
        for name, mask in after.items():
            assert int((~mask).sum()) == round(mask.numel() * fraction)
            assert abs(layer_sparsity(after)[name] - fraction) * mask.numel() <= 1
            assert not (mask & ~masks[name]).any(), "a weight came back"
        masks = after


@settings(max_examples=60)
@given(sizes=SIZES, fraction=st.floats(0, 1), seed=st.integers(0, 999))
def test_global_count_is_exact_and_takes_the_lowest(sizes, fraction, seed):
    """The global scope removes round(N * fraction) weights over all layers, none more important than one it keeps."""
    generator = torch.Generator().manual_seed(seed)
    scores = {str(i): torch.rand(size, generator=generator) for i, size in enumerate(sizes)}
    masks = shrunk(all_kept(scores), scores, fraction, "global")
    assert removed(masks) == round(sum(sizes) * fraction)
    assert sparsity(masks) == pytest.approx(fraction, abs=1 / sum(sizes))
    gone = torch.cat([scores[name][~mask] for name, mask in masks.items()])
    kept = torch.cat([scores[name][mask] for name, mask in masks.items()])
    if len(gone) and len(kept):
        assert gone.max() <= kept.min()


def test_ties_are_broken_by_lower_flat_index():
    """Of equal scores the earlier weight goes, also where a percentile rule would remove none."""
    masks = shrunk({"w": torch.ones(2, 3, dtype=torch.bool)}, {"w": torch.zeros(2, 3)}, 0.5, "layerwise")
    assert masks["w"].tolist() == [[False, False, False], [True, True, True]]


def test_nan_goes_first_and_infinity_last():
    """NaN counts as least important, infinities rank as numbers do."""
    values = torch.tensor([1.0, torch.nan, torch.inf, -torch.inf, 0.0])
    assert lowest(values, 3).tolist() == [False, True, False, True, True]
    assert lowest(values, 5).all()
    assert not lowest(values, 0).any()
    assert lowest(values[2:], 1).tolist() == [False, True, False]


@settings(max_examples=30)
@given(
    size=st.integers(1, 400_000),
    share=st.floats(0, 1, exclude_min=True),
    seed=st.integers(0, 99),
    values=st.sampled_from([2, 30, 2**20]),
)
def test_the_fast_selection_finds_what_torch_finds(size, share, seed, values):
    """Whatever the size, the place and the number of ties, the threshold is that of `torch.kthvalue`."""
    drawn = torch.randint(values, (size,), generator=torch.Generator().manual_seed(seed)).float()
    drawn[0] = -torch.inf
    count = max(1, round(size * share))
    assert kth_lowest(drawn, count) == drawn.kthvalue(count).values
    assert kth_lowest(drawn.sort().values, count) == drawn.kthvalue(count).values


def test_what_is_gone_stays_gone_even_if_it_scores_highest():
    """A later round chooses among the weights that are left only."""
    mask = torch.tensor([False, True, True, True])
    masks = shrunk({"w": mask}, {"w": torch.tensor([9.0, 1.0, 2.0, 3.0])}, 0.5, "layerwise")
    assert masks["w"].tolist() == [False, False, True, True]


def test_masks_cannot_grow():
    """Asking for less than is gone already, or for no fraction at all, is an error."""
    mask = {"w": torch.tensor([False, False, True])}
    with pytest.raises(ValueError, match="only shrink"):
        shrunk(mask, {"w": torch.zeros(3)}, 0.1, "layerwise")
    with pytest.raises(ValueError, match=r"1\.5 was given"):
        shrunk(mask, {"w": torch.zeros(3)}, 1.5, "layerwise")
