"""Writing the rows of many trials into one data file, so that one cell's answers to one split lie together."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.reader import commits
from runner.store.rows import parquet_options, write_own
from runner.store.schema import PREDICTION_FIELDS, CommitRecord
from runner.store.trial_rows import TrialRows, coordinates

FEWEST_ROWS, MOST_ROWS = 100_000, 1_000_000
"""Of a row group, where the file has so many."""


@dataclass(frozen=True)
class Source:
    """A committed trial and the store that its rows are read from."""

    record: CommitRecord
    rows: TrialRows

    @property
    def columns(self) -> tuple[str, ...]:
        return self.rows.columns(self.record)


def write_shared(sink: BinaryIO, sources: Iterable[Source]) -> None:
    """Write trials' rows as Parquet, sorted by task, model, method, sparsity, split, seed and example.

    A row group begins with a new cell or split once it has 100,000 rows, and has a million at most. A column that
    some trials lack is null in their rows. Memory: one row group and the rows of one trial.
    """
    listed = sorted(sources, key=lambda source: coordinates(source.record))
    columns = {name for source in listed for name in source.columns}
    schema = pa.schema([(name, kind) for name, kind in PREDICTION_FIELDS.items() if name in columns])
    options = {**parquet_options(schema.names), "write_statistics": ["split"]}
    with pq.ParquetWriter(sink, schema, **options) as writer:
        for group in row_groups(listed, schema):
            writer.write_table(group, row_group_size=MOST_ROWS)


def written_anew(root: Path, records: Iterable[CommitRecord]) -> bytes:
    """A data file with the rows of these trials, from wherever they are now; FileNotFoundError if they are lost.

    Its bytes are those that the file had, as long as this version writes as that one did: whoever has read half of it
    may go on.
    """
    gone = list(records)
    current = {record.trial_id: record for record in commits(root)}
    rows = TrialRows(root)
    sources = [Source(current.get(record.trial_id, record), rows) for record in gone]
    sink = io.BytesIO()
    if any(file.columns is None for record in gone for file in record.files):
        (source,) = sources
        write_own(sink, rows.read(source.record))
    else:
        write_shared(sink, sources)
    return sink.getvalue()


def row_groups(sources: Iterable[Source], schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of whole runs, each to become one row group (more, where a single trial has more than a million rows)."""
    pending: list[pa.Table] = []
    count = 0
    for starts_split, source, split in _runs(sources):
        coming = source.record.rows[split]
        if pending and (count + coming > MOST_ROWS or (starts_split and count >= FEWEST_ROWS)):
            yield pa.concat_tables(pending)
            pending, count = [], 0
        pending.append(_widened(source.rows.read(source.record, split), schema))
        count += coming
    if pending:
        yield pa.concat_tables(pending)


def _runs(sources: Iterable[Source]) -> Iterator[tuple[bool, Source, str]]:
    """Trials and splits in the order of the file, and whether each is the first of its cell and split."""
    for _, members in itertools.groupby(sources, key=lambda source: coordinates(source.record)[:4]):
        cell = list(members)
        for split in sorted({split for source in cell for split in source.record.rows}):
            having = [source for source in cell if split in source.record.rows]
            yield from ((number == 0, source, split) for number, source in enumerate(having))


def _widened(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    for name in schema.names:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, schema.field(name).type))
    return rows.select(schema.names)
