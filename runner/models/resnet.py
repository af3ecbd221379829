"""Residual networks for small images (He et al. 2016, section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from runner.models.base import ModelContext
from runner.models.images import Scaling, encode
from runner.pruning.filters import Filters

__all__ = ["build", "encode", "shape"]

COLOURS = 3
"""Channels for which it is described."""


class Block(nn.Module):
    """Two 3 x 3 convolutions, each with batch normalisation, beside a shortcut without parameters (option A).

    Where the block halves the image and doubles the channels, the shortcut takes every other pixel and adds channels of
    zeros, half on either side. So filters of the first convolution may go, which the second alone reads; those of the
    second are added to the shortcut's channels one by one, in every block of a stage the same.
    """

    filters = Filters(
        "first.weight", "second", {"first.weight": 0, "first_norm.weight": 0, "first_norm.bias": 0, "second.weight": 1}
    )

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inside, outside, kernel_size=3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, kernel_size=3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outside)
        self.stride = stride
        self.added = (outside - inside) // 2

    def forward(self, images: Tensor) -> Tensor:
        """The block's output, after ReLU."""
        # In place where normalisation has just made what nobody else reads.
        inner = self.second_norm(self.second(self.first_norm(self.first(images)).relu_()))
        shortcut = images
        if self.added or self.stride > 1:
            shortcut = nn.functional.pad(
                images[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added, self.added)
            )
        return inner.add_(shortcut).relu_()  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """A convolution, three stages of (depth - 2) / 6 blocks each, the mean over the image, and the classifier.

    Stages have width, 2 width and 4 width channels. Convolutions and the classifier begin with Kaiming's normal values
    (He et al. 2015), as in the code of Good et al. 2022.
    """

    def __init__(self, depth: int, width: int, context: ModelContext) -> None:
        super().__init__()
        self.scaling = Scaling(context.images)
        channels = context.images.channels if context.images else COLOURS
        self.first = nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        blocks, inside = [], width
        for stage in range(3):
            for block in range((depth - 2) // 6):
                blocks.append(Block(inside, width << stage, stride=2 if stage and not block else 1))
                inside = width << stage
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(inside, context.classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, pixels: Tensor, flips: Tensor | None = None, corners: Tensor | None = None) -> Tensor:
        """Logits [n, classes] of images [n, channels, height, width]."""
        seen = self.norm(self.first(self.scaling(pixels, flips, corners))).relu_()
        return self.classifier(self.blocks(seen).mean((2, 3)))  # type: ignore[no-any-return]


def build(context: ModelContext) -> nn.Module:
    """The network with initial weights from torch's default generator."""
    return ResNet(context.options["depth"], context.options["width"], context)


def shape(context: ModelContext) -> nn.Module:
    """The network without weights."""
    with torch.device("meta"):
        return build(context)
