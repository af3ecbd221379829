"""Rows as people read them: a table, or one column a line where the terminal is too narrow for it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from analysis.relations.row_stream import rows, text_stream
from analysis.spelling import DIGITS, short, spelled
from runner.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

TABLE_ROWS = 1_000
WIDE = 100_000


def write_table(reader: pa.RecordBatchReader, out: IO[Any] | None) -> None:
    """A table with whole numbers and texts, and short fractions; beyond TABLE_ROWS rows it says how many there are.

    On a terminal that is too narrow for a line a row, each row is a block of lines, one for each column.
    """
    from rich.console import Console

    shown: list[list[str]] = []
    total = 0
    is_short = False
    for row in rows(reader):
        total += 1
        if total <= TABLE_ROWS:
            cut = [spelled(short(value)) for value in row]
            is_short = is_short or cut != [spelled(value) for value in row]
            shown.append([printable(text) for text in cut])
    stream = io.StringIO()
    target = sys.stdout if out is None else out
    console = Console(file=stream, width=None if target.isatty() else WIDE, no_color=True)
    console.print(_laid_out(console, reader.schema, shown), crop=False)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    lines.append(_told(total, len(shown), is_short=is_short))
    text_stream(out).write("\n".join(lines).lstrip("\n") + "\n")


def _told(total: int, shown: int, *, is_short: bool) -> str:
    """The last line: what the table leaves out."""
    more = [f"{shown} of them shown; --format csv writes all"] if total > shown else []
    digits = [f"fractions to {DIGITS} digits; --format csv has all"] if is_short else []
    return ", ".join([f"{total} row{'' if total == 1 else 's'}", *more, *digits])


def _laid_out(console: Console, schema: pa.Schema, shown: Sequence[Sequence[str]]) -> RenderableType:
    table = _table(schema, shown)
    unbound = console.options.update(width=WIDE)
    if console.measure(table, options=unbound).maximum <= console.width:
        return table
    from rich.console import Group

    return Group(*(_record(schema, number, row) for number, row in enumerate(shown, 1))) if shown else table


def _table(schema: pa.Schema, shown: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for field in schema:
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        table.add_column(Text(printable(field.name)), justify="right" if number else "left", overflow="fold")
    for row in shown:
        table.add_row(*map(Text, row))
    return table


def _record(schema: pa.Schema, number: int, row: Sequence[str]) -> RenderableType:
    """One row, a column a line; what is longer than a line goes on below itself."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    block = Table.grid(padding=(0, 2))
    block.add_column(no_wrap=True)
    block.add_column(overflow="fold")
    for name, value in zip(schema.names, row, strict=True):
        block.add_row(Text(printable(name)), Text(value))
    return Group(Text(f"row {number}"), block, Text(""))
