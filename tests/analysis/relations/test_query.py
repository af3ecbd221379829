"""A user's SQL: what is answered, in which formats, and everything that must not be possible."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from analysis.relations.database import Database, connect, sandbox
from analysis.relations.query import QueryError, checked, clear_errors, read_query, run_query
from tests.analysis.stores import write_task, write_trials

RATES = "SELECT task, method, sparsity, pies, rate FROM pie_rate ORDER BY ALL"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


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
        "TABLE pie_rate",
        "FROM pie_rate SELECT rate",
        "SHOW ALL TABLES",
        "DESCRIBE SELECT * FROM pies",
        "SUMMARIZE SELECT * FROM effectiveness",
        "/* first */ EXPLAIN SELECT 1",
        "UNPIVOT pie_rate ON pies, rate INTO NAME measure VALUE number",
        "PIVOT effectiveness ON seed USING avg(value) GROUP BY method; -- the columns are found",
        "FROM (PIVOT effectiveness ON seed USING avg(value))",
        "WITH wide AS (PIVOT effectiveness ON seed USING avg(value)) SELECT * FROM wide",
        "EXPLAIN PIVOT effectiveness ON seed USING avg(value)",
        "SELECT * FROM effectiveness PIVOT (avg(value) FOR seed IN (0, 1))",
    ],
)
def test_questions_are_answered(store: Path, query: str) -> None:
    """Every kind of statement that only reads gives rows."""
    assert "row" in answered(store, query).splitlines()[-1]


REFUSED = [
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
    "CREATE TABLE t AS PIVOT effectiveness ON seed USING avg(value)",
    "CREATE TEMP TABLE t AS PIVOT effectiveness ON seed USING avg(value)",
    "CREATE TYPE mood AS ENUM (SELECT DISTINCT method FROM effectiveness)",
    "INSERT INTO internal.task PIVOT effectiveness ON seed USING avg(value)",
    "COPY (PIVOT effectiveness ON seed USING avg(value)) TO '{scratch}/a.csv'",
    "COPY (FROM (PIVOT effectiveness ON seed USING avg(value))) TO '{scratch}/a.csv'",
    "WITH x AS (COPY (SELECT 1 AS a) TO '{scratch}/a.csv') PIVOT x ON Count USING count(*)",
    "WITH x AS (COPY (SELECT 1 AS a) TO '{address}' (USE_TMP_FILE false)) PIVOT x ON Count USING count(*)",
    "WITH x AS (DELETE FROM internal.trial RETURNING *) PIVOT x ON seed USING count(*)",
    "PIVOT (WITH x AS (COPY (SELECT 1 AS a) TO '{scratch}/a.csv') FROM x) ON Count USING count(*)",
    "PIVOT (FROM read_csv('{secret}')) ON password USING count(*)",
    "PIVOT effectiveness ON seed USING avg(value); COPY (SELECT 1) TO '{scratch}/a.csv'",
    "EXPLAIN ANALYZE PIVOT (FROM read_csv('{secret}')) ON password USING count(*)",
    "SELECT 1) , (FROM read_csv('{secret}')",
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
]


@pytest.fixture(scope="module")
def closed(store: Path) -> Iterator[Database]:
    """The database of run_query, opened and closed to changes once for many questions."""
    with connect(store) as database:
        sandbox(database)
        yield database


def refused(store: Path, tmp_path: Path, query: str, ask: Callable[[str], object]) -> None:
    """A query fails in one clear line, tells no secret, and neither the store nor the folder beside it changes."""
    secret = tmp_path / "secret.csv"
    secret.write_text("password\nopensesame\n")
    file = sorted((store / "data").iterdir())[0]
    before, around = contents(store), sorted(tmp_path.iterdir())
    given = query.format(scratch=tmp_path, file=file, address=f"committed://data/{file.name}", secret=secret)
    with pytest.raises(QueryError) as error:
        ask(given)
    assert "\n" not in str(error.value)
    assert "opensesame" not in str(error.value)
    assert contents(store) == before
    assert sorted(tmp_path.iterdir()) == around


@pytest.mark.parametrize("query", REFUSED)
def test_anything_but_a_question_is_refused(store: Path, closed: Database, tmp_path: Path, query: str) -> None:
    """What writes, reads other files, loads, or changes settings fails in one clear line, and no file changes."""
    assert closed.execute("SELECT 1").fetchall() == [(1,)]  # the query before has left nothing that refuses all

    def ask(given: str) -> None:
        with clear_errors():
            closed.sql(checked(closed, given)).fetchall()

    try:
        refused(store, tmp_path, query, ask)
    finally:
        closed.connection.execute("ROLLBACK")  # an error ends the transaction in which nothing changes
        closed.begin_read_only()


@pytest.mark.parametrize(
    "query", [query for query in REFUSED if "{scratch}/a.csv" in query or "read_text" in query][:6]
)
def test_a_question_of_a_user_is_closed_to_changes(store: Path, tmp_path: Path, query: str) -> None:
    """So it is in the database that run_query opens for each."""
    refused(store, tmp_path, query, lambda given: answered(store, given))


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


def test_a_long_question_prints_no_progress(store: Path) -> None:
    """Where Python runs no file, DuckDB would put a bar among the answer, on standard output: it is off there too."""
    asked = (
        "import sys, pathlib; from analysis.relations.database import connect; print(connect(pathlib.Path(sys.argv[1]))"
    )
    asked += ".execute(\"SELECT current_setting('enable_progress_bar')\").fetchall())"
    done = subprocess.run([sys.executable, "-c", asked, str(store)], capture_output=True, text=True, check=True)
    assert done.stdout == "[(False,)]\n"


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
    assert all(f"{row['rate']:.4g}" in table for row in rows)
    assert table.splitlines()[-1] == f"{len(rows)} rows, fractions to 4 digits; --format csv has all"


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
    with pytest.raises(QueryError, match="not for a terminal"):
        run_query(store, "SELECT 1", "parquet", Terminal())


def test_numbers_are_short_in_tables_alone(store: Path) -> None:
    """Four digits of a fraction, no whole digit less, in lists too; the last line says so, and CSV has every digit."""
    query = """SELECT 0.123456789::DOUBLE AS a, 123456.789::DOUBLE AS b, 1.5::DOUBLE AS c, 0.5::DOUBLE AS d,
        9e-7::DOUBLE / 7 AS e, 7 AS f, [0.98765::DOUBLE] AS g, 2.5::DECIMAL(9, 2) AS h, 'nan'::DOUBLE AS i"""
    *_, numbers, _, last = answered(store, query).splitlines()
    assert numbers.split() == ["0.1235", "123457", "1.5", "0.5", "1.286e-07", "7", "[0.9877]", "2.50", "nan"]
    assert last == "1 row, fractions to 4 digits; --format csv has all"
    assert "0.123456789,123456.789,1.5" in answered(store, query, "csv")
    assert answered(store, "SELECT 0.25 AS a, 'nan'::DOUBLE AS b").splitlines()[-1] == "1 row"


@pytest.mark.parametrize(
    ("width", "lines"), [(30, ["row 1", "one  1", "two  a long text that does not", "     fit in"]), (80, [])]
)
def test_a_narrow_terminal_has_one_column_a_line(
    store: Path, width: int, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the table does not fit, each row is a block; a file or pipe gets the table however wide it is."""
    monkeypatch.setenv("COLUMNS", str(width))
    query = "SELECT 1 AS one, 'a long text that does not fit in' AS two"
    out = Terminal()
    run_query(store, query, "table", out)
    shown = [line.strip() if line.startswith(" ") and not lines else line for line in out.getvalue().splitlines()]
    assert shown[: len(lines)] == lines
    assert ("row 1" in shown) == bool(lines)
    assert shown[-1] == "1 row"
    assert "one   two" in answered(store, query)


def test_the_readme_asks_for_what_it_says(tmp_path: Path) -> None:
    """Its query finds one line for each example and model that every method breaks, equal texts and splits apart."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    query = readme.partition("```sql\n")[2].partition("```")[0]
    classes = ["no", "yes"]
    for task in ("films", "books"):
        places = [("test", 0), ("test", 1), ("test", 2), ("train", 0)]
        write_task(
            tmp_path,
            task,
            classes,
            [{"split": split, "example_id": number, "label": "yes", "text": "same"} for split, number in places],
        )
    broken = {  # by which methods at 90 %; all else is answered yes
        ("films", "a", "test", 0): {"imp-ft", "mp-ai"},
        ("films", "a", "test", 1): {"imp-ft", "mp-ai"},
        ("films", "a", "test", 2): {"imp-ft"},
        ("films", "b", "test", 0): {"mp-ai"},
        ("films", "b", "train", 0): {"imp-ft", "mp-ai"},
        ("books", "a", "test", 0): {"imp-ft", "mp-ai"},
    }
    rows = [
        {"task": task, "model": model, "method": method, "sparsity": sparsity, "seed": 0, "split": split}
        | {"example_id": number}
        | {"label": "no" if sparsity == 0.9 and method in broken.get((task, model, split, number), ()) else "yes"}
        for task in ("films", "books")
        for model in ("a", "b")
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("mp-ai", 0.9))
        for split, number in (("test", 0), ("test", 1), ("test", 2), ("train", 0))
    ]
    write_trials(tmp_path, dict.fromkeys(("films", "books"), classes), rows)
    found = json.loads(answered(tmp_path, query, "json"))
    expected = {"text": "same", "label": "yes", "dense": "yes", "pruned": ["no"]}
    whole = [place for place, methods in broken.items() if len(methods) == 2]
    assert sorted((row["task"], row["model"], row["split"]) for row in found) == sorted(place[:3] for place in whole)
    assert all({**row, **expected} == row for row in found)


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no file with a query"), (b"SELECT '\xff'", "byte 8 is not UTF-8"), (b" " * 1_000_001, "1,000,000 bytes")],
)
def test_a_file_that_is_no_query_is_named(tmp_path: Path, content: bytes | None, told: str) -> None:
    """A folder, bytes that are no text, and what is too long are refused in one line."""
    path = tmp_path / "question.sql"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(QueryError, match=told) as error:
        read_query(path)
    assert str(path) in str(error.value)


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
        run_query(store, "SELECT 1", "xlsx", io.StringIO())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM predictions NATURAL JOIN examples",
        'FROM "examples" natural left join trials NATURAL JOIN Predictions',
    ],
)
def test_answers_are_not_joined_with_gold_labels_by_name(query: str) -> None:
    """A NATURAL JOIN of predictions with examples, which asks for equal labels, is refused with what to ask instead."""
    with pytest.raises(QueryError, match=r"compares answers with gold labels.*gold and correct"):
        checked(Database(duckdb.connect(), (), ()), query)


def test_other_natural_joins_are_answered(store: Path) -> None:
    """Neither a comment, a string nor a join of other views is taken for one of predictions with examples."""
    with connect(store) as database:
        query = "SELECT DISTINCT 'examples' AS said FROM predictions NATURAL JOIN trials -- examples"
        assert database.sql(checked(database, query)).fetchall() == [("examples",)]
