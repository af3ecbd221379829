"""A small convolutional network for small images, after LeCun et al. 1998: for runs that take an instant."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from runner.models.base import ModelContext
from runner.models.images import Scaling, encode

__all__ = ["build", "encode", "shape"]

GRID = 4


class ConvNet(nn.Module):
    """Convolution, ReLU, halving, convolution, ReLU, averages over a 4 x 4 grid, hidden layer, ReLU, classifier."""

    def __init__(self, width: int, classes: int, context: ModelContext) -> None:
        super().__init__()
        self.scaling = Scaling(context.images)
        channels = context.images.channels if context.images else 1
        self.first = nn.Conv2d(channels, width, kernel_size=3, padding=1)
        self.second = nn.Conv2d(width, 2 * width, kernel_size=3, padding=1)
        self.hidden = nn.Linear(2 * width * GRID * GRID, 8 * width)
        self.classifier = nn.Linear(8 * width, classes)

    def forward(self, pixels: Tensor, flips: Tensor | None = None, corners: Tensor | None = None) -> Tensor:
        """Logits [n, classes] of images [n, channels, height, width]."""
        seen = self.scaling(pixels, flips, corners)
        halved = nn.functional.max_pool2d(self.first(seen).relu(), 2)
        averages = _grid(self.second(halved).relu())
        return self.classifier(self.hidden(averages.flatten(1)).relu())  # type: ignore[no-any-return]


def _grid(images: Tensor) -> Tensor:
    """Averages over a GRID x GRID partition of images [n, channels, height, width].

    Two matrix products, since the gradient of CUDA's adaptive pooling is not deterministic.
    """
    return _averages(images, -2).T @ images @ _averages(images, -1)


def _averages(images: Tensor, dimension: int) -> Tensor:
    """What makes averages of GRID parts of a dimension, [its size, GRID]."""
    side = images.shape[dimension]
    cell = torch.arange(side, device=images.device) * GRID // side
    member = nn.functional.one_hot(cell, GRID).to(images.dtype)
    return member / member.sum(dim=0)


def build(context: ModelContext) -> nn.Module:
    """The network with initial weights from torch's default generator."""
    return ConvNet(context.options["width"], context.classes, context)


def shape(context: ModelContext) -> nn.Module:
    """The network without weights."""
    with torch.device("meta"):
        return build(context)
