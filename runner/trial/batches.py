"""Batch examples: which go together, and their tensors on the device that needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from runner.models.base import Encoded

POOLS = 50
"""Batches whose rows are sorted by length together, at most; at least four pools an epoch stay different."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Row numbers [n] of a split, the keyword arguments of the network's forward, and the answers [n, ...]."""

    rows: Rows
    inputs: Mapping[str, Tensor]
    targets: Tensor


def batch_rows(lengths: Rows, batch_size: int, by_length: bool, generator: torch.Generator) -> list[Rows]:
    """One epoch's batches: every row once, ceil(n / batch_size) batches, all full but one.

    uniform: a random permutation, cut. by length: the permutation is cut into pools of many batches, sorted by length
    within each, cut, and the batches shuffled, so that texts of a batch need little padding while the batches still
    differ from epoch to epoch (the idea of LengthGroupedSampler in Hugging Face transformers).
    """
    order = torch.randperm(len(lengths), generator=generator).numpy()
    if not by_length:
        return _cut(order, batch_size)
    pool = batch_size * min(POOLS, max(1, len(order) // (4 * batch_size)))
    pools = [rows[np.argsort(lengths[rows], kind="stable")] for rows in _cut(order, pool)]
    batches = [batch for rows in pools for batch in _cut(rows, batch_size)]
    return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]


def in_order(lengths: Rows, batch_size: int) -> list[Rows]:
    """Batches for evaluation: every row once, shortest first.

    A batch of short texts holds more rows: as many as keep rows x longest text within `batch_size` texts of the
    longest length of all, so that memory is used evenly.
    """
    order = np.argsort(lengths, kind="stable")
    budget = batch_size * int(lengths.max(initial=1))
    batches: list[Rows] = []
    start = 0
    while start < len(order):
        # padded size of rows start..end grows with end, so the last end within the budget is found by bisection
        low, high = start + 1, len(order)
        while low < high:
            middle = (low + high + 1) // 2
            fits = (middle - start) * int(lengths[order[middle - 1]]) <= budget
            low, high = (middle, high) if fits else (low, middle - 1)
        batches.append(order[start:low])
        start = low
    return batches


def joined(parts: Sequence[Tensor], words: int = 0) -> Tensor:
    """Batches' outputs one after the other; of words, which not all texts have equally many, as many as the most.

    words: at least so many. A word that is not there has outputs of -inf, as runner.models.places has it.
    """
    if parts[0].ndim == 2:
        return torch.cat(list(parts))
    most = max(words, *(part.shape[1] for part in parts))
    pad = nn.functional.pad
    return torch.cat([pad(part, (0, 0, 0, most - part.shape[1]), value=-torch.inf) for part in parts])


def assemble(encoded: Encoded, answers: Tensor, rows: Rows, draw: int | None = None) -> Batch:
    """The batch of these rows, on the CPU; `answers` are the head's targets of the whole split.

    draw: the seed by which its examples are varied, if they are.
    """
    return Batch(rows, encoded.inputs(rows, draw), answers[torch.from_numpy(rows)])


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on `device`. Copies to a GPU start from pinned memory and run beside its work.

    A tensor that is the same object in batch after batch, such as a table of word vectors, is copied once.
    """
    if device.type == "cpu":
        return batch
    inputs = {name: _moved(tensor, device) for name, tensor in batch.inputs.items()}
    return Batch(batch.rows, inputs, _moved(batch.targets, device))


# Copies of CPU tensors that are still alive: an entry goes with its tensor.
_copies: WeakIdKeyDictionary = WeakIdKeyDictionary()


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    copies = _copies.setdefault(tensor, {})  # type: ignore[no-untyped-call]
    if device not in copies:
        source = tensor.pin_memory() if device.type == "cuda" else tensor
        copies[device] = source.to(device, non_blocking=device.type == "cuda")
    return cast("Tensor", copies[device])


def _cut(rows: Rows, size: int) -> list[Rows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
