"""Check that the rows of predictions and examples fit together, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from runner.methods import DENSE, UNPRUNED
from runner.store import reader
from runner.store.logged_twice import refuse, refuse_repeats
from tasks.base import SPLITS

COORDINATES = ("task", "model", "method", "sparsity", "seed")
PREDICTION_TYPES = {
    "task": "VARCHAR",
    "model": "VARCHAR",
    "method": "VARCHAR",
    "sparsity": "DOUBLE",
    "seed": "BIGINT",
    "split": "VARCHAR",
    "example_id": "HUGEINT",
}
EXAMPLE_TYPES = {"task": "VARCHAR", "split": "VARCHAR", "example_id": "HUGEINT"}
"""Column -> type; example_id takes numbers of any size, since the store numbers examples itself."""


def check_coordinates(tables: duckdb.DuckDBPyConnection, root: Path, predictions: Path, examples: Path) -> None:
    """Refuse rows whose coordinates make no sense, naming the first."""
    unpruned = _unpruned(root)
    names = {"unpruned": unpruned}
    tables.execute(
        "UPDATE predictions SET sparsity = 0 WHERE list_contains($unpruned, method) AND sparsity IS NULL", names
    )
    for table, columns in (("predictions", PREDICTION_TYPES), ("examples", EXAMPLE_TYPES)):
        empty = " OR ".join(f"{name} IS NULL" for name in columns)
        refuse(tables, f"SELECT row FROM {table} WHERE {empty}", f"{table}: an empty cell among {', '.join(columns)}")
        refuse(tables, f"SELECT row, example_id FROM {table} WHERE example_id < 0", f"{table}: example_id below 0")
        refuse(
            tables,
            f"SELECT row, split FROM {table} WHERE split NOT IN {SPLITS}",
            f"{table}: split is one of {', '.join(SPLITS)}; rename it (dev and val are validation)",
        )
    refuse(
        tables,
        "SELECT row, method, sparsity FROM predictions WHERE list_contains($unpruned, method) AND sparsity <> 0",
        f"predictions: unpruned models ({', '.join(unpruned)}) have sparsity 0",
        names,
    )
    refuse(
        tables,
        """SELECT row, method, sparsity FROM predictions
           WHERE NOT list_contains($unpruned, method) AND NOT (sparsity > 0 AND sparsity < 1)""",
        "predictions: sparsity is the fraction removed, strictly between 0 and 1",
        names,
    )
    refuse_repeats(
        tables,
        "predictions",
        (*COORDINATES, "split", "example_id"),
        "predictions: an example may be predicted once by a trial",
        predictions,
    )
    refuse_repeats(
        tables,
        "examples",
        ("task", "split", "example_id"),
        "examples: an example_id may stand once in a split of a task",
        examples,
    )


def _unpruned(root: Path) -> list[str]:
    """The methods that cut nothing, with those that the studies of the store have under names of their own."""
    planned = reader.planned_trials(root).values() if root.exists() else ()
    return list(dict.fromkeys([*UNPRUNED, *sorted(trial.method for trial in planned if not trial.sparsity)]))


def check_ids(tables: duckdb.DuckDBPyConnection) -> None:
    """Every trial predicts exactly the examples of each split that it has, of tasks that the examples file has."""
    refuse(
        tables,
        "SELECT row, task FROM predictions WHERE task NOT IN (SELECT task FROM examples)",
        "predictions: a task that the examples file does not have",
    )
    refuse(
        tables,
        "SELECT row, task, split, example_id FROM predictions ANTI JOIN examples USING (task, split, example_id)",
        "predictions: an example that the examples file does not have",
    )
    refuse(
        tables,
        f"""SELECT {", ".join(f"p.{name}" for name in COORDINATES)}, p.split, p.predicted, e.examples
            FROM (SELECT {", ".join(COORDINATES)}, split, count(*) AS predicted FROM predictions GROUP BY ALL) p
            JOIN (SELECT task, split, count(*) AS examples FROM examples GROUP BY ALL) e USING (task, split)
            WHERE p.predicted <> e.examples""",
        "predictions: a trial must predict every example of a split",
    )


def check_seeds(tables: duckdb.DuckDBPyConnection, root: Path) -> None:
    """The vote of a pruned cell and of its dense cell are taken over the same number of seeds."""
    held: list[tuple[Any, ...]] = [
        tuple(record.settings[name] for name in COORDINATES)
        for record in (reader.commits(root) if root.exists() else [])
    ]
    tables.execute(
        "CREATE TEMP TABLE trials (task VARCHAR, model VARCHAR, method VARCHAR, sparsity DOUBLE, seed BIGINT)"
    )
    if held:
        tables.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?)", held)
    tables.execute(f"INSERT INTO trials SELECT DISTINCT {', '.join(COORDINATES)} FROM predictions")
    refuse(
        tables,
        f"""WITH cells AS (SELECT task, model, method, sparsity, count(DISTINCT seed) AS seeds FROM trials GROUP BY ALL)
            SELECT p.task, p.model, p.method, p.sparsity, p.seeds, coalesce(d.seeds, 0) AS dense_seeds
            FROM cells p LEFT JOIN cells d ON d.task = p.task AND d.model = p.model AND d.method = '{DENSE}'
            WHERE p.method <> '{DENSE}' AND p.seeds IS DISTINCT FROM d.seeds ORDER BY ALL""",
        "predictions: a pruned cell needs as many seeds as its dense cell (or pass --allow-unequal-seeds)",
    )
