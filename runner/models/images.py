"""Images as networks read them: bytes mapped into memory, varied and scaled a batch at a time on the device."""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.models import ModelError
from runner.models.base import ModelContext
from runner.models.mapped import filled, mapped, save
from tasks.images import Images

ENCODING_VERSION = 1
MARGIN = 4
"""Black pixels on every side, over which a crop lies anywhere (Good et al. 2022; He et al. 2016, section 4.2)."""


@dataclass(frozen=True)
class EncodedImages:
    """Images [n, channels, height, width], all of one cost: bytes, or numbers that are read as they are.

    variations: what a draw does to them (`tasks.images.Variation`).
    """

    pixels: NDArray[Any]
    variations: tuple[str, ...] = ()

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.ones(len(self.pixels), dtype=np.int64)

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]:
        """The pixels of these rows, and how a draw varies each: whether it is flipped, where its crop begins."""
        given = {"pixels": torch.from_numpy(self.pixels[rows])}
        if draw is None or not self.variations:
            return given
        flips, corners = drawn(draw, len(self.pixels))
        if "flip" in self.variations:
            given["flips"] = flips[torch.from_numpy(rows)]
        if "crop" in self.variations:
            given["corners"] = corners[torch.from_numpy(rows)]
        return given


@functools.lru_cache(maxsize=2)
def drawn(seed: int, count: int) -> tuple[Tensor, Tensor]:
    """For every row of a split whether it is flipped, bool [n], and where its crop begins, [n, 2].

    All of an epoch at once: what a row gets depends neither on its batch nor on where training was interrupted.
    """
    generator = torch.Generator().manual_seed(seed)
    flips = torch.rand(count, generator=generator) < 0.5
    return flips, torch.randint(0, 2 * MARGIN + 1, (count, 2), generator=generator)


def varied(pixels: Tensor, flips: Tensor | None, corners: Tensor | None) -> Tensor:
    """Every image cropped at its corner of the padded one, and turned left to right where it is flipped."""
    count, channels, height, width = pixels.shape
    place = functools.partial(torch.arange, device=pixels.device)
    rows, columns = place(height).expand(count, height), place(width).expand(count, width)
    if flips is not None:
        columns = torch.where(flips[:, None], width - 1 - columns, columns)
    if corners is not None:
        pixels = nn.functional.pad(pixels, (MARGIN,) * 4)
        rows, columns = rows + corners[:, :1], columns + corners[:, 1:]
    images, layers = place(count)[:, None, None, None], place(channels)[:, None, None]
    return pixels[images, layers, rows[:, None, :, None], columns[:, None, None, :]]


class Scaling(nn.Module):
    """The first step of a network on images: bytes become (byte / 255 - mean) / deviation; numbers stay.

    Of what were bytes the channels of a pixel lie side by side in memory: convolutions and normalisation are faster
    then on a processor.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, images: Images | None) -> None:
        super().__init__()
        mean, deviation = (torch.tensor(one) for one in ((images.mean, images.deviation) if images else ((0,), (1,))))
        self.register_buffer("scale", (1 / (255 * deviation))[:, None, None], persistent=False)
        self.register_buffer("shift", (-mean / deviation)[:, None, None], persistent=False)

    def forward(self, pixels: Tensor, flips: Tensor | None = None, corners: Tensor | None = None) -> Tensor:
        """Numbers [n, channels, height, width], varied where a draw says how."""
        if flips is not None or corners is not None:
            pixels = varied(pixels, flips, corners)
        if pixels.is_floating_point():
            return pixels
        return torch.addcmul(self.shift, side_by_side(pixels).float(), self.scale)


def side_by_side(pixels: Tensor) -> Tensor:
    """The same images with the channels of a pixel side by side in memory, and strides that say so for one channel."""
    height, width = pixels.shape[2:]
    if pixels.shape[1] == 1:
        return pixels.contiguous().as_strided(pixels.shape, (height * width, 1, width, 1))
    return pixels.contiguous(memory_format=torch.channels_last)


def encode(context: ModelContext, examples: pa.Table) -> EncodedImages:
    """The column `pixels`: bytes as `context.images` has them, put into planes once a node; or lists of numbers.

    ModelError for lists that are no squares of one size, or of another size than the network is built for.
    """
    column = examples["pixels"].combine_chunks()
    if not pa.types.is_fixed_size_binary(column.type):
        return EncodedImages(_square(context, column), context.variations)
    images = context.images
    assert images is not None  # tasks of bytes say what they are
    digest = hashlib.sha256(f"{ENCODING_VERSION} {images.height} {images.width} {images.channels}".encode())
    digest.update(_bytes(column).data)

    def fill(folder: Path) -> None:
        whole = _bytes(column).reshape(-1, images.height, images.width, images.channels)
        save(folder, pixels=np.ascontiguousarray(whole.transpose(0, 3, 1, 2)))

    folder = filled(context.cache / "images" / digest.hexdigest()[:16], fill)
    return EncodedImages(mapped(folder, "pixels"), context.variations)


def _bytes(column: pa.Array) -> NDArray[np.uint8]:
    """The bytes of all images, without a copy."""
    width = column.type.byte_width
    whole = np.frombuffer(column.buffers()[1], np.uint8)
    return whole[column.offset * width : (column.offset + len(column)) * width]


def _square(context: ModelContext, column: pa.Array) -> NDArray[np.float32]:
    sizes = set(np.unique(column.value_lengths().to_numpy(zero_copy_only=False)).tolist())
    side = math.isqrt(int(max(sizes, default=0)))
    if sizes - {side * side}:
        raise ModelError(f"the images of this task have {sorted(sizes)} pixels; allowed: one square size for all")
    if context.images and (context.images.height, context.images.width) != (side, side):
        raise ModelError(f"images of {side} x {side} pixels came to a network for those of {context.images.height}")
    numbers: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return numbers.reshape(-1, 1, side, side)
