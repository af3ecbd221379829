"""A user's table in a file: which columns it has, how many rows, and the columns we want of it."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json
import pyarrow.parquet as pq
from pyarrow import csv

from tasks.base import TaskError
from tasks.column_files import column_names_of, count_texts, read_lists
from tasks.json_lines import as_lines, column_types, records, refuse_odd_value, with_fractions
from tasks.marks import Marks, marks_of, refuse_ragged
from tasks.text_files import AS_FOUND, Written, opened, refuse_undecodable

FORMATS = (".csv", ".tsv", ".json", ".jsonl", ".conll", ".parquet")
ALLOWED = ".csv, .tsv, .json, .jsonl, .conll (each also with .gz) or .parquet"
SAMPLE = 100  # records of a JSON file from which its columns and their types are told
BLOCK = 64 << 20  # bytes; no single line may be longer
NO_ROWS = "Empty CSV"
HEADING = "; where the file has no heading, name its columns in their order: columns: [..., ...]"


def form_of(path: Path) -> str:
    """The format of a file by its name, one of FORMATS. TaskError for any other."""
    ends = [ending.lower() for ending in path.suffixes]
    form = ends[-2] if len(ends) > 1 and ends[-1] == ".gz" else ends[-1] if ends else ""
    if form not in FORMATS or (form == ".parquet" and ends[-1] == ".gz"):
        raise TaskError(f"{path}: unknown kind of file '{''.join(ends[-2:])}'; allowed: {ALLOWED}")
    return form


def columns_of(path: Path, written: Written = AS_FOUND, wanted: Sequence[str] = ()) -> list[str]:
    """The names of a file's columns; wanted: those that it must have, which helps to tell how it is written."""
    form = form_of(path)
    if not path.is_file():
        what = "is no regular file" if path.exists() else f"does not exist{_nearest_file(path)}"
        raise TaskError(f"{path} {what}")
    with _readable(path):
        if form == ".parquet":
            return list(pq.read_schema(path).names)
        if form in (".csv", ".tsv"):
            return list(marks_of(path, written, wanted).columns)
        if form == ".conll":
            return column_names_of(path, written, wanted)
        with opened(path, written.encoding) as file:
            lines, place = as_lines(path, file)
            sample = records(place, itertools.islice(lines, SAMPLE))
            return list(dict.fromkeys(name for _, record in sample for name in record))


def require_columns(path: Path, wanted: Sequence[str], written: Written = AS_FOUND) -> None:
    """TaskError if the file lacks one of the columns, with the columns it has and the nearest name."""
    present = columns_of(path, written, wanted)
    hint = "" if written.columns or form_of(path) not in (".csv", ".tsv") else HEADING
    for name in wanted:
        if name not in present:
            raise TaskError(
                f"{path} has no column '{name}'; its columns are {', '.join(present)}{nearest(name, present) or hint}"
            )
        if present.count(name) > 1:
            raise TaskError(f"{path} has {present.count(name)} columns named '{name}'; rename all but one")


def nearest(name: str, known: Sequence[str]) -> str:
    """ "; did you mean 'x'?" for the known name most like the given one, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def count_rows(path: Path, written: Written = AS_FOUND, wanted: Sequence[str] = ()) -> int:
    """The number of examples in a file, without keeping any in memory; wanted as in `columns_of`."""
    form = form_of(path)
    with _readable(path):
        if form == ".parquet":
            return int(pq.read_metadata(path).num_rows)
        if form in (".csv", ".tsv"):
            return _count_marked(path, written, wanted)
        if form == ".conll":
            return count_texts(path, written)
        with opened(path, written.encoding) as file:
            return sum(1 for line in as_lines(path, file)[0] if line.strip())


def read_columns(path: Path, names: Sequence[str], written: Written = AS_FOUND) -> pa.Table:
    """The named columns of a file in the order given; cells of CSV and TSV stay text, whatever they look like."""
    require_columns(path, names, written)
    readers: dict[str, Callable[[Path, list[str]], pa.Table]] = {
        ".csv": partial(_read_marked, written=written),
        ".tsv": partial(_read_marked, written=written),
        ".json": partial(_read_json, written=written),
        ".jsonl": partial(_read_json, written=written),
        ".conll": lambda path, names: read_lists(path, names, written, names),
        ".parquet": lambda path, names: pq.ParquetFile(path).read(columns=names),  # no partitions in folders' names
    }
    with _readable(path):
        return readers[form_of(path)](path, list(names)).select(list(names))


def doubt_of(path: Path, names: Sequence[str], written: Written = AS_FOUND) -> str:
    """What is doubtful of how a file is written, a sentence; empty if nothing is."""
    return marks_of(path, written, names).doubt if form_of(path) in (".csv", ".tsv") else ""


def _read_marked(path: Path, names: list[str], written: Written) -> pa.Table:
    marks = marks_of(path, written, names)
    options = csv.ConvertOptions(
        include_columns=names, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    try:
        with opened(path, written.encoding) as file:
            table = csv.read_csv(file, _reading(marks), _parsing(marks), options)
    except pa.ArrowInvalid as error:
        if NO_ROWS in str(error):
            return pa.table({name: pa.array([], pa.string()) for name in names})
        refuse_ragged(path, written, marks)
        raise
    if marks.delimiter == "\t" and marks.quoting == "csv":
        _refuse_swallowed(path, table)
    return table


def _count_marked(path: Path, written: Written, wanted: Sequence[str]) -> int:
    marks = marks_of(path, written, wanted)
    first = next((name for name in marks.columns if marks.columns.count(name) == 1), marks.columns[0])
    options = csv.ConvertOptions(include_columns=[first], column_types={first: pa.string()})
    try:
        with opened(path, written.encoding) as file:
            return sum(batch.num_rows for batch in csv.open_csv(file, _reading(marks), _parsing(marks), options))
    except pa.ArrowInvalid as error:
        if NO_ROWS in str(error):
            return 0
        refuse_ragged(path, written, marks)
        raise


def _reading(marks: Marks) -> csv.ReadOptions:
    return csv.ReadOptions(block_size=BLOCK, column_names=None if marks.has_heading else list(marks.columns))


def _parsing(marks: Marks) -> csv.ParseOptions:
    if marks.quoting == "none":
        return csv.ParseOptions(delimiter=marks.delimiter, quote_char=False)
    return csv.ParseOptions(delimiter=marks.delimiter, newlines_in_values=True)


def _refuse_swallowed(path: Path, table: pa.Table) -> None:
    """A cell that opens with a quote and never closes it takes the next rows in: their tabs and line ends tell."""
    for name in table.column_names:
        odd = pc.match_substring_regex(table[name], r"(?s)\t.*\n|\n.*\t")
        if pc.any(odd).as_py():
            row = pc.index(odd, True).as_py() + 1
            raise TaskError(
                f"{path} row {row}: column '{name}' starts with a quote that closes rows later; "
                "quote cells as CSV does (double the quotes inside) or write JSONL"
            )


def _read_json(path: Path, names: list[str], written: Written) -> pa.Table:
    with opened(path, written.encoding) as file:
        lines, place = as_lines(path, file)
        start = lines.tell()
        kinds = column_types(place, records(place, itertools.islice(lines, SAMPLE)), names)
        try:
            return _parsed(lines, start, kinds)
        except pa.ArrowException:
            lines.seek(start)
            wider = with_fractions(records(place, lines), kinds)
            lines.seek(start)
            refuse_odd_value(place, records(place, lines), wider)
            if wider == kinds:
                raise
        return _parsed(lines, start, wider)


def _parsed(lines: BinaryIO, start: int, kinds: pa.Schema) -> pa.Table:
    lines.seek(start)
    options = arrow_json.ParseOptions(explicit_schema=kinds, unexpected_field_behavior="ignore")
    return arrow_json.read_json(lines, arrow_json.ReadOptions(block_size=BLOCK), options)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What Arrow, gzip or the file system object to becomes a TaskError that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
        if isinstance(error, UnicodeError) or "UTF8" in str(error):
            refuse_undecodable(path)
        raise TaskError(f"{path} cannot be read: {' '.join(str(error).split())[:300]}") from error


def _nearest_file(path: Path) -> str:
    there = sorted(one.name for one in path.parent.iterdir()) if path.parent.is_dir() else []
    return nearest(path.name, there) or ("" if path.parent.is_dir() else f" (nor does its folder {path.parent})")
