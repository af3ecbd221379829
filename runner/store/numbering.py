"""The numbers that a store gives ingested examples: 0, 1, 2, ... in a split, with the user's own ids beside them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from runner.store import reader
from runner.store.errors import StoreError
from runner.store.logged_twice import refuse
from tasks.further import OWN_ID

LARGEST = 2**31 - 1


def number_examples(tables: duckdb.DuckDBPyConnection, root: Path) -> set[str]:
    """Number the examples of every task densely, in the order of their ids; the tasks whose own ids must be kept.

    Ids that run from 0 without a gap are those numbers already. A task that the store has keeps the way it was taken
    in: earlier versions kept ids as they were. IngestError for ids that do not fit then, StoreError for others than
    those in the store.
    """
    held = _held_ids(tables, root)
    gaps = tables.execute(
        "SELECT DISTINCT task FROM (SELECT task FROM examples GROUP BY task, split HAVING max(example_id) >= count(*))"
    ).fetchall()
    renumbered = {str(row[0]) for row in gaps}
    for task, has_own_ids in held.items():
        (renumbered.add if has_own_ids else renumbered.discard)(task)
    tables.execute("CREATE TEMP TABLE renumbered AS SELECT unnest($tasks::VARCHAR[]) AS task", {"tasks": [*renumbered]})
    tables.execute(
        """CREATE TEMP TABLE numbers AS SELECT task, split, example_id,
               row_number() OVER (PARTITION BY task, split ORDER BY example_id) - 1 AS number
           FROM examples SEMI JOIN renumbered USING (task)"""
    )
    for table in ("examples", "predictions") if renumbered else ():
        tables.execute(
            f"""UPDATE {table} SET example_id = numbers.number FROM numbers
                WHERE {" AND ".join(f"{table}.{key} = numbers.{key}" for key in ("task", "split", "example_id"))}"""
        )
    refuse(
        tables,
        f"SELECT row, task, example_id FROM examples WHERE example_id > {LARGEST}",
        f"examples: the store has this task with ids as they are, up to {LARGEST}; use another store",
    )
    return renumbered


def _held_ids(tables: duckdb.DuckDBPyConnection, root: Path) -> dict[str, bool]:
    """Of each task that the store has, whether it keeps ids of the user's; refused where these are others."""
    held: dict[str, bool] = {}
    given = {str(row[0]) for row in tables.execute("SELECT DISTINCT task FROM examples").fetchall()}
    for task in given & reader.task_cards(root).keys() if root.exists() else ():
        known = reader.task_examples(root, task)
        held[task] = OWN_ID in known.column_names
        if not held[task]:
            continue
        tables.register("known", known.select(["split", OWN_ID]))
        (others,) = tables.execute(
            f"""SELECT count(*) FROM (SELECT split, example_id FROM examples WHERE task = $task
                EXCEPT SELECT split, TRY_CAST({OWN_ID} AS HUGEINT) FROM known)""",
            {"task": task},
        ).fetchall()[0]
        tables.unregister("known")
        if others:
            raise StoreError(
                f"{root} holds task '{task}' with other example ids ({others} of these are not among them); "
                "use another store, or another name for the task"
            )
    return held
