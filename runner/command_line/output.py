"""Print what verbs answer: a table for people, JSON for scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from runner.printable import json_line, printable

WIDE = 10_000


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json_line(value))


def say(text: str, *, err: bool = False) -> None:
    """Lines for people, on standard output or (err) standard error; nothing in them steers a terminal."""
    print(printable(text, block=True), file=sys.stderr if err else sys.stdout)


def print_last(line: str) -> None:
    """The last words of a verb that has done its work: where nobody can read them, it ends as well as it did."""
    try:
        print(printable(line), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """A table on standard output; numbers to the right. Into a file or pipe no line is ever cut or wrapped."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    heading = None if title is None else Text(printable(title))
    table = Table(box=SIMPLE_HEAD, title=heading, title_justify="left", show_edge=False)
    listed = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float) for row in listed)
        table.add_column(Text(printable(column)), justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(printable(cell_text(cell))) for cell in row))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    told = {printable(name): printable(cell_text(value)) for name, value in facts.items()}
    width = max(map(len, told), default=0)
    for name, value in told.items():
        print(f"{name:<{width}}  {value}")


def cell_text(value: object) -> str:
    """A value as people read it: thousands set off, lists joined, nothing for None."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {cell_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(cell_text, value))
    return SPELLINGS.get(type(value), str)(value)


def bytes_text(count: int) -> str:
    """A number of bytes in the largest unit of which there is at least one."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


SPELLINGS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda value: "yes" if value else "no",
    int: "{:,}".format,
    float: "{:.10g}".format,
}
