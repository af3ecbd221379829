"""LeNet and the residual networks, against the same functions written out."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from runner.models import lenet, resnet
from runner.pruning.targets import weights_of
from tasks.images import Images
from tests.runner.models.conftest import Contexts

functional = nn.functional


def images_of(side: int, channels: int) -> Images:
    """Squares."""
    return Images(height=side, width=side, channels=channels, mean=(0.5,) * channels, deviation=(0.5,) * channels)


def test_lenet_is_what_the_paper_describes(context: Contexts) -> None:
    """Convolution, ReLU, halving, twice; three linear layers with ReLU between."""
    torch.manual_seed(0)
    net = lenet.build(dataclasses.replace(context("lenet"), images=images_of(28, 1)))
    bytes_ = torch.randint(0, 256, (4, 1, 28, 28), dtype=torch.uint8)
    seen = (bytes_ / 255 - 0.5) / 0.5
    for convolution in (net.first, net.second):
        seen = functional.max_pool2d(functional.conv2d(seen, convolution.weight, convolution.bias).relu(), 2)
    seen = seen.flatten(1)
    assert seen.shape == (4, 400)
    for layer in (net.third, net.fourth):
        seen = (seen @ layer.weight.T + layer.bias).relu()
    torch.testing.assert_close(net(bytes_), seen @ net.classifier.weight.T + net.classifier.bias)
    assert list(weights_of(net, gains=False)) == ["first.weight", "second.weight", "third.weight", "fourth.weight"]


def plain_resnet(state: dict[str, Tensor], images: Tensor, blocks: int) -> Tensor:
    """He et al. 2016 for CIFAR, in training mode, written out block by block."""

    def normalised(values: Tensor, name: str) -> Tensor:
        return functional.batch_norm(values, None, None, state[f"{name}.weight"], state[f"{name}.bias"], training=True)

    seen = normalised(functional.conv2d(images, state["first.weight"], padding=1), "norm").relu()
    for block in range(3 * blocks):
        name, stride = f"blocks.{block}", 2 if block and block % blocks == 0 else 1
        inner = functional.conv2d(seen, state[f"{name}.first.weight"], stride=stride, padding=1)
        inner = normalised(inner, f"{name}.first_norm").relu()
        inner = normalised(functional.conv2d(inner, state[f"{name}.second.weight"], padding=1), f"{name}.second_norm")
        if stride == 2:
            none = torch.zeros(len(seen), inner.shape[1] // 4, *inner.shape[2:])
            seen = torch.cat([none, seen[:, :, ::2, ::2], none], 1)
        seen = (inner + seen).relu()
    pooled = functional.adaptive_avg_pool2d(seen, 1).flatten(1)
    return pooled @ state["classifier.weight"].T + state["classifier.bias"]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_resnet_is_what_the_paper_describes(context: Contexts, channels: int) -> None:
    """Logits against the plain function; shortcuts have no parameters, and normalisation and output are not pruned."""
    torch.manual_seed(0)
    whole = dataclasses.replace(context("resnet-20", {"width": 4}), images=images_of(12, channels))
    net = resnet.build(dataclasses.replace(whole, options={**whole.options, "depth": 20}))
    numbers = torch.rand(5, channels, 12, 12)
    torch.testing.assert_close(net.train()(numbers), plain_resnet(net.state_dict(), numbers, 3))
    names = list(weights_of(net, gains=False))
    assert len(names) == 19
    assert not any("norm" in name or "bias" in name or "classifier" in name for name in names)


def test_residual_networks_begin_with_kaimings_values(context: Contexts) -> None:
    """Deviations are sqrt(2 / fan in), of the classifier too; means are zero."""
    torch.manual_seed(0)
    net = resnet.build(dataclasses.replace(context("resnet-20"), options={"depth": 20, "width": 16}))
    for weight in (net.blocks[8].second.weight, net.classifier.weight):
        inside = weight[0].numel()
        assert float(weight.detach().std()) == pytest.approx((2 / inside) ** 0.5, rel=0.1)
        assert abs(float(weight.detach().mean())) < 0.02
