"""The convolutional network that Good et al. 2022 take for MNIST and Fashion-MNIST, after LeCun et al. 1998."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from runner.models.base import ModelContext
from runner.models.images import Scaling, encode

__all__ = ["build", "encode", "shape"]

MNIST = (28, 28, 1)
"""Height, width and channels for which it is described."""


class LeNet(nn.Module):
    """Twice a 3 x 3 convolution (6 and 16 channels), ReLU and halving; then 120, 84 and the classifier, with ReLU.

    60,074 parameters for MNIST (code of Good et al. 2022, models/mnistnet.py).
    """

    def __init__(self, context: ModelContext) -> None:
        super().__init__()
        images = context.images
        height, width, channels = (images.height, images.width, images.channels) if images else MNIST
        self.scaling = Scaling(images)
        self.first = nn.Conv2d(channels, 6, kernel_size=3)
        self.second = nn.Conv2d(6, 16, kernel_size=3)
        self.third = nn.Linear(16 * _after(height) * _after(width), 120)
        self.fourth = nn.Linear(120, 84)
        self.classifier = nn.Linear(84, context.classes)

    def forward(self, pixels: Tensor, flips: Tensor | None = None, corners: Tensor | None = None) -> Tensor:
        """Logits [n, classes] of images [n, channels, height, width]."""
        # Two channels of zeros make eight of six, as many as a processor's vectors hold: a third of the time goes.
        # The largest of ReLUs is the ReLU of the largest, on a quarter of the numbers.
        functional, first, second = nn.functional, self.first, self.second
        assert first.bias is not None  # every convolution here has one
        seen = self.scaling(pixels, flips, corners)
        seen = functional.conv2d(seen, _wider(first.weight, 2, 0), functional.pad(first.bias, (0, 2)))
        seen = functional.conv2d(functional.max_pool2d(seen, 2).relu(), _wider(second.weight, 0, 2), second.bias)
        seen = functional.max_pool2d(seen, 2).relu().flatten(1)
        return self.classifier(self.fourth(self.third(seen).relu()).relu())  # type: ignore[no-any-return]


def _wider(weight: Tensor, outside: int, inside: int) -> Tensor:
    """The weight of a convolution with channels of zeros added."""
    wider = nn.functional.pad(weight, (0, 0, 0, 0, 0, inside, 0, outside))
    return wider.contiguous(memory_format=torch.channels_last)


def _after(side: int) -> int:
    """What two convolutions without margin and two halvings leave of a side."""
    return ((side - 2) // 2 - 2) // 2


def build(context: ModelContext) -> nn.Module:
    """The network with initial weights from torch's default generator."""
    return LeNet(context)


def shape(context: ModelContext) -> nn.Module:
    """The network without weights."""
    with torch.device("meta"):
        return build(context)
