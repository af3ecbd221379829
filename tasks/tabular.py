"""A user's table in a file: which columns it has, how many rows, and the columns we want of it."""

from __future__ import annotations

import difflib
import gzip
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json
import pyarrow.parquet as pq
from pyarrow import csv

from tasks.base import TaskError
from tasks.json_lines import column_types, records, refuse_odd_value

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
ALLOWED = ".csv, .tsv, .jsonl (each also with .gz) or .parquet"
SAMPLE = 100  # lines of a JSONL file from which its columns and their types are told
BLOCK = 64 << 20  # bytes; no single line may be longer


def form_of(path: Path) -> str:
    """The format of a file by its name, one of FORMATS. TaskError for any other."""
    ends = [ending.lower() for ending in path.suffixes]
    form = ends[-2] if len(ends) > 1 and ends[-1] == ".gz" else ends[-1] if ends else ""
    if form not in FORMATS or (form == ".parquet" and ends[-1] == ".gz"):
        raise TaskError(f"{path}: unknown kind of file '{''.join(ends[-2:])}'; allowed: {ALLOWED}")
    return form


def columns_of(path: Path) -> list[str]:
    """The names of a file's columns, from its head alone."""
    form = form_of(path)
    if not path.is_file():
        raise TaskError(f"{path} does not exist{_nearest_file(path)}")
    with _readable(path):
        if form == ".parquet":
            return list(pq.read_schema(path).names)
        if form == ".jsonl":
            with _open(path) as file:
                sample = records(path, itertools.islice(file, SAMPLE))
                return list(dict.fromkeys(name for _, record in sample for name in record))
        with _open(path) as file:
            return list(csv.open_csv(file, parse_options=_marks(form)).schema.names)


def require_columns(path: Path, wanted: Sequence[str]) -> None:
    """TaskError if the file lacks one of the columns, with the columns it has and the nearest name."""
    present = columns_of(path)
    for name in wanted:
        if name not in present:
            raise TaskError(
                f"{path} has no column '{name}'; its columns are {', '.join(present)}{nearest(name, present)}"
            )
        if present.count(name) > 1:
            raise TaskError(f"{path} has {present.count(name)} columns named '{name}'; rename all but one")


def nearest(name: str, known: Sequence[str]) -> str:
    """ "; did you mean 'x'?" for the known name most like the given one, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def count_rows(path: Path) -> int:
    """The number of examples in a file, without keeping any in memory."""
    form = form_of(path)
    with _readable(path):
        if form == ".parquet":
            return int(pq.read_metadata(path).num_rows)
        with _open(path) as file:
            if form == ".jsonl":
                return sum(1 for line in file if line.strip())
            first = columns_of(path)[0]
            options = csv.ConvertOptions(include_columns=[first], column_types={first: pa.string()})
            reader = csv.open_csv(file, csv.ReadOptions(), _marks(form), options)
            return sum(batch.num_rows for batch in reader)


def read_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """The named columns of a file in the order given; cells of CSV and TSV stay text, whatever they look like."""
    require_columns(path, names)
    readers: dict[str, Callable[[Path, list[str]], pa.Table]] = {
        ".csv": _read_marked,
        ".tsv": _read_marked,
        ".jsonl": _read_jsonl,
        ".parquet": lambda path, names: pq.read_table(path, columns=names),
    }
    with _readable(path):
        return readers[form_of(path)](path, list(names)).select(list(names))


def _read_marked(path: Path, names: list[str]) -> pa.Table:
    form = form_of(path)
    options = csv.ConvertOptions(
        include_columns=names, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    with _open(path) as file:
        table = csv.read_csv(file, csv.ReadOptions(block_size=BLOCK), _marks(form), options)
    if form == ".tsv":
        _refuse_swallowed(path, table)
    return table


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


def _read_jsonl(path: Path, names: list[str]) -> pa.Table:
    with _open(path) as file:
        kinds = column_types(path, records(path, itertools.islice(file, SAMPLE)), names)
    options = arrow_json.ParseOptions(explicit_schema=kinds, unexpected_field_behavior="ignore")
    try:
        with _open(path) as file:
            return arrow_json.read_json(file, arrow_json.ReadOptions(block_size=BLOCK), options)
    except pa.ArrowException:
        with _open(path) as file:
            refuse_odd_value(path, records(path, file), kinds)
        raise


def _marks(form: str) -> csv.ParseOptions:
    return csv.ParseOptions(delimiter="\t" if form == ".tsv" else ",", newlines_in_values=True)


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What Arrow, gzip or the file system object to becomes a TaskError that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
        raise TaskError(f"{path} cannot be read: {' '.join(str(error).split())[:300]}") from error


def _nearest_file(path: Path) -> str:
    there = sorted(one.name for one in path.parent.iterdir()) if path.parent.is_dir() else []
    return nearest(path.name, there) or ("" if path.parent.is_dir() else f" (nor does its folder {path.parent})")
