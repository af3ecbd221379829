"""Small copies of published image data sets, and pictures in files."""

from __future__ import annotations

import gzip
import io
import struct

import numpy as np
from PIL import Image


def images(count, classes=10, shape=(28, 28, 1), seed=0):
    """Random images and labels, a class after the other in turn."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (count, *shape), dtype=np.uint8), np.arange(count) % classes


def write_idx(folder, splits, *, packed=False):
    """The four files of MNIST."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, beginning in (("train", "train"), ("test", "t10k")):
        pixels, labels = splits[split]
        for part, values in (("images", pixels[..., 0]), ("labels", labels.astype(np.uint8))):
            content = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()
            name = f"{beginning}-{part}-idx{values.ndim}-ubyte"
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
    return folder


def write_binary(folder, splits, *, coarse=False):
    """CIFAR's binary version: its first and its last batch, or the two files of CIFAR-100."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (
        {"train": "train.bin", "test": "test.bin"}
        if coarse
        else {"train": "data_batch_1.bin", "test": "test_batch.bin"}
    )
    for split, name in names.items():
        pixels, labels = splits[split]
        rows = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
        given = [labels[:, None]] if not coarse else [labels[:, None] // 5, labels[:, None]]
        (folder / name).write_bytes(np.concatenate([*given, rows], 1).astype(np.uint8).tobytes())
    return folder


def png(values):
    """An image [height, width, channels] as the bytes of a PNG."""
    held = io.BytesIO()
    Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values).save(held, "PNG")
    return held.getvalue()


def write_folders(folder, splits, names):
    """Pictures in a folder for each split and class."""
    for split, (pixels, labels) in splits.items():
        for number, (one, label) in enumerate(zip(pixels, labels, strict=True)):
            place = folder / split / names[label]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number:04}.png").write_bytes(png(one))
    return folder
