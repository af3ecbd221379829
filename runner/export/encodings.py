"""How many bytes a pruned network takes in four encodings of its weights, against fp32.

All round weights to INT8 with one fp32 scale a matrix, as torch's own quantisation does. `dense-gzip` is the control:
it knows nothing of what was pruned, so that whatever it saves is due to rounding and to a compressor that anybody has.
A ratio says something of a sparse format only beside it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from runner.export.quantized import compressed, int8, is_matrix

CONTROL = "dense-gzip"
BYTES_OF_FP32 = 4
LONGEST_STEP = 255
"""Of one byte: a longer way to the next weight is as many steps of 255 as it takes, and the rest."""
LEVEL = 6
"""What gzip takes where nobody says otherwise."""

Mask = NDArray[np.bool_]
Values = NDArray[np.int8]
Encoding = Callable[[Values, Mask], Iterable[NDArray[np.generic]]]
"""A matrix and which of its weights stay -> the arrays that are written."""


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One way of writing weights. title: what it is. arrays: of a matrix of which weights were pruned."""

    title: str
    arrays: Encoding
    is_zipped: bool


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Bytes of a network in one encoding, with embeddings or without, and of the same weights in fp32."""

    encoding: str
    embeddings: bool
    bytes: int
    fp32_bytes: int

    @property
    def ratio(self) -> float:
        """How many times smaller than fp32."""
        return self.fp32_bytes / self.bytes


def _rows(values: Values, mask: Mask) -> Iterable[NDArray[np.generic]]:
    rows = compressed(values, mask)
    return rows.values, rows.columns, rows.starts


def _steps(values: Values, mask: Mask) -> Iterable[NDArray[np.generic]]:
    return values[mask], steps(np.flatnonzero(mask))


def steps(places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The ways from each place to the next as bytes: 255 says that the way goes on, any other byte that it ends."""
    ways = np.diff(places, prepend=-1) - 1
    longer = ways // LONGEST_STEP
    found = np.full(len(ways) + int(longer.sum()), LONGEST_STEP, np.uint8)
    found[np.cumsum(longer + 1) - 1] = ways % LONGEST_STEP
    return found


def places(found: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The inverse of `steps`."""
    reached = np.cumsum(found.astype(np.int64) + (found != LONGEST_STEP)) - 1
    ended: NDArray[np.int64] = reached[found != LONGEST_STEP]
    return ended


SCHEMES: dict[str, Scheme] = {
    "csr": Scheme(title="CSR: INT8 values, uint16 columns, uint32 row starts", arrays=_rows, is_zipped=False),
    "csr-gzip": Scheme(title="the same, with gzip", arrays=_rows, is_zipped=True),
    "delta-gzip": Scheme(title="INT8 values, the way to the next in a byte, with gzip", arrays=_steps, is_zipped=True),
    CONTROL: Scheme(
        title="control: every value in INT8, zeros too, with gzip",
        arrays=lambda values, mask: [np.where(mask, values, 0).astype(np.int8)],
        is_zipped=True,
    ),
}


def storage_of(state: Mapping[str, Tensor], masks: Mapping[str, Tensor], embeddings: Iterable[str]) -> list[Storage]:
    """Every encoding of a network, first without embeddings, then with them; the control is always among them.

    embeddings: names of tensors. Matrices of which nothing was pruned are dense INT8 in every encoding, zipped where it
    zips; vectors stay fp32.
    """
    left_out = set(embeddings)
    found = []
    sizes = {name: _sizes(weight, masks.get(name)) for name, weight in state.items()}
    for with_them in (False, True):
        counted = [name for name in state if with_them or name not in left_out]
        whole = BYTES_OF_FP32 * sum(state[name].numel() for name in counted)
        for encoding in SCHEMES:
            total = sum(sizes[name][encoding] for name in counted)
            found.append(Storage(encoding=encoding, embeddings=with_them, bytes=total, fp32_bytes=whole))
    return found


def _sizes(weight: Tensor, mask: Tensor | None) -> dict[str, int]:
    """Encoding -> bytes of one tensor."""
    if not is_matrix(weight):
        return dict.fromkeys(SCHEMES, BYTES_OF_FP32 * weight.numel())
    matrix = int8(weight, by_row=False)
    if mask is None:
        plain = matrix.values.tobytes()
        zipped = len(_zipped(plain))
        sizes = {name: zipped if scheme.is_zipped else len(plain) for name, scheme in SCHEMES.items()}
    else:
        kept = mask.cpu().numpy().reshape(matrix.values.shape)
        arrays = {encoding: list(scheme.arrays(matrix.values, kept)) for encoding, scheme in SCHEMES.items()}
        sizes = {name: _size(arrays[name], is_zipped=SCHEMES[name].is_zipped) for name in SCHEMES}
    return {name: size + matrix.scale.nbytes for name, size in sizes.items()}


def _size(arrays: Iterable[NDArray[np.generic]], *, is_zipped: bool) -> int:
    return sum(len(_zipped(array.tobytes())) if is_zipped else array.nbytes for array in arrays)


def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, LEVEL, mtime=0)
