"""What parts the cells of a CSV or TSV file, and whether its quotes are marks: as the user says, or as it fits."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from tasks.base import Quoting, TaskError
from tasks.text_files import Written, opened, refuse_undecodable

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1 << 24
CHUNK = 1 << 24
Row = TypeVar("Row")
ADVICE = "set delimiter, quoting (csv or none) or columns (the names, where the file has no heading) of the task"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How a file is to be cut. columns: their names. has_heading: the file has them. doubt: a sentence, or none."""

    delimiter: str
    quoting: Quoting
    columns: tuple[str, ...]
    has_heading: bool
    doubt: str = ""


def marks_of(path: Path, written: Written, wanted: Sequence[str] = ()) -> Marks:
    """The marks of a file by its name, its content and what the user says. wanted: columns that it must have.

    Where the usual delimiter of such a file gives none of the wanted columns, and one other does, that one is taken.
    Where a quote opens a cell, the file is read once to see whether quotes pair up: if not, and each line has as
    many cells as the heading, they are characters. TaskError with a row where neither fits, or both do.
    """
    status = path.stat()
    return _marks(path, (status.st_size, status.st_mtime_ns), written, tuple(wanted))


@lru_cache(maxsize=64)
def _marks(path: Path, _stamp: tuple[int, int], written: Written, wanted: tuple[str, ...]) -> Marks:
    with opened(path, written.encoding) as file:
        head = file.readline(LONGEST_LINE)
    if not head.strip():
        raise TaskError(f"{path} is empty: its first line has neither names nor cells")
    delimiter = written.delimiter or _delimiter(path, _text(path, head), written, wanted)
    quoting: Quoting
    cells = _cells(_text(path, head), delimiter, written.quoting or "csv")
    quoting, doubt = (written.quoting, "") if written.quoting else _quoting(path, written, delimiter, len(cells))
    if written.columns is not None and len(written.columns) != len(cells):
        raise TaskError(
            f"{path} row 1 has {len(cells)} cells, and columns has {len(written.columns)} names "
            f"({', '.join(written.columns)}); {ADVICE}"
        )
    return Marks(
        delimiter=delimiter,
        quoting=quoting,
        columns=written.columns or tuple(_cells(_text(path, head), delimiter, quoting)),
        has_heading=written.columns is None,
        doubt=doubt,
    )


def refuse_ragged(path: Path, written: Written, marks: Marks) -> None:
    """TaskError for the first row that has another number of cells than the heading."""
    width = len(marks.columns)
    if marks.quoting == "csv":
        fault, _ = _paired_fault(path, written, marks.delimiter, width)
    else:
        fault = _plain_fault(path, written, marks.delimiter, width)
    if fault:
        raise TaskError(f"{path} {fault}; {ADVICE}")


def _delimiter(path: Path, head: str, written: Written, wanted: tuple[str, ...]) -> str:
    usual = "\t" if ".tsv" in [ending.lower() for ending in path.suffixes] else ","

    def fits(mark: str) -> bool:
        cells = _cells(head, mark, written.quoting or "csv")
        if written.columns is not None:
            return len(cells) == len(written.columns)
        return set(wanted) <= set(cells) if wanted else len(cells) > 1

    others = [mark for mark in DELIMITERS if mark != usual and fits(mark)]
    return others[0] if not fits(usual) and len(others) == 1 else usual


def _quoting(path: Path, written: Written, delimiter: str, width: int) -> tuple[Quoting, str]:
    if not _opens_with_quote(path, written, delimiter):
        return "csv", ""
    fault, spanning = _paired_fault(path, written, delimiter, width)
    if not fault and not spanning:
        return "csv", ""
    plain = _plain_fault(path, written, delimiter, width)
    if plain and not fault:
        return "csv", ""
    if plain:
        raise TaskError(
            f"{path} {fault}, where quotes hold cells together; and {plain}, where quotes are characters; {ADVICE}"
        )
    if fault:
        return "none", f"{path}: its quotes are read as characters, since cells in quotes do not fit ({fault})"
    if delimiter == "\t":
        return "none", f"{path}: its quotes are read as characters, since every line has {width} cells (row {spanning})"
    said = f"{path} row {spanning}: a quote opens a cell that ends lines later, and every line has {width} cells too"
    if delimiter == ",":
        return "csv", f"{said}: read as one cell; set quoting: none if its quotes are characters"
    raise TaskError(f"{said}; set quoting: csv if quotes hold cells together, quoting: none if they are characters")


def _opens_with_quote(path: Path, written: Written, delimiter: str) -> bool:
    opening = re.compile(rb"(?:\A|[\n\r]|" + re.escape(delimiter.encode()) + rb')"')
    with opened(path, written.encoding) as file:
        before = b"\n"
        while chunk := file.read(CHUNK):
            if opening.search(before + chunk):
                return True
            before = chunk[-4:]
    return False


def _paired_fault(path: Path, written: Written, delimiter: str, width: int) -> tuple[str, int]:
    """What is wrong with a file whose quotes hold cells together, and the first row that takes several lines, or 0."""
    spanning = number = before = 0
    csv.field_size_limit(LONGEST_LINE * 8)
    with _lines(path, written) as lines:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for number, row in _numbered(rows, written):
                if row and len(row) != width:
                    return _told(number, len(row), width), spanning
                if rows.line_num > before + 1 and not spanning:
                    spanning = max(number, 1)
                before = rows.line_num
        except csv.Error as error:
            return f"row {number + 1}: {error}", spanning
    return "", spanning


def _plain_fault(path: Path, written: Written, delimiter: str, width: int) -> str:
    """What is wrong with a file whose quotes are characters."""
    with _lines(path, written) as lines:
        for number, line in _numbered(lines, written):
            if line.strip("\r\n") and line.count(delimiter) != width - 1:
                return _told(number, line.count(delimiter) + 1, width)
    return ""


def _told(number: int, cells: int, width: int) -> str:
    return f"row {number} has {cells} cells, where the {'heading' if number else 'first line'} has {width}"


def _numbered(rows: Iterable[Row], written: Written) -> Iterator[tuple[int, Row]]:
    """Rows with their number; a heading is row 0."""
    return enumerate(rows, start=0 if written.columns is None else 1)


def _cells(line: str, delimiter: str, quoting: Quoting) -> list[str]:
    line = line.rstrip("\r\n")
    if quoting == "none":
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _text(path: Path, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        refuse_undecodable(path)
        raise


@contextmanager
def _lines(path: Path, written: Written) -> Iterator[Iterator[str]]:
    with opened(path, written.encoding) as file, io.TextIOWrapper(file, "utf-8", newline="") as lines:
        try:
            yield lines
        except UnicodeDecodeError:
            refuse_undecodable(path)
            raise
