"""The scores that a store keeps, as DuckDB reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analysis.relations.committed_files import address
from analysis.relations.snapshot import Snapshot
from runner.store.readability import FIELDS, kept

COLUMNS = ", ".join(("task_no", *FIELDS))
SQL_TYPES = {"string": "VARCHAR", "int32": "INTEGER", "double": "DOUBLE"}
NO_SCORES = f"SELECT 0::SMALLINT, {', '.join(f'NULL::{SQL_TYPES[str(kind)]}' for kind in FIELDS.values())} WHERE false"

Files = Mapping[str, list[str]]


def score_files(snapshot: Snapshot) -> Files:
    """Task -> its files of scores, relative to the store."""
    found: dict[str, list[str]] = {task: [] for task in snapshot.tasks}
    for (task, _), path in kept(snapshot.root).items():
        found[task].append(path.relative_to(snapshot.root).as_posix())
    return found


def score_rows(files: Files) -> Iterator[str]:
    """One SELECT for each task whose texts were scored; its columns are COLUMNS."""
    for number, paths in enumerate(files.values()):
        if paths:
            chosen = ", ".join(address(path) for path in paths)
            yield f"SELECT {number}::SMALLINT, {', '.join(FIELDS)} FROM read_parquet([{chosen}])"
