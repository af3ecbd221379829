"""Dropout from raw bits is dropout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from runner.models.dropout import BitDropout, dropout, use_bit_dropout


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_share_and_mean_are_dropouts(kind, probability):
    """The wanted share is zeroed, independently of place, and the mean is kept."""
    torch.manual_seed(0)
    values = dropout(torch.ones(1000, 1000, dtype=kind), probability, training=True).float()
    assert (values == 0).float().mean().item() == pytest.approx(probability, abs=0.003)
    assert values.mean().item() == pytest.approx(1.0, abs=0.01)
    kept = (values != 0).float()
    assert torch.corrcoef(torch.stack([kept[:, 0::2].flatten(), kept[:, 1::2].flatten()]))[0, 1].abs() < 0.01
    assert kept.mean(0).std() < 0.03
    assert kept.mean(1).std() < 0.03


def test_it_repeats_with_the_generator_and_is_off_in_evaluation():
    """The same seed gives the same mask, another another; evaluation changes nothing; gradients follow the mask."""
    module = BitDropout(0.3)
    values = torch.randn(7, 13, requires_grad=True)
    masks = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        masks.append(module(values) == 0)
    assert masks[0].equal(masks[1])
    assert not masks[0].equal(masks[2])
    torch.manual_seed(1)
    module(values).sum().backward()
    assert values.grad is not None
    assert (values.grad == 0).equal(masks[0])
    assert module.eval()(values).equal(values)


def test_every_dropout_of_a_network_is_replaced():
    """Nested ones too, each with its own probability."""
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1), nn.Sequential(nn.Dropout(0.2)))
    use_bit_dropout(network)
    found = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    assert [(type(module), module.p) for module in found] == [(BitDropout, 0.1), (BitDropout, 0.2)]
