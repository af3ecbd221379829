"""Write rows as a table to read, or as CSV, JSON or Parquet to go on with, where every value is exact."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.printed_rows import write_table
from analysis.relations.row_stream import rows, text_stream
from analysis.spelling import plain, spelled
from runner.printable import json_line, no_formula


class FormatError(ValueError):
    """An output that cannot hold the format."""

    exit_status = 2


def write_csv(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """RFC 4180 with a header; null is empty, lists and structures are JSON, no text is a formula."""
    writer = csv.writer(text_stream(out), lineterminator="\n")
    writer.writerow([no_formula(name) for name in reader.schema.names])
    for row in rows(reader):
        writer.writerow(["" if value is None else _csv_cell(value) for value in row])


def write_json(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """One array of objects; a number that JSON has no word for (nan, infinity) is null."""
    text = text_stream(out)
    start = "[\n"
    for row in rows(reader):
        named = dict(zip(reader.schema.names, (plain(value) for value in row), strict=False))
        text.write(start + json_line(named))
        start = ",\n"
    text.write("[]\n" if start == "[\n" else "\n]\n")


def write_parquet(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """Parquet, zstd-compressed; FormatError on a terminal."""
    target = sys.stdout if out is None else out
    if target.isatty():
        raise FormatError(
            "Parquet is not for a terminal; send it to a file: piesweep sql ... --format parquet > rows.parquet"
        )
    with pq.ParquetWriter(getattr(target, "buffer", target), reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


FORMATS: dict[str, Callable[[pa.RecordBatchReader, IO[Any] | None], None]] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
}


def _csv_cell(value: Any) -> object:
    return no_formula(value) if isinstance(value, str) else spelled(value)
