"""Find the column in which a task's examples say how much people disagreed on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.committed_files import address
from analysis.relations.snapshot import Snapshot
from tasks import TASKS

COLUMN = "human_disagreement"
"""The column of a task that is not registered: a user's own, or one whose predictions were ingested."""


def human_rows(snapshot: Snapshot, files: CheckedFiles, paths: Iterable[str]) -> Iterator[str]:
    """One SELECT for each task that has such a column; `paths` are the files of examples, in the order of the tasks."""
    for number, (task, path) in enumerate(zip(snapshot.tasks, paths, strict=True)):
        with files.open(path) as file:
            column = disagreement_column(task, pq.read_schema(file))
        if column:
            chosen = f'{number}::SMALLINT, split, example_id, "{column}"::DOUBLE'
            yield f'SELECT {chosen} FROM read_parquet([{address(path)}]) WHERE isfinite("{column}"::DOUBLE)'


def disagreement_column(task: str, examples: pa.Schema) -> str | None:
    """The numeric column of a task's examples that says how much people disagreed; None if there is none."""
    registered = TASKS.get(task)
    name = (registered.disagreement if registered else None) or COLUMN
    if name not in examples.names:
        return None
    kind = examples.field(name).type
    return name if pa.types.is_integer(kind) or pa.types.is_floating(kind) else None
