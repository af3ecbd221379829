"""Views are made when they are named: what is asked costs no view beside it, and whoever looks around sees all."""

from __future__ import annotations

import contextlib
from pathlib import Path

import duckdb
import pytest

from analysis.relations.database import STEPS, VIEWS, Database, connect, kind_files, named, rests_on, sandbox, statement
from analysis.relations.query import checked
from tasks.kinds import KINDS
from tests.analysis.stores import write_task

MADE = "SELECT view_name FROM duckdb_views() WHERE NOT internal"


def made(database: Database) -> set[str]:
    """The views and steps that are there."""
    return {name for (name,) in database.connection.execute(MADE).fetchall()} & {*STEPS, *VIEWS}


@pytest.mark.parametrize("name", VIEWS)
def test_one_view_makes_what_it_rests_on_and_no_other(store: Path, name: str) -> None:
    """And what the header of its file says it needs is enough."""
    database = connect(store)
    assert made(database) == set()
    database.execute(f'FROM "{name.upper()}" LIMIT 0')
    assert made(database) == {name, *rests_on(name, frozenset(["single-label", "multi-label"]))}


@pytest.mark.parametrize("labels", ["label", "labels"])
def test_views_have_the_same_columns_whichever_kinds_a_store_has(tmp_path: Path, labels: str) -> None:
    """What one kind says of a step has the names, the order and the types that all kinds together have."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, labels: "a"}])
    database = Database(connect(tmp_path).connection, (), ())
    database.make(STEPS)

    def columns(rows: str) -> list[tuple[str, str]]:
        return [row[:2] for row in database.connection.execute(f"DESCRIBE {rows}").fetchall()]

    shared = [name for name in STEPS if len(kind_files(name)) > 1]
    assert {"answers", "votes", "scores"} <= set(shared)
    for name in shared:
        whole = columns(f"FROM internal.{name}")
        for path in kind_files(name):
            assert columns(f"FROM (\n{statement(name, frozenset([path.parent.name]))}\n)") == whole, path
    assert kind_files("pairs", frozenset(["regression"])) == kind_files("pairs", frozenset(KINDS))


@pytest.mark.parametrize(
    "query",
    ["SHOW TABLES", "SHOW ALL TABLES", "DESCRIBE", "FROM information_schema.tables", "FROM query('SHOW ' || 'TABLES')"],
)
def test_whoever_looks_around_sees_all(store: Path, query: str) -> None:
    """Before any view was named."""
    database = connect(store)
    sandbox(database)
    rows = database.sql(checked(database, query)).fetchall()
    assert set(VIEWS) <= {value for row in rows for value in row if isinstance(value, str)}


def test_no_way_to_look_around_is_left_out(store: Path) -> None:
    """Every relation and function of DuckDB that lists what a database has is known as one that asks the catalogue."""
    database = connect(store)
    database.make()
    relations = "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE internal"
    functions = "SELECT DISTINCT function_name || '()' FROM duckdb_functions() WHERE function_type = 'table'"
    places = [name for (name,) in database.execute(f"{relations} UNION ALL {functions}").fetchall()]
    found = set()
    for place in places:
        with contextlib.suppress(duckdb.Error):
            rows = database.execute(f"FROM {place}").fetchall()
            if "readability_ratio" in [value for row in rows for value in row]:
                found.add(place)
    assert {"duckdb_views()", "information_schema.tables", "main.sqlite_master"} <= found
    assert [place for place in found if set(named(f"FROM {place}")) != {*STEPS, *VIEWS}] == []


@pytest.mark.parametrize("query", ["FROM query_table('pi' || 'es')", "FROM query('FROM pi' || 'es')"])
def test_a_name_in_pieces_is_found(store: Path, query: str) -> None:
    """A view that only the database puts together answers as if it were written out."""
    rows = []
    for text in (query, "FROM pies"):
        database = connect(store)
        sandbox(database)
        rows.append(sorted(database.sql(checked(database, text)).fetchall()))
    assert rows[0] == rows[1]


def test_a_closed_database_stays_closed_when_it_makes_a_view(store: Path) -> None:
    """A view that comes after the sandbox opens no way to change anything."""
    database = connect(store)
    sandbox(database)
    assert database.execute("SELECT count(*) FROM pies").fetchall() != [(0,)]
    assert "pies" in made(database)
    for change in ("DELETE FROM internal.trial", "CREATE TABLE t (a INTEGER)", "DROP VIEW pies", "SET threads = 1"):
        with pytest.raises(duckdb.Error):
            database.execute(change)


def test_kept_steps_are_computed_once(store: Path) -> None:
    """A step that is asked for again is a table, made with the first question that rests on it."""
    database = connect(store, kept=("pairs",))
    tables = "SELECT table_name FROM duckdb_tables() WHERE table_name = 'pairs_kept'"
    assert database.connection.execute(tables).fetchall() == []
    kept = database.execute("FROM pies ORDER BY ALL").fetchall()
    assert database.connection.execute(tables).fetchall() == [("pairs_kept",)]
    assert kept == connect(store).execute("FROM pies ORDER BY ALL").fetchall()
