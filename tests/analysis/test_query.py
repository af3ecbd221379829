"""A user's SQL: what is answered, in which formats, and everything that must not be possible."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from analysis.database import connect, sandbox
from analysis.query import QueryError, run_query

RATES = "SELECT task, method, sparsity, pies, rate FROM pie_rate ORDER BY ALL"


def answered(store: Path, query: str, format: Any = "table") -> str:  # noqa: A002
    """What a query prints."""
    out = io.StringIO()
    run_query(store, query, format, out)
    return out.getvalue()


def contents(store: Path) -> dict[str, str]:
    """Every file of a store, with the hash of its bytes."""
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in store.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "FROM pies LIMIT 1",
        "WITH x AS (SELECT * FROM pie_rate) SELECT count(*) FROM x",
        "VALUES (1)",
        "DESCRIBE pies",
        "SHOW TABLES",
        "SUMMARIZE pie_rate",
        "EXPLAIN SELECT * FROM pies",
        "EXPLAIN ANALYZE SELECT * FROM pies",
        "SELECT ';' AS \"semi;colon\"; -- a remark; with another",
        "/* first */ SELECT 1 ;;",
    ],
)
def test_questions_are_answered(store: Path, query: str) -> None:
    """Every kind of statement that only reads gives rows."""
    assert "row" in answered(store, query).splitlines()[-1]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELCT 1",
        "CREATE TABLE t(a INTEGER)",
        "CREATE VIEW v AS SELECT 1",
        "DROP VIEW pies",
        "INSERT INTO internal.task SELECT * FROM internal.task",
        "DELETE FROM internal.trial",
        "WITH x AS (DELETE FROM internal.trial RETURNING *) SELECT * FROM x",
        "WITH x AS (INSERT INTO internal.task SELECT * FROM internal.task RETURNING *) SELECT * FROM x",
        "COPY (SELECT 1) TO '{scratch}/a.csv'",
        "WITH x AS (COPY (SELECT 1 AS a) TO '{scratch}/a.csv') SELECT * FROM x",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{scratch}/a.csv'",
        "EXPLAIN ANALYZE WITH x AS (COPY (SELECT 1 AS a) TO '{scratch}/a.csv') SELECT * FROM x",
        "COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)",
        "WITH x AS (COPY (SELECT 1 AS a) TO '{file}' (USE_TMP_FILE false)) SELECT * FROM x",
        "WITH x AS (COPY (SELECT 1 AS a) TO '{address}' (USE_TMP_FILE false)) SELECT * FROM x",
        "FROM query('WITH x AS (COPY (SELECT 1 AS a) TO ''{address}'' (USE_TMP_FILE false)) SELECT * FROM x')",
        "EXPORT DATABASE '{scratch}/export'",
        "FROM read_text('{secret}')",
        "FROM read_csv('{secret}')",
        "FROM read_json('{secret}')",
        "FROM read_blob('{secret}')",
        "FROM read_blob('file://{secret}')",
        "FROM '{secret}'",
        "FROM sniff_csv('{secret}')",
        "FROM glob('{scratch}/*')",
        "FROM read_parquet('{file}')",
        "FROM read_parquet('committed://data/*.parquet')",
        "FROM read_csv('committed://../secret.csv')",
        "FROM parquet_metadata('{file}')",
        "FROM query_table('{secret}')",
        "ATTACH '{scratch}/other.db'",
        "FROM read_duckdb('{scratch}/other.db')",
        "SELECT getenv('HOME')",
        "FROM duckdb_secrets()",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET VARIABLE x = 1",
        "USE internal",
        "PRAGMA database_list",
        "PRAGMA enable_profiling = 'json'",
        "CALL enable_logging(storage_path = '{scratch}/log')",
        "FROM enable_logging(storage_path = '{scratch}/log')",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "COMMIT",
        "CHECKPOINT",
    ],
)
def test_anything_but_a_question_is_refused(store: Path, tmp_path: Path, query: str) -> None:
    """What writes, reads other files, loads, or changes settings fails in one clear line, and no file changes."""
    secret = tmp_path / "secret.csv"
    secret.write_text("password\nopensesame\n")
    file = sorted((store / "data").iterdir())[0]
    before, around = contents(store), sorted(tmp_path.iterdir())
    given = query.format(scratch=tmp_path, file=file, address=f"committed://data/{file.name}", secret=secret)
    with pytest.raises(QueryError) as error:
        answered(store, given)
    assert "\n" not in str(error.value)
    assert "opensesame" not in str(error.value)
    assert contents(store) == before
    assert sorted(tmp_path.iterdir()) == around


def test_a_statement_that_slips_through_still_cannot_write(store: Path) -> None:
    """Without the check of statements, the sandbox alone keeps committed files and tables as they are."""
    file = sorted((store / "data").iterdir())[0]
    before = contents(store)
    for target in (file, f"committed://data/{file.name}", "committed://data/new.parquet"):
        for query in (
            f"COPY (SELECT 1 AS a) TO '{target}' (USE_TMP_FILE false)",
            f"WITH x AS (COPY (SELECT 1 AS a) TO '{target}' (USE_TMP_FILE false)) SELECT * FROM x",
            "DELETE FROM internal.trial",
        ):
            connection = connect(store)
            sandbox(connection)
            with pytest.raises(duckdb.Error):
                connection.execute(query).fetchall()
    assert contents(store) == before


def test_uncommitted_rows_are_not_seen(store: Path, tmp_path: Path) -> None:
    """A data file that no commit names does not exist for any view."""
    import shutil

    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    commit = sorted((copy / "commits").iterdir())[0]
    before = json.loads(answered(copy, "SELECT count(*) AS n FROM predictions", "json"))[0]["n"]
    rows = sum(json.loads(commit.read_text())["rows"].values())
    commit.unlink()
    after = json.loads(answered(copy, "SELECT count(*) AS n FROM predictions", "json"))[0]["n"]
    assert (rows > 0, after) == (True, before - rows)


def test_a_store_in_a_folder_with_signs_of_a_pattern(store: Path, tmp_path: Path) -> None:
    """Brackets, stars and quotes in a store's path are letters like others."""
    import shutil

    copy = tmp_path / "it's [a] *store?"
    shutil.copytree(store, copy)
    assert answered(copy, RATES, "csv") == answered(store, RATES, "csv")


def test_formats_agree(store: Path, tmp_path: Path) -> None:
    """CSV, JSON and Parquet hold the same rows, with full numbers, and the table shows each of them."""
    run_query(store, RATES, "parquet", tmp_path / "rates.parquet")
    rows = pq.read_table(tmp_path / "rates.parquet").to_pylist()
    assert json.loads(answered(store, RATES, "json")) == rows
    read = list(csv.DictReader(io.StringIO(answered(store, RATES, "csv"))))
    assert [(row["task"], int(row["pies"]), float(row["rate"])) for row in read] == [
        (row["task"], row["pies"], row["rate"]) for row in rows
    ]
    table = answered(store, RATES)
    assert all(repr(row["rate"]) in table for row in rows)
    assert table.splitlines()[-1] == f"{len(rows)} rows"


def test_binary_streams_take_text_and_parquet(store: Path) -> None:
    """A stream of bytes gets UTF-8 text, or Parquet."""
    out = io.BytesIO()
    run_query(store, "SELECT 'é' AS letter", "csv", out)
    assert out.getvalue().decode() == "letter\né\n"
    out = io.BytesIO()
    run_query(store, "SELECT 1 AS one", "parquet", out)
    assert pq.read_table(io.BytesIO(out.getvalue())).to_pylist() == [{"one": 1}]


def test_parquet_is_not_printed_on_a_terminal(store: Path) -> None:
    """Bytes would garble a terminal: the error says what to do."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with pytest.raises(QueryError, match="not for a terminal"):
        run_query(store, "SELECT 1", "parquet", Terminal())


def test_a_failed_query_leaves_no_file(store: Path, tmp_path: Path) -> None:
    """An output file appears whole or not at all, even if an error comes after the first rows."""
    query = "SELECT if(example_id = 29, error('late'), 'ok') AS x FROM predictions"
    with pytest.raises(QueryError, match="late"):
        run_query(store, query, "csv", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_values_without_a_word_in_json(store: Path) -> None:
    """Not-a-number and infinity are null; big integers, lists, structures and times are kept."""
    query = """SELECT 'nan'::DOUBLE AS n, '-inf'::DOUBLE AS i, sum(4611686018427387904) AS s,
        [1.5::DOUBLE, 'nan'] AS l, {'a': DATE '2025-01-02'} AS d"""
    assert json.loads(answered(store, query, "json")) == [
        {"n": None, "i": None, "s": 2**62, "l": [1.5, None], "d": {"a": "2025-01-02"}}
    ]


def test_texts_cannot_steer_a_terminal(store: Path) -> None:
    """Escape sequences and direction overrides of a data set are shown, not obeyed."""
    shown = answered(store, "SELECT 'a' || chr(27) || '[2J' || chr(8238) || 'b [red]c[/red]' AS text")
    assert "a\\x1b[2J\\u202eb [red]c[/red]" in shown


@pytest.mark.parametrize(("query", "told"), [("FROM piez", 'Did you mean "pies"?'), ("SELECT x FROM pies", "x")])
def test_errors_are_one_line(store: Path, query: str, told: str) -> None:
    """DuckDB's hint is kept; its picture of the query is not."""
    with pytest.raises(QueryError) as error:
        answered(store, query)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert "LINE 1" not in str(error.value)


def test_unknown_format_names_the_known(store: Path) -> None:
    """The error lists the formats."""
    with pytest.raises(QueryError, match="table, csv, json, parquet"):
        run_query(store, "SELECT 1", "xlsx", io.StringIO())  # type: ignore[arg-type]
