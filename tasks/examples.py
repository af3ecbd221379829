"""The table of a task's examples, put together split by split with the columns of tasks.base.TaskData."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import SPLITS, Split
from tasks.columns import IMAGES, VIEWED

Name = TypeVar("Name", bound=str)

COLUMN_TYPES: dict[str, pa.DataType] = {**VIEWED, **IMAGES}
"""Of columns that mean the same in every task; gold columns of other names come in the types of their kinds."""


def examples_table(splits: Mapping[Split, Mapping[str, Any]]) -> pa.Table:
    """One table of all splits; the position of a row in its split becomes its example_id.

    splits: for each split its columns (Arrow arrays, NumPy arrays or lists), the same in every split. Known
    columns get the types of COLUMN_TYPES, others keep what they have.
    """
    tables = []
    for split in SPLITS:
        if split not in splits:
            continue
        columns = {name: _column(name, values) for name, values in splits[split].items()}
        rows = len(next(iter(columns.values())))
        head = {"split": pa.array([split] * rows, pa.string()), "example_id": pa.array(range(rows), pa.int32())}
        tables.append(pa.table({**head, **columns}))
    return pa.concat_tables(tables).combine_chunks()


def lacking(found: Mapping[Name, int], published: Mapping[Name, int]) -> list[str]:
    """A sentence where files or splits of a copy have not as many rows as were published; else none."""
    parts = [f"{name} {found[name]} of {size}" for name, size in published.items() if found[name] != size]
    return [f"the copy is not the whole: {', '.join(parts)}"] if parts else []


def split_sizes(examples: pa.Table) -> dict[Split, int]:
    """Rows of every split that has any, in the order of SPLITS."""
    counts = {row["values"]: row["counts"] for row in pc.value_counts(examples["split"]).to_pylist()}
    return {split: int(counts[split]) for split in SPLITS if split in counts}


def take(columns: Mapping[str, Any], rows: Iterable[int]) -> dict[str, pa.Array]:
    """The given rows of every column."""
    chosen = pa.array(rows)
    return {name: _column(name, values).take(chosen) for name, values in columns.items()}


def _column(name: str, values: Any) -> pa.Array:
    wanted = COLUMN_TYPES.get(name)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not isinstance(values, pa.Array):
        return pa.array(values, wanted)
    if wanted is None or pa.types.is_fixed_size_binary(values.type):  # images of bytes
        return values
    return values.cast(wanted)
