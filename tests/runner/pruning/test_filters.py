"""Whole filters: how many go, which, what goes with them, and that what is left is a smaller network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from runner.models import MODELS, load_module, settings
from runner.models.base import ModelContext
from runner.models.resnet import ResNet
from runner.pruning.compression import CompressionError, lost_filters
from runner.pruning.filters import filters_of, filterwise, listening, sizes, with_filters
from runner.pruning.masks import all_kept, removed
from runner.pruning.scores.independence import independence
from runner.pruning.targets import TARGETS, sizes_of
from runner.spec import Protocol


def context(name: str, **options) -> ModelContext:
    """An architecture for three classes of whatever it reads."""
    given = {"classes": 3, "kind": "single-label", "inputs": MODELS[name].inputs[0], "max_tokens": 4, "seed": 0}
    return ModelContext(options=settings(name, options), switches=Protocol(), cache=Path(), **given)


def network(width: int = 6) -> ResNet:
    """A residual network of one block a stage, whose normalisations are not the identity."""
    torch.manual_seed(0)
    built = ResNet(8, width, context("resnet-20"))
    for module in built.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
    return built


def test_the_same_share_of_each_and_what_rounding_leaves_over_goes_to_the_next():
    """Of 6, 12 and 24 filters a third; of equals, whose tenth is .4 of a filter, two of six lose one."""
    assert lost_filters([(6, 10), (12, 10), (24, 10)], 1 / 3) == [2, 4, 8]
    assert lost_filters([(4, 10)] * 6, 0.1) == [0, 1, 0, 1, 0, 0]
    assert sum(lost_filters([(16, 290)] * 9 + [(64, 1154)] * 9, 0.1)) == 14 + 58
    assert lost_filters([], 0.9) == []


def test_every_convolution_keeps_a_filter():
    """What a small one cannot give, larger ones give; what none can is refused with the most that can go."""
    assert lost_filters([(2, 10), (20, 10)], 0.9) == [1, 19]
    with pytest.raises(CompressionError, match=r"keeps one; allowed: at most 0.9091 of the 220 parameters"):
        lost_filters([(2, 10), (20, 10)], 0.95)


@pytest.mark.parametrize(("name", "classes"), [("resnet-20", 10), ("resnet-56", 10), ("resnet-56", 100)])
@pytest.mark.parametrize("ratio", [1.75, 3.33, 8.27, 19.11])
def test_ratios_come_within_a_filter_of_what_was_asked(name, classes, ratio):
    """The published ratios of all parameters to those left, whichever network and however many classes."""
    given = context(name)
    net = load_module(MODELS[name]).shape(given)
    found = sizes_of(net, TARGETS["filters"])
    lost = lost_filters(found.filters, found.fraction(1 - 1 / ratio, "all"))
    left = found.parameters - sum(gone * each for gone, (_, each) in zip(lost, found.filters, strict=True))
    assert abs(left - found.parameters / ratio) <= 1154 / 2
    assert sum(count * each for count, each in found.filters) == found.prunable


def test_a_ratio_beyond_the_last_filters_is_refused_with_the_largest():
    """Of all 853,018 parameters of a ResNet-56, 20,896 stay whatever is asked."""
    found = sizes_of(load_module(MODELS["resnet-56"]).shape(context("resnet-56")), TARGETS["filters"])
    for sparsity, base in ((1 - 1 / 50, "all"), (0.995, "prunable")):
        with pytest.raises(CompressionError, match=r"which is 0.97\d+ of all, a compression of 41\.\d+"):
            found.fraction(sparsity, base)


def test_the_least_important_filters_go_with_all_their_parts():
    """A filter's weights, its gain and shift, and what the next convolution reads of it; nothing of the stream."""
    net = network()
    weights = {name: weight.detach() for name, weight in with_filters(net).items()}
    importance = {own.weight: weights[own.weight].abs() for own in filters_of(net)}
    masks = filterwise(all_kept(weights), importance, 0.5, net)
    for block in range(3):
        name = f"blocks.{block}."
        order = weights[f"{name}first.weight"].abs().flatten(1).mean(1).argsort()
        gone = torch.zeros(len(order), dtype=torch.bool)
        gone[order[: len(order) // 2]] = True
        assert torch.equal(~masks[f"{name}first_norm.weight"], gone)
        assert torch.equal(~masks[f"{name}first_norm.bias"], gone)
        assert torch.equal((~masks[f"{name}first.weight"]).flatten(1).all(1), gone)
        assert torch.equal((~masks[f"{name}second.weight"]).transpose(0, 1).flatten(1).all(1), gone)
    assert removed(masks) == sum(count // 2 * each for count, each in sizes(net))
    assert not any("second_norm" in name or name.startswith("norm") for name in masks)


def test_what_is_left_is_a_smaller_network():
    """With the parts cut out, and with them at zero: the same outputs and gradients, in training mode too."""
    net, images = network(), torch.rand(4, 3, 9, 9)
    weights = with_filters(net)
    importance = {own.weight: weights[own.weight].detach().abs() for own in filters_of(net)}
    masks = filterwise(all_kept(weights), importance, 0.5, net)
    small = network()
    for own, block in zip(filters_of(net), small.blocks, strict=True):
        kept = masks[own.weight].flatten(1).any(1)
        for module, name, axis in (
            (block.first, "weight", 0),
            (block.first_norm, "weight", 0),
            (block.first_norm, "bias", 0),
            (block.second, "weight", 1),
        ):
            whole = getattr(module, name).detach()
            setattr(module, name, nn.Parameter(whole.index_select(axis, kept.nonzero().flatten())))
        for name in ("running_mean", "running_var"):
            setattr(block.first_norm, name, getattr(block.first_norm, name)[kept])
    with torch.no_grad():
        for name, weight in weights.items():
            weight.mul_(masks[name])
    for train in (True, False):
        torch.testing.assert_close(net.train(train)(images), small.train(train)(images))
    net.train()(images).square().sum().backward()
    small.train()(images).square().sum().backward()
    torch.testing.assert_close(net.blocks[2].second_norm.weight.grad, small.blocks[2].second_norm.weight.grad)
    torch.testing.assert_close(net.first.weight.grad, small.first.weight.grad, rtol=1e-4, atol=1e-5)


def test_independence_is_what_the_nuclear_norm_loses():
    """Against a loop over images and filters with torch's own norm, of more pixels than filters and of fewer."""
    torch.manual_seed(1)
    for shape in ((3, 5, 4, 4), (2, 9, 2, 2)):
        maps = torch.randn(shape).relu()
        maps[:, 1] = 0
        maps[:, 2] = maps[:, 3]
        found = independence(maps)
        for image, ours in zip(maps.double(), found, strict=True):
            rows = image.flatten(1)
            for place in range(len(rows)):
                without = rows.clone()
                without[place] = 0
                lost = torch.linalg.matrix_norm(rows, ord="nuc") - torch.linalg.matrix_norm(without, ord="nuc")
                assert float(ours[place]) == pytest.approx(float(lost), abs=1e-6)
            assert float(ours[1]) == 0, "a filter that says nothing can go"


def test_listening_gives_what_the_next_convolution_reads():
    """After normalisation and ReLU; and nothing is heard when it is over."""
    net, images = network().eval(), torch.rand(2, 3, 9, 9)
    with listening(net) as seen:
        net(images)
    stream = net.norm(net.first(images)).relu()
    expected = net.blocks[0].first_norm(net.blocks[0].first(stream)).relu()
    torch.testing.assert_close(seen["blocks.0.first.weight"], expected)
    held = dict(seen)
    net(images + 1)
    assert seen == held
    assert list(held) == [own.weight for own in filters_of(net)]


def test_the_registry_says_which_networks_have_filters():
    """What a study is checked by agrees with what the networks of images declare."""
    for name, line in MODELS.items():
        if line.inputs == ("image",) and name in ("convnet", "lenet", "resnet-20", "resnet-56"):
            assert bool(filters_of(load_module(line).shape(context(name)))) == line.filters
    assert not any(line.filters for line in MODELS.values() if line.inputs != ("image",))
    with pytest.raises(ValueError, match="Linear has no convolution whose filters may go; take a residual network"):
        with_filters(nn.Linear(2, 2))
