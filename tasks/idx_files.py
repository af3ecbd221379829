"""Read the idx files in which MNIST and its kin are published: a header of sizes, then bytes; gzipped or not."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tasks.archives import LARGEST_FILE
from tasks.base import Split, TaskError
from tasks.pictures import Pixels

BEGINNINGS: dict[Split, str] = {"train": "train", "test": "t10k"}
"""How the names of the four files begin."""
UNSIGNED_BYTES = 8


def is_idx(name: str) -> bool:
    """True for the name of one of the four files."""
    return _part(name) is not None


def read_idx(files: Mapping[str, bytes], place: str) -> dict[Split, tuple[Pixels, NDArray[np.int64]]]:
    """Images and labels of both splits. TaskError for a file that is missing, damaged, or does not fit its twin."""
    found = {_part(name): (f"{place}/{name}", content) for name, content in sorted(files.items(), reverse=True)}
    result: dict[Split, tuple[Pixels, NDArray[np.int64]]] = {}
    for split, beginning in BEGINNINGS.items():
        for part in ("images", "labels"):
            if (split, part) not in found:
                raise TaskError(f"{place} has no {beginning}-{part} file; the four idx files belong together")
        images = _array(*found[split, "images"], dimensions=3)
        labels = _array(*found[split, "labels"], dimensions=1)
        if len(images) != len(labels):
            raise TaskError(f"{found[split, 'images'][0]} has {len(images)} images for {len(labels)} labels")
        result[split] = images[..., None], labels.astype(np.int64)
    return result


def _part(name: str) -> tuple[Split, str] | None:
    plain = name.rsplit("/", 1)[-1].removesuffix(".gz").replace(".", "-")
    for split, beginning in BEGINNINGS.items():
        for part, number in (("images", 3), ("labels", 1)):
            if plain == f"{beginning}-{part}-idx{number}-ubyte":
                return split, part
    return None


def _array(name: str, content: bytes, *, dimensions: int) -> NDArray[np.uint8]:
    """The bytes of an idx file in the shape that its header says."""
    if name.endswith(".gz"):
        try:
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(LARGEST_FILE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise TaskError(f"{name} cannot be unpacked ({error}); get a whole copy again") from None
    head = 4 + 4 * dimensions
    if len(content) < head or content[:4] != bytes((0, 0, UNSIGNED_BYTES, dimensions)):
        raise TaskError(f"{name} is no idx file of bytes in {dimensions} dimensions; get a whole copy again")
    shape = np.frombuffer(content, ">u4", dimensions, 4).astype(np.int64)
    if len(content) - head != int(np.prod(shape)):
        raise TaskError(
            f"{name} holds {len(content) - head} bytes, and its header says {' x '.join(map(str, shape))}; get a whole "
            "copy again"
        )
    return np.frombuffer(content, np.uint8, -1, head).reshape(shape)
