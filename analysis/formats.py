"""How rows leave: as a table to read, or as CSV, JSON or Parquet to go on with."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import sys
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from runner.printable import json_line, no_formula, printable

TABLE_ROWS = 1_000


class FormatError(ValueError):
    """An output that cannot hold the format."""


def write_table(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """A table with whole numbers and texts; beyond TABLE_ROWS rows it says how many more there are."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for field in reader.schema:
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        table.add_column(Text(printable(field.name)), justify="right" if number else "left", overflow="fold")
    shown = total = 0
    for row in _rows(reader):
        total += 1
        if shown < TABLE_ROWS:
            shown += 1
            table.add_row(*(Text(printable(_shown(value))) for value in row))
    stream = io.StringIO()
    target = sys.stdout if out is None else out
    terminal = target.isatty()
    console = Console(file=stream, width=None if terminal else 100_000, no_color=True)
    console.print(table, crop=False)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    more = f", {shown} of them shown; --format csv writes all" if total > shown else ""
    lines.append(f"{total} row{'' if total == 1 else 's'}{more}")
    _text(out).write("\n".join(lines).lstrip("\n") + "\n")


def write_csv(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """RFC 4180 with a header; null is empty, lists and structures are JSON, no text is a formula."""
    writer = csv.writer(_text(out), lineterminator="\n")
    writer.writerow([no_formula(name) for name in reader.schema.names])
    for row in _rows(reader):
        writer.writerow(["" if value is None else _csv_cell(value) for value in row])


def write_json(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """One array of objects; a number that JSON has no word for (nan, infinity) is null."""
    text = _text(out)
    start = "[\n"
    for row in _rows(reader):
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


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    for kind, convert in _PLAIN.items():
        if isinstance(value, kind):
            return convert(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


_PLAIN: dict[type, Callable[[Any], Any]] = {
    float: lambda value: value if math.isfinite(value) else None,
    Decimal: lambda value: int(value) if value == value.to_integral_value() else float(value),
    date: lambda value: value.isoformat(),  # a datetime is a date
    time: lambda value: value.isoformat(),
    timedelta: lambda value: value.total_seconds(),
    bytes: lambda value: value.hex(),
}


def _csv_cell(value: Any) -> object:
    return no_formula(value) if isinstance(value, str) else _shown(value)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case float():
            return repr(value)
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case list() | tuple() | dict():
            return json.dumps(plain(value), ensure_ascii=False)
    return str(plain(value))


def _rows(reader: pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    for batch in reader:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _text(out: IO[Any] | None) -> IO[str]:
    """A text stream over what was given: standard output, a text stream as it is, or bytes as UTF-8."""
    target: Any = sys.stdout if out is None else out
    return cast("IO[str]", target if isinstance(target, io.TextIOBase) else codecs.getwriter("utf-8")(target))
