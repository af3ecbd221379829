"""Stores made of how many examples of every class each trial has right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tests.analysis.stores import hashed

Counts = NDArray[np.int64]
"""[seed, class]: right answers."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The trials of one task and model: (method, sparsity) -> right answers, of so many examples a class.

    Each trial but the dense ones goes on from the dense one of its seed, unless its method is in `orphans`, or in
    `below`: there from the one of that cell. epochs: by method, where they are told. wrong: the class of wrong answers,
    by method; else that after the right one. base: of sparsities.
    """

    cells: Mapping[tuple[str, float], Counts]
    sizes: NDArray[np.int64]
    task: str = "t"
    model: str = "m"
    orphans: tuple[str, ...] = ()
    below: Mapping[tuple[str, float], tuple[str, float]] = field(default_factory=dict)
    epochs: Mapping[str, int] | None = None
    wrong: Mapping[str, int] | None = None
    base: str = "prunable"


def write_counts(root: Path, *grids: Grid) -> Path:
    """Commit all trials of these grids."""
    for grid in grids:
        gold = np.repeat(np.arange(len(grid.sizes)), grid.sizes).astype(np.int16)
        columns = {"split": ["test"] * len(gold), "example_id": pa.array(np.arange(len(gold), dtype=np.int32))}
        data = TaskData(
            task=grid.task,
            kind="single-label",
            inputs="text",
            classes=tuple(f"c{number}" for number in range(len(grid.sizes))),
            max_tokens=16,
            examples=pa.table({**columns, "label": pa.array(gold)}),
        )
        save_task(root, data)
        place = np.concatenate([np.arange(size) for size in grid.sizes])
        for (method, sparsity), counts in grid.cells.items():
            wrong = (grid.wrong or {}).get(method, (gold + 1) % len(grid.sizes))
            for seed, right in enumerate(counts):
                said = np.where(place < right[gold], gold, wrong).astype(np.int16)
                rows = pa.table({**columns, "label": pa.array(said)})
                settings = {"task": grid.task, "model": grid.model, "architecture": grid.model, "method": method}
                settings |= {"sparsity": sparsity, "seed": seed, "data": data.fingerprint, "record": {}}
                settings |= {"base": grid.base if sparsity else "prunable"}
                epochs = (grid.epochs or {}).get(method)
                facts = Facts(achieved_sparsity=sparsity, total_sparsity=sparsity, epochs=epochs)
                assert commit_rows(root, _subject(grid, method, sparsity, seed, settings), rows, facts) is not None
    return root


def _subject(grid: Grid, method: str, sparsity: float, seed: int, settings: dict[str, object]) -> Subject:
    words = f"{grid.task}-{grid.model}"
    goes_on = method != "dense" and method not in grid.orphans
    before, amount = grid.below.get((method, sparsity), ("dense", 0.0))
    return Subject(
        trial_id=hashed(f"{words}-{method}-{sparsity}-{seed}"),
        parent_id=hashed(f"{words}-{before}-{amount}-{seed}") if goes_on else None,
        settings=settings,
    )
