"""Which rows go together, and their tensors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from runner.trial.batches import Batch, assemble, batch_rows, in_order, to_device

Lengths = st.lists(st.integers(1, 64), max_size=300).map(lambda values: np.array(values, dtype=np.int64))


def epoch(lengths: NDArray[np.int64], batch_size: int, by_length: bool, seed: int) -> list[list[int]]:
    """One epoch's batches as plain lists."""
    generator = torch.Generator().manual_seed(seed)
    return [rows.tolist() for rows in batch_rows(lengths, batch_size, by_length, generator)]


@given(Lengths, st.integers(1, 40), st.booleans(), st.integers(0, 2**62))
def test_every_row_once(lengths: NDArray[np.int64], batch_size: int, by_length: bool, seed: int) -> None:
    """An epoch holds every row once, in ceil(n / size) batches that are full but for one."""
    batches = epoch(lengths, batch_size, by_length, seed)
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // batch_size)
    assert sum(len(rows) < batch_size for rows in batches) <= 1


@given(Lengths, st.integers(1, 40), st.booleans(), st.integers(0, 2**62))
def test_seeds_repeat(lengths: NDArray[np.int64], batch_size: int, by_length: bool, seed: int) -> None:
    """The same generator gives the same epoch."""
    assert epoch(lengths, batch_size, by_length, seed) == epoch(lengths, batch_size, by_length, seed)


@given(st.booleans(), st.integers(0, 2**31))
def test_seeds_differ(by_length: bool, seed: int) -> None:
    """Two seeds, and two epochs of one generator, put other rows together, not only in another order."""
    lengths = np.arange(200) % 23 + 1
    generator = torch.Generator().manual_seed(seed)
    epochs = [batch_rows(lengths, 8, by_length, generator) for _ in range(2)]
    sets = [{frozenset(rows.tolist()) for rows in batches} for batches in epochs]
    sets.append({frozenset(rows) for rows in epoch(lengths, 8, by_length, seed + 1)})
    assert len(set(map(frozenset, sets))) == 3


def test_by_length_saves_padding() -> None:
    """Grouped by length, batches hold less than a tenth of padding where random ones hold more than a third."""
    lengths = np.random.default_rng(0).integers(5, 65, size=4_000)

    def padding(by_length: bool) -> float:
        batches = batch_rows(lengths, 32, by_length, torch.Generator().manual_seed(0))
        return 1 - lengths.sum() / sum(len(rows) * lengths[rows].max() for rows in batches)

    assert padding(by_length=True) < 0.1
    assert padding(by_length=False) > 0.33


@given(Lengths, st.integers(1, 40))
def test_evaluation_in_order(lengths: NDArray[np.int64], batch_size: int) -> None:
    """Every row once, shortest first; batches as full as the memory of batch_size longest texts allows."""
    batches = in_order(lengths, batch_size)
    order = np.concatenate([np.empty(0, np.int64), *batches])
    assert sorted(order.tolist()) == list(range(len(lengths)))
    assert (np.diff(lengths[order]) >= 0).all()
    budget = batch_size * lengths.max(initial=1)
    assert all(len(rows) * lengths[rows].max() <= budget for rows in batches)
    assert all((len(rows) + 1) * lengths[following[0]] > budget for rows, following in pairwise(batches))


@dataclass(frozen=True)
class Tabled:
    """An encoding whose batches share one tensor."""

    table: Tensor

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.ones(4, dtype=np.int64)

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]:
        del draw
        return {"rows": torch.from_numpy(rows), "table": self.table}


def test_assemble_keeps_rows_together() -> None:
    """Inputs and answers of a batch belong to its rows."""
    batch = assemble(Tabled(torch.zeros(2)), torch.tensor([9, 8, 7, 6]), np.array([2, 0]))
    assert batch.inputs["rows"].tolist() == [2, 0]
    assert batch.targets.tolist() == [7, 9]


def test_shared_tensor_moves_once() -> None:
    """A tensor that every batch shares is copied to a device once, the others every time."""
    encoding = Tabled(torch.zeros(2))
    device = torch.device("meta")
    first, second = (to_device(assemble(encoding, torch.arange(4), np.array([row])), device) for row in range(2))
    assert first.inputs["table"] is second.inputs["table"]
    assert first.inputs["rows"] is not second.inputs["rows"]
    assert first.targets.device == device


def test_cpu_batch_stays() -> None:
    """On the CPU nothing is copied."""
    batch = Batch(np.array([0]), {"x": torch.zeros(1)}, torch.zeros(1))
    assert to_device(batch, torch.device("cpu")) is batch
