"""Rows of an extra as Parquet: canonical columns, and a hash of what they say."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.extras import EXTRAS, Gathered
from tasks.content import content_hash


def as_parquet(name: str, trial_id: str, columns: Mapping[str, Sequence[Any]]) -> Gathered:
    """The file of an extra whose rows have these columns beside the trial's id."""
    count = len(next(iter(columns.values())))
    schema = pa.schema(list(EXTRAS[name].columns.items()))
    values = {"trial_id": [trial_id] * count, **columns}
    table = pa.table([pa.array(values[column], kind) for column, kind in EXTRAS[name].columns.items()], schema=schema)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_statistics=False, store_schema=False)
    return Gathered(sink.getvalue(), content_hash(table.drop_columns(["trial_id"])))
