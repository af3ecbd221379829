"""A small convolutional network for square grey images, after LeCun et al. 1998: for runs that take an instant."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.models import ModelError
from runner.models.base import Encoded, ModelContext

GRID = 4


class ConvNet(nn.Module):
    """Convolution, ReLU, halving, convolution, ReLU, averages over a 4 x 4 grid, hidden layer, ReLU, classifier."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, kernel_size=3, padding=1)
        self.second = nn.Conv2d(width, 2 * width, kernel_size=3, padding=1)
        self.hidden = nn.Linear(2 * width * GRID * GRID, 8 * width)
        self.classifier = nn.Linear(8 * width, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits [n, classes] of grey images [n, 1, side, side]."""
        halved = nn.functional.max_pool2d(self.first(pixels).relu(), 2)
        averages = _grid(self.second(halved).relu())
        return self.classifier(self.hidden(averages.flatten(1)).relu())  # type: ignore[no-any-return]


def _grid(images: Tensor) -> Tensor:
    """Averages over a GRID x GRID partition of images [n, channels, side, side].

    Two matrix products, since the gradient of CUDA's adaptive pooling is not deterministic.
    """
    side = images.shape[-1]
    cell = torch.arange(side, device=images.device) * GRID // side
    member = nn.functional.one_hot(cell, GRID).to(images.dtype)
    average = member / member.sum(dim=0)
    return average.T @ images @ average


@dataclass(frozen=True)
class EncodedImages:
    """Images [n, 1, side, side], all of one cost."""

    pixels: Tensor

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.ones(len(self.pixels), dtype=np.int64)

    def inputs(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """The argument of ConvNet.forward for these rows."""
        return {"pixels": self.pixels[torch.from_numpy(rows)]}


def build(context: ModelContext) -> nn.Module:
    """The network with initial weights from torch's default generator."""
    return ConvNet(context.options["width"], context.classes)


def shape(context: ModelContext) -> nn.Module:
    """The network without weights."""
    with torch.device("meta"):
        return build(context)


def encode(_context: ModelContext, examples: pa.Table) -> Encoded:
    """The column `pixels` as images. ModelError unless every row holds the same square number of them, 64 or more."""
    column = examples["pixels"].combine_chunks()
    sizes = set(np.unique(column.value_lengths().to_numpy(zero_copy_only=False)).tolist())
    side = math.isqrt(int(max(sizes, default=64)))
    if sizes - {side * side} or side < 2 * GRID:
        raise ModelError(
            f"the images of this task have {sorted(sizes)} pixels; a convnet needs all of one square size, "
            f"{2 * GRID} x {2 * GRID} or more"
        )
    pixels = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return EncodedImages(torch.from_numpy(pixels.reshape(-1, 1, side, side)))
