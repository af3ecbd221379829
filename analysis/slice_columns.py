"""The columns of examples by which a store is sliced, one row an example and column: whatever type each has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.committed_files import address
from analysis.relations.snapshot import Snapshot
from runner.store.schema import TaskCard
from tasks.columns import IMAGES, KEYS, TEXTS, VIEWED_GOLD
from tasks.further import OWN_ID

COLUMNS = "task_no, split, example_id, feature, value, number"
NO_SLICES = "SELECT 0::SMALLINT, ''::VARCHAR, 0::INTEGER, ''::VARCHAR, ''::VARCHAR, 0::DOUBLE WHERE false"
EACH_ITS_OWN = {"task", "task_no", "trial_id", OWN_ID, *KEYS, *TEXTS, *IMAGES}
"""Columns in which every example has a value of its own, or that are no column of the view examples, in lower case."""


def slice_rows(snapshot: Snapshot, files: CheckedFiles, paths: Iterable[str]) -> Iterator[str]:
    """One SELECT for each task and column; `paths` are the files of examples, in the order of the tasks.

    value: what the example has there, as text, null where it has nothing. number: the same where the column is of
    numbers. A label is one more column; of several labels each gives a row.
    """
    for number, (card, path) in enumerate(zip(snapshot.tasks.values(), paths, strict=True)):
        with files.open(path) as file:
            schema = pq.read_schema(file)
        for field in schema:
            if (chosen := _chosen(field, card)) is not None:
                name = field.name.replace("'", "''")
                fixed = f"{number}::SMALLINT, split, example_id, '{name}'"
                yield f"SELECT {fixed}, {chosen} FROM read_parquet([{address(path)}])"


def _chosen(field: pa.Field, card: TaskCard) -> str | None:
    """Value and number of a column, as SQL; None for one that slices nothing."""
    quoted = '"' + field.name.replace('"', '""') + '"'
    if field.name in VIEWED_GOLD:
        named = ", ".join("'" + name.replace("'", "''") + "'" for name in card.classes)
        class_index = f"unnest({quoted})" if pa.types.is_list(field.type) else quoted
        return f"([{named}])[{class_index} + 1], NULL::DOUBLE"
    if field.name.lower() in EACH_ITS_OWN or pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
        return None
    is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
    number = f"if(isfinite({quoted}::DOUBLE), {quoted}::DOUBLE, NULL)" if is_number else "NULL::DOUBLE"
    return f"{quoted}::VARCHAR, {number}"
