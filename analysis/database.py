"""DuckDB over what a store has committed, with the views of analysis/sql.

A connection lives in memory and reads committed files alone; nothing is ever written beside them.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Collection
from pathlib import Path

import duckdb

from analysis.base_relations import create_base_relations
from analysis.committed_files import PROTOCOL
from analysis.snapshot import Snapshot

SQL = Path(__file__).parent / "sql"

# Both in the order in which they can be created: each stands on those before it.
STEPS: dict[str, str] = {
    "votes": "what the seeds of a cell answer together, as class indices",
    "pairs": "the vote of every pruned cell beside that of its dense cell, as class indices",
    "marks": "every class that a multi-label trial predicts or should have predicted",
    "scores": "the effectiveness of every trial, by number",
    "voted": "both sides' votes, on all examples and on PIEs",
    "accuracies": "accuracy of both sides, by both estimators, of single-label tasks",
    "macro_f1s": "macro-F1 of both sides, by both estimators, of multi-label tasks",
}
VIEWS: dict[str, str] = {
    "trials": "one row per committed trial: ids, grid, facts, metrics",
    "classes": "the classes of every task, in index order",
    "examples": "the data: texts and gold labels",
    "predictions": "what every trial answered for every example",
    "el2n": "how hard a training example is, early in dense training",
    "majority_vote": "what the seeds of a cell answer together",
    "pies": "the examples on which pruned and dense models disagree",
    "pie_rate": "the share of examples that are PIEs, per cell",
    "effectiveness": "accuracy or macro-F1 of every trial",
    "accuracy_on_pies": "effectiveness on PIEs and on all examples, by two estimators",
    "canary": "how often the same trial answers otherwise on another vendor's device",
    "confounded": "comparisons whose two sides ran on devices of different vendors",
    "completeness": "planned, committed, failed and missing trials, per cell",
}


def connect(store: Path, kept: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
    """An in-memory database with VIEWS over the committed trials of a store; StoreError if there is none.

    kept: steps that are computed once, here, for a connection that asks for them many times.
    """
    snapshot = Snapshot.of(store)
    # Spilled data of a large query must land neither in the store nor in the user's working folder.
    spill = Path(tempfile.gettempdir()) / f"piesweep-{uuid.uuid4().hex}"
    connection = duckdb.connect(config={"python_enable_replacements": False, "temp_directory": str(spill)})
    create_base_relations(connection, snapshot)
    for name in STEPS:
        kind = "TABLE" if name in kept else "VIEW"
        connection.execute(f"CREATE {kind} internal.{name} AS {statement(name)}")
    for name in VIEWS:
        connection.execute(f"CREATE VIEW {name} AS {statement(name)}")
    return connection


def statement(name: str) -> str:
    """The SELECT of a view or step."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def sandbox(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection for a user's SQL: no file but the committed ones, no setting, no extension, no change of data.

    A COPY inside WITH is a SELECT to DuckDB; `analysis.committed_files` is what keeps the files from being written, and
    `analysis.query.checked` refuses it beforehand.
    """
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute(f"SET allowed_directories = ['{PROTOCOL}://']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    connection.execute("BEGIN TRANSACTION READ ONLY")
