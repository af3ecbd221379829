"""Arrays that one process fills once and every process of a node then maps into memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.columns import TEXTS, WORDS
from tasks.filling import filled
from tasks.kinds.base import Reads

PLACES_VERSION = 1
"""Of how the places of words are kept."""

__all__ = ["Ragged", "filled", "fingerprint", "mapped", "save"]


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths laid end to end: row i is `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def padded(self, rows: NDArray[np.int64], width: int, fill: int) -> NDArray[np.int64]:
        """These rows as int64 [rows, width]: longer ones cut, shorter ones continued with `fill`."""
        column = np.arange(width)
        absent = column >= self.lengths[rows, None]
        place = np.where(absent, 0, self.offsets[rows, None] + column)
        taken = self.values[place].astype(np.int64) if len(self.values) else np.zeros(place.shape, dtype=np.int64)
        taken[absent] = fill
        return taken


def save(folder: Path, **arrays: NDArray[Any]) -> None:
    """Write each array to `folder/<its name>.npy`."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def mapped(folder: Path, name: str) -> NDArray[Any]:
    """The array that `save` wrote, read-only and mapped into memory."""
    array: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)  # indexing the memmap subclass costs a Python call for each slice


def fingerprint(examples: pa.Table, *choices: object, reads: Reads = "text") -> str:
    """16 hex digits over the texts of these examples, in order, and the choices made in encoding them.

    reads: what the head reads of a network; words are those of the column `words`.
    """
    read = (*TEXTS, *WORDS) if reads == "words" else (*TEXTS,)
    if reads != "text":
        choices = (*choices, reads, PLACES_VERSION)
    texts = examples.select([name for name in read if name in examples.column_names])
    digest = hashlib.sha256(repr(choices).encode())
    for batch in texts.replace_schema_metadata(None).combine_chunks().to_batches():
        digest.update(batch.serialize())
    return digest.hexdigest()[:16]
