"""Rows that a table may not have, named: the first that breaks a rule, and those that stand more than once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from tasks.base import TaskError
from tasks.tabular import columns_of, read_columns

SHOWN = 5


class IngestError(TaskError):
    """Predictions or examples that cannot be taken in: names the file, the rows and what is allowed."""


def refuse(tables: duckdb.DuckDBPyConnection, query: str, rule: str, parameters: dict[str, Any] | None = None) -> None:
    """Raise IngestError with the rule and the first offending row, if the query finds any."""
    cursor = tables.execute(f"SELECT * FROM ({query}) LIMIT 1", parameters)
    names = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        raise IngestError(f"{rule}; found {_named(names, row)}")


def refuse_repeats(tables: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], rule: str, source: Path) -> None:
    """Raise IngestError if rows of a table share a key: how many, the first, their ids, and a column that differs."""
    names = ", ".join(key)
    tables.execute(
        f"""CREATE OR REPLACE TEMP TABLE repeated AS SELECT {names}, count(*) AS times, min(row) AS first
            FROM {table} GROUP BY {names} HAVING times > 1"""
    )
    cursor = tables.execute("SELECT * EXCLUDE (first) FROM repeated ORDER BY first LIMIT 1")
    columns = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        ids = tables.execute(
            f"SELECT DISTINCT example_id FROM repeated ORDER BY example_id LIMIT {SHOWN + 1}"
        ).fetchall()
        shown = ", ".join(str(one[0]) for one in ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
        (total,) = tables.execute("SELECT count(*) FROM repeated").fetchall()[0]
        raise IngestError(
            f"{rule}; found {_named(columns, row)} ({total} such, of example_id {shown}). "
            f"{_advice(tables, table, key, source)}"
        )


def _advice(tables: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], source: Path) -> str:
    """What to do with rows that share a key: choose by the column that tells them apart, where there is one."""
    known = {*key, "label", "labels", "text"}
    for column in columns_of(source):
        if column in known:
            continue
        values = _values_that_differ(tables, table, key, source, column)
        if values:
            return (
                f"Column '{column}' tells such rows apart ({', '.join(values)}): keep the rows of one of its values, "
                "or write it into `model`"
            )
    return "No other column tells them apart: keep one of each"


def _values_that_differ(
    tables: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], source: Path, column: str
) -> list[str]:
    """A few values of a further column, if no two rows with one key have the same one; else nothing."""
    names = ", ".join(key)
    tables.register("further", read_columns(source, [column]).rename_columns(["value"]))
    try:
        (differs,) = tables.execute(
            f"""WITH numbered AS (SELECT row_number() OVER () AS row, CAST(value AS VARCHAR) AS value FROM further),
                groups AS (SELECT count(DISTINCT numbered.value) = count(*) AS differs
                    FROM {table} JOIN numbered USING (row) GROUP BY {", ".join(key)} HAVING count(*) > 1)
                SELECT bool_and(differs) FROM groups"""
        ).fetchall()[0]
        if not differs:
            return []
        found = tables.execute(
            f"""WITH numbered AS (SELECT row_number() OVER () AS row, CAST(value AS VARCHAR) AS value FROM further)
                SELECT DISTINCT numbered.value FROM {table} JOIN numbered USING (row) JOIN repeated USING ({names})
                ORDER BY 1 LIMIT {SHOWN}"""
        ).fetchall()
        return [str(row[0]) for row in found]
    finally:
        tables.unregister("further")


def _named(names: Sequence[str], row: Sequence[Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))
