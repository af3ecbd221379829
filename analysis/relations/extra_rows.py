"""Show DuckDB the rows of what trials kept beside their answers: a view `internal.<name>_rows` for each extra."""

from __future__ import annotations

import duckdb

from analysis.relations.answer_types import sql_type
from analysis.relations.committed_files import address
from analysis.relations.recorded_files import extra_tables
from analysis.relations.snapshot import Snapshot
from runner.extras import EXTRAS


def create_extra_rows(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Create the views; one without rows for an extra that no trial has kept."""
    there = extra_tables(snapshot)
    for name, extra in EXTRAS.items():
        if not extra.columns:
            continue
        none = ", ".join(f"NULL::{sql_type(kind)} AS {column}" for column, kind in extra.columns.items())
        rows = f"SELECT {none} WHERE false"
        if paths := [address(file.path) for file in there if file.name == name]:
            rows += f" UNION ALL SELECT {', '.join(extra.columns)} FROM read_parquet([{', '.join(paths)}])"
        connection.execute(f"CREATE VIEW internal.{name}_rows AS {rows}")
