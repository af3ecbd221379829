"""Decode pictures once, as bytes in memory: Pillow reads them, and what is not of one size or of 8 bits is refused."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.base import Split, TaskError

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".pbm", ".pgm", ".ppm")
"""How the names of pictures end."""
LARGEST_SIDE = 1024
MOST_BYTES = 8 << 30
"""Of all images of a task together: they are kept as they are."""

Pixels = NDArray[np.uint8]
"""Images [n, height, width, channels]."""
Picture = tuple[str, bytes | Path]
"""What errors call a picture, and its content or file."""


def decoded(pictures: Mapping[Split, Iterable[Picture]]) -> dict[Split, Pixels]:
    """All pictures as bytes, of one channel where all are grey, else of three.

    A photograph is turned as its EXIF says. TaskError names the first picture that cannot be read, has another size
    than the one before it, has more than 8 bits a channel, or is transparent somewhere.
    """
    held: dict[Split, list[NDArray[np.uint8]]] = {}
    first: tuple[str, tuple[int, ...]] | None = None
    total = 0
    for split, those in pictures.items():
        held[split] = []
        for name, source in those:
            values = _values(name, source)
            first = first or (name, values.shape[:2])
            if values.shape[:2] != first[1]:
                raise TaskError(
                    f"{name} has {_size(values.shape)} pixels and {first[0]} has {_size(first[1])}; all images of a "
                    "task have one size: resize them first"
                )
            total += values.nbytes
            if total > MOST_BYTES:
                raise TaskError(f"the images up to {name} take more than {MOST_BYTES >> 30} GiB; make them smaller")
            held[split].append(values)
    colour = any(values.ndim == 3 for those in held.values() for values in those)
    return {split: _stacked(those, colour=colour) for split, those in held.items()}


def as_column(pixels: Pixels) -> pa.Array:
    """Images as the column pixels has them: the bytes of each."""
    count, size = len(pixels), int(np.prod(pixels.shape[1:]))
    return pa.Array.from_buffers(pa.binary(size), count, [None, pa.py_buffer(np.ascontiguousarray(pixels))])


def _values(name: str, source: bytes | Path) -> NDArray[np.uint8]:
    """The bytes of one picture, [height, width] if it is grey, else [height, width, 3]."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as opened:
            if max(opened.size) > LARGEST_SIDE:
                raise TaskError(f"{name} has {_size(opened.size[::-1])} pixels; allowed: sides up to {LARGEST_SIDE}")
            return np.asarray(_plain(name, ImageOps.exif_transpose(opened)))
    except UnidentifiedImageError:
        raise TaskError(f"{name} is no picture that can be read; allowed: {', '.join(FORMATS)}") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, TaskError):
            raise
        raise TaskError(f"{name} cannot be read as a picture: {' '.join(str(error).split())[:200]}") from None


def _plain(name: str, picture: Any) -> Any:
    """A picture in mode L or RGB."""
    if picture.mode.startswith(("I", "F")):
        raise TaskError(f"{name} has more than 8 bits a channel (mode {picture.mode}); convert it to 8 bits")
    if "A" in picture.mode.upper() or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        if whole.getchannel("A").getextrema()[0] < 255:
            raise TaskError(f"{name} is transparent in places, where it has no colour; put it on a background first")
        return whole.convert("L" if picture.mode == "LA" else "RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _stacked(values: list[NDArray[np.uint8]], *, colour: bool) -> Pixels:
    if not values:
        return np.empty((0, 1, 1, 3 if colour else 1), np.uint8)
    channels = 3 if colour else 1
    whole = np.empty((len(values), *values[0].shape[:2], channels), np.uint8)
    for place, one in zip(whole, values, strict=True):
        place[...] = one if one.ndim == 3 else one[..., None]
    return whole


def _size(shape: tuple[int, ...]) -> str:
    """Width x height of a shape that begins with height and width."""
    return f"{shape[1]} x {shape[0]}"
