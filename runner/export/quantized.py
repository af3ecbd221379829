"""Round weights to INT8, one scale a row, and keep what is sparse as compressed rows; and back again.

A matrix W becomes the nearest integers to W / s in -127..127, with s the row's largest absolute value / 127. Filters of
convolutions are rows of their inputs. Vectors (biases, gains) stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save
from torch import Tensor

MOST_COLUMNS = 1 << 16
"""Of a matrix whose places in a row fit uint16."""


@dataclass(frozen=True)
class Int8Matrix:
    """Rows of INT8 values, and what each row's are multiplied by, or all of them."""

    values: NDArray[np.int8]
    scale: NDArray[np.float32]

    @property
    def dequantized(self) -> NDArray[np.float32]:
        """The weights that these values stand for."""
        return self.values.astype(np.float32) * self.scale[:, None]


@dataclass(frozen=True)
class CompressedRows:
    """The values that stay, row after row; the column of each; where each row starts among them."""

    values: NDArray[np.int8]
    columns: NDArray[np.uint16]
    starts: NDArray[np.uint32]


def int8(weight: Tensor, *, by_row: bool = True) -> Int8Matrix:
    """A weight of two or more dimensions, rounded; by_row: with a scale for each row, else one for all."""
    matrix = weight.detach().float().cpu().numpy().reshape(len(weight), -1)
    largest = np.abs(matrix).max(axis=1 if by_row else None, initial=0.0, keepdims=not by_row).reshape(-1)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return Int8Matrix(np.clip(np.rint(matrix / scale[:, None]), -127, 127).astype(np.int8), scale)


def compressed(values: NDArray[np.int8], mask: NDArray[np.bool_]) -> CompressedRows:
    """The values where the mask is True; ValueError for rows too long for uint16."""
    if values.shape[1] > MOST_COLUMNS:
        raise ValueError(f"a row of {values.shape[1]} weights is longer than uint16 can count")
    starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))]).astype(np.uint32)
    return CompressedRows(values[mask], np.nonzero(mask)[1].astype(np.uint16), starts)


def decompressed(rows: CompressedRows, columns: int) -> NDArray[np.int8]:
    """The matrix of so many columns, zeros where nothing stays."""
    count = len(rows.starts) - 1
    values = np.zeros((count, columns), np.int8)
    starts = rows.starts.astype(np.int64)
    values[np.repeat(np.arange(count), starts[1:] - starts[:-1]), rows.columns] = rows.values
    return values


def is_matrix(weight: Tensor) -> bool:
    """Whether a tensor is rounded."""
    return weight.ndim >= 2 and weight.is_floating_point() and weight.numel() > 0


def pays(mask: NDArray[np.bool_]) -> bool:
    """Whether compressed rows take fewer bytes than all values."""
    kept = int(mask.sum())
    return mask.shape[1] <= MOST_COLUMNS and 3 * kept + 4 * (len(mask) + 1) < mask.size


def dequantized(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with every matrix rounded."""
    return {
        name: torch.from_numpy(int8(weight).dequantized).view(weight.shape).to(weight.dtype)
        if is_matrix(weight)
        else weight.clone()
        for name, weight in state.items()
    }


def sparse_int8(state: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> bytes:
    """The state as safetensors: matrices in INT8, as compressed rows where a mask makes that pay."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, weight in state.items():
        if not is_matrix(weight):
            arrays[f"whole.{name}"] = weight.detach().cpu().numpy()
            continue
        matrix = int8(weight)
        arrays[f"scale.{name}"] = matrix.scale
        arrays[f"shape.{name}"] = np.array(weight.shape, np.int64)
        mask = masks[name].cpu().numpy().reshape(matrix.values.shape) if name in masks else None
        if mask is None or not pays(mask):
            arrays[f"dense.{name}"] = matrix.values
            continue
        rows = compressed(matrix.values, mask)
        arrays |= {f"values.{name}": rows.values, f"columns.{name}": rows.columns, f"starts.{name}": rows.starts}
    return save(arrays)


def from_sparse_int8(payload: bytes) -> dict[str, Tensor]:
    """The state that `sparse_int8` kept, dequantised."""
    arrays = load(payload)
    state: dict[str, Tensor] = {}
    for key, array in arrays.items():
        kind, _, name = key.partition(".")
        if kind == "whole":
            state[name] = torch.from_numpy(array.copy())
        elif kind == "scale":
            shape = arrays[f"shape.{name}"].tolist()
            if f"dense.{name}" in arrays:
                values = arrays[f"dense.{name}"]
            else:
                rows = CompressedRows(*(arrays[f"{part}.{name}"] for part in ("values", "columns", "starts")))
                values = decompressed(rows, int(np.prod(shape[1:])))
            state[name] = torch.from_numpy(Int8Matrix(values, array).dequantized).view(shape)
    return state
