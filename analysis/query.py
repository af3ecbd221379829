"""A user's SQL over a store: read-only, and out again as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import duckdb
import pyarrow as pa

from analysis.committed_files import damage_behind
from analysis.database import VIEWS, connect, sandbox
from analysis.duckdb_errors import in_one_line
from analysis.formats import FORMATS, FormatError
from analysis.memory import bounded

Format = Literal["table", "csv", "json", "parquet"]
BATCH_ROWS = 10_000
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?", re.IGNORECASE)


class QueryError(ValueError):
    """A query that cannot be answered, in one line."""


def run_query(store: Path, query: str, format: Format = "table", out: IO[Any] | Path | None = None) -> None:  # noqa: A002
    """Answer one SELECT over the views of a store, written to a stream or a file (None: standard output).

    Raises QueryError for SQL that is wrong or more than a question, and for an output that cannot hold the answer;
    StoreError where there is no store, or it is damaged. A file appears whole or not at all.
    """
    if format not in FORMATS:
        raise QueryError(f"unknown format '{format}'; formats are {', '.join(FORMATS)}")
    connection = connect(store)
    sandbox(connection)
    with bounded(connection), clear_errors():
        reader = connection.sql(checked(connection, query)).to_arrow_reader(BATCH_ROWS)
        _write(reader, format, out)


def checked(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """The query, if it is one statement that only reads; QueryError says what it is otherwise."""
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise QueryError(f"one statement at a time, please: {len(statements)} given" if statements else _EMPTY)
    text = _without_semicolons(statements[0].query)
    asked = text
    if statements[0].type == duckdb.StatementType.EXPLAIN and (explain := _EXPLAIN.match(text)):
        asked = text[explain.end() :]
        statements = connection.extract_statements(asked)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name.replace("_", " ") if statements else "empty"
        raise QueryError(
            f"only questions are answered (SELECT, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN): this is {kind}"
        )
    # A WITH may hold a COPY, INSERT, UPDATE or DELETE and still count as SELECT, but never inside a subquery: bound as
    # one, and not run, such a query is refused.
    connection.execute(f"EXPLAIN FROM (\n{asked}\n)")
    return text


def _without_semicolons(text: str) -> str:
    """One statement up to the semicolons that end it, and to what is said after them."""
    end = len(text.encode())
    for offset, kind in reversed(duckdb.tokenize(text)):
        if kind != duckdb.token_type.comment:
            if text.encode()[offset : offset + 1] != b";":
                break
            end = offset
    return text.encode()[:end].decode()


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Turn DuckDB's errors into QueryErrors of one line, and those that a damaged file has caused into StoreErrors."""
    try:
        yield
    except FormatError as error:
        raise QueryError(str(error)) from error
    except duckdb.OutOfMemoryException:
        raise  # no fault of the question
    except duckdb.Error as error:
        damage = damage_behind(error)
        raise damage or QueryError(in_one_line(error)) from error


_EMPTY = f'the query is empty; try "SELECT * FROM pie_rate". Views: {", ".join(VIEWS)}'


def _write(reader: pa.RecordBatchReader, format: Format, out: IO[Any] | Path | None) -> None:  # noqa: A002
    if not isinstance(out, Path):
        FORMATS[format](reader, out)
        return
    aside = out.with_name(f".{out.name}.{uuid.uuid4().hex[:12]}")
    try:
        with aside.open("wb") as file:
            FORMATS[format](reader, file)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
