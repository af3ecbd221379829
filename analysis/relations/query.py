"""A user's SQL over a store: read-only, and out again as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import duckdb
import pyarrow as pa

from analysis.formats import FORMATS, FormatError
from analysis.relations.committed_files import damage_behind
from analysis.relations.database import VIEWS, Database, connect, sandbox
from analysis.relations.duckdb_errors import in_one_line
from analysis.relations.memory import bounded

Format = Literal["table", "csv", "json", "parquet"]
BATCH_ROWS = 10_000
LARGEST_QUERY = 1_000_000
QUESTIONS = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
_EXPLAIN = re.compile(r"explain\s+(analyze\s+)?", re.IGNORECASE)


class QueryError(ValueError):
    """A query that cannot be answered, in one line."""

    exit_status = 2


def read_query(source: Path) -> str:
    """The text of a file with one question, or of standard input for `-`; QueryError says why it cannot be read."""
    name = "standard input" if str(source) == "-" else str(source)
    try:
        if str(source) == "-":
            content = sys.stdin.buffer.read(LARGEST_QUERY + 1)
        elif not source.is_file():
            raise QueryError(f"{name} is no file with a query; to read a pipe, give - and it on standard input")
        else:
            with source.open("rb") as file:
                content = file.read(LARGEST_QUERY + 1)
        if len(content) > LARGEST_QUERY:
            raise QueryError(f"{name} is longer than the {LARGEST_QUERY:,} bytes that a query may have")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QueryError(f"{name}: byte {error.start} is not UTF-8; save the query as UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise error if isinstance(error, QueryError) else QueryError(f"{name} cannot be read ({error})") from None


def run_query(store: Path, query: str, format: Format = "table", out: IO[Any] | Path | None = None) -> None:  # noqa: A002
    """Answer one question over the views of a store, written to a stream or a file (None: standard output).

    Raises QueryError for SQL that is wrong or more than a question, and for an output that cannot hold the answer;
    StoreError where there is no store, or it is damaged. A file appears whole or not at all.
    """
    if format not in FORMATS:
        raise QueryError(f"unknown format '{format}'; formats are {', '.join(FORMATS)}")
    database = connect(store)
    sandbox(database)
    with bounded(database.connection), clear_errors():
        reader = database.sql(checked(database, query)).to_arrow_reader(BATCH_ROWS)
        _write(reader, format, out)


def checked(database: Database, query: str) -> str:
    """The query, if it is one statement that only reads; QueryError says what it is otherwise."""
    connection = database.connection
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise QueryError(f"one statement at a time, please: {len(statements)} given" if statements else _EMPTY)
    text = _bare(statements[0].query)
    explain = _EXPLAIN.match(text)
    asked = text[explain.end() :] if explain else text
    _refuse_natural(asked)
    # A WITH may hold a COPY, INSERT, UPDATE or DELETE and still count as SELECT, but never inside a subquery: bound as
    # one, and not run, such a query is refused. A PIVOT whose columns are to be found counts as MULTI, as does a CREATE
    # around one: that is no subquery either.
    inner = f"FROM (\n{asked}\n)"
    if not _is_question(connection, asked) or not _is_question(connection, inner):
        raise QueryError(
            "only questions are answered (SELECT, FROM, WITH, PIVOT, UNPIVOT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN): "
            f"this is {(asked.split() or ['empty'])[0].upper()}"
        )
    try:
        database.execute(f"EXPLAIN {inner}")
    except duckdb.CatalogException:
        database.make()  # a name may be put together of pieces, and the hint is at the nearest of all names
        database.execute(f"EXPLAIN {inner}")
    return text


def _refuse_natural(text: str) -> None:
    """QueryError for a NATURAL JOIN of predictions with examples: it would ask for equal answers and gold labels."""
    said = text.encode()
    tokens = [*duckdb.tokenize(text), (len(said), None)]
    wanted = (duckdb.token_type.keyword, duckdb.token_type.identifier)
    words = {
        said[start:end].decode().strip().strip('"').lower()
        for (start, kind), (end, _) in itertools.pairwise(tokens)
        if kind in wanted
    }
    if {"natural", "predictions", "examples"} <= words:
        raise QueryError(
            "NATURAL JOIN of predictions with examples compares answers with gold labels, since both call them label "
            "and labels; predictions has the columns gold and correct, and for texts: predictions JOIN trials USING "
            "(trial_id) JOIN examples USING (task, split, example_id)"
        )


def _is_question(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    try:
        kinds = [statement.type for statement in connection.extract_statements(text)]
    except duckdb.ParserException:
        return False
    return len(kinds) == 1 and kinds[0] in QUESTIONS


def _bare(text: str) -> str:
    """One statement without the semicolons that end it, and without what is said before and after it."""
    said = text.encode()
    tokens = [offset for offset, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment]
    while tokens and said[tokens[-1] : tokens[-1] + 1] == b";":
        said = said[: tokens.pop()]
    return said[tokens[0] :].decode() if tokens else ""


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
