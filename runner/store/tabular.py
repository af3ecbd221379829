"""Users' tables of predictions and examples as DuckDB tables with checked columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from runner.store.logged_twice import refuse
from tasks.base import TaskError
from tasks.cells import Cells, class_lists, class_names, fractions, whole_numbers, words
from tasks.further import further_columns
from tasks.spelling import respelled
from tasks.tabular import columns_of, read_columns, require_columns
from tasks.values import numbers


def ids(cells: Cells) -> pa.Array:
    """Whole numbers that name examples; TaskError says what to do with ids that are none."""
    try:
        return whole_numbers(cells)
    except TaskError as error:
        raise TaskError(
            f"{error}; number the examples, and keep ids of another kind in a further column of the examples"
        ) from None


READERS: dict[str, Callable[[Cells], pa.Array]] = {
    "VARCHAR": words,
    "DOUBLE": fractions,
    "BIGINT": whole_numbers,
    "HUGEINT": ids,
}
SEPARATOR = "|"


class TableError(ValueError):
    """A table whose columns or cells are not what was asked for."""

    exit_status = 2


def read_table(
    tables: duckdb.DuckDBPyConnection, name: str, path: Path, types: Mapping[str, str], answers: Mapping[str, str]
) -> None:
    """Create the table `name` from a file: `types` columns, answers as text or numbers, text, and a row number.

    answers: the file's name of each of label, labels and value. Adds what of them, and of text, the file lacks (NULL),
    label_index and labels_index (NULL), written_id, the example_id as the user wrote it, and row, the 1-based number of
    the data row. An empty cell is NULL, and in labels the empty set. Raises TableError or TaskError, which names the
    row of a cell that is of another kind.
    """
    require_columns(path, list(types))
    optional = [column for column in (*answers.values(), "text") if column in columns_of(path)]
    if not {*answers.values()} & set(optional):
        names = " nor ".join(answers.values())
        raise TableError(f"{path}: has neither a column {names}; it has {', '.join(columns_of(path))}")
    given = read_columns(path, [*types, *optional])
    columns = {column: Cells.of(given[column], str(path), column) for column in given.column_names}
    read = {column: READERS[kind](columns[column]) for column, kind in types.items()}
    missing = pa.nulls(given.num_rows, pa.string())
    read["label"] = class_names(columns["label"]) if "label" in columns else missing
    read["labels"] = (
        class_lists(columns["labels"], SEPARATOR, is_marked=False)
        if "labels" in columns
        else pa.nulls(given.num_rows, pa.list_(pa.string()))
    )
    read["value"] = _values(columns.get(answers["value"]), read["label"], read["labels"])
    read["text"] = words(columns["text"]) if "text" in columns else missing
    tables.register("given", pa.table(read))
    cells = {column: f"nullif({column}, '')" if kind == "VARCHAR" else column for column, kind in types.items()}
    selected = [f"CAST({cells[column]} AS {kind}) AS {column}" for column, kind in types.items()]
    selected += ["CAST(example_id AS VARCHAR) AS written_id", "label", _LABELS, "value", "text"]
    selected += ["NULL::SMALLINT AS label_index", "NULL::SMALLINT[] AS labels_index"]
    try:
        tables.execute(f"CREATE TABLE {name} AS SELECT row_number() OVER () AS row, {', '.join(selected)} FROM given")
    except duckdb.Error as error:
        raise TableError(f"{path}: {str(error).splitlines()[0]}") from None
    finally:
        tables.unregister("given")


_LABELS = "CASE WHEN label IS NULL THEN labels END AS labels"
"""A row that has a label has no labels, be it that an empty cell is the empty set."""


def _values(cells: Cells | None, label: pa.Array, labels: pa.Array) -> pa.Array:
    """The numbers of rows that name no class; what a column of that name holds beside classes is not read."""
    if cells is None:
        return pa.nulls(len(label), pa.float32())
    unread = pc.or_(pc.is_valid(label), pc.fill_null(pc.greater(pc.list_value_length(labels), 0), False))
    values = cells.values
    if pa.types.is_floating(values.type):
        unread = pc.or_(unread, pc.fill_null(pc.is_nan(values), False))  # as pandas writes what is missing
    return numbers(replace(cells, values=pc.if_else(unread, pa.scalar(None, values.type), values)))


def further_of(path: Path, known: Collection[str]) -> pa.Table:
    """The columns of a file beside the known ones, by row, as they are kept with the examples."""
    names = [name for name in columns_of(path) if name not in known and columns_of(path).count(name) == 1]
    table = read_columns(path, names) if names else pa.table({})
    kept, _ = further_columns({"test": table}, None)
    return pa.table(kept["test"])


def label_names(tables: duckdb.DuckDBPyConnection, task: str, is_multi: bool) -> tuple[str, ...]:
    """All labels of a task in both tables, sorted; as numbers where all are whole numbers."""
    names = _written(tables, task, is_multi)
    try:
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    except ValueError:
        return tuple(sorted(names))


def respell(tables: duckdb.DuckDBPyConnection, task: str, is_multi: bool, known: Sequence[str]) -> None:
    """Give labels of a task that are one number or truth value one spelling in both tables; that of a known class."""
    changed = respelled(_written(tables, task, is_multi), known)
    spelling = "coalesce($classes[list_position($written, {name})], {name})"
    column, value = (
        ("labels", f"[{spelling.format(name='name')} FOR name IN labels]")
        if is_multi
        else ("label", spelling.format(name="label"))
    )
    for table in ("examples", "predictions") if changed else ():
        tables.execute(
            f"UPDATE {table} SET {column} = {value} WHERE task = $task",
            {"task": task, "written": [*changed], "classes": [*changed.values()]},
        )


def refuse_other_case(tables: duckdb.DuckDBPyConnection, task: str, is_multi: bool, known: Sequence[str]) -> None:
    """IngestError for an answer that is no label of the examples but for upper and lower case: it is never right."""
    column = "unnest(labels)" if is_multi else "label"
    refuse(
        tables,
        f"""WITH gold AS (SELECT DISTINCT {column} AS label FROM examples WHERE task = $task),
            answers AS (SELECT row, {column} AS label FROM predictions WHERE task = $task)
            SELECT a.row, a.label AS predicted, g.label AS gold
            FROM answers a JOIN gold g ON lower(a.label) = lower(g.label)
            WHERE a.label NOT IN (SELECT label FROM gold) AND NOT list_contains($known::VARCHAR[], a.label)
            ORDER BY ALL""",
        f"predictions: labels of '{task}' that differ from the examples' in upper and lower case; write both alike",
        {"task": task, "known": list(known)},
    )


def _written(tables: duckdb.DuckDBPyConnection, task: str, is_multi: bool) -> list[str]:
    column = "unnest(labels)" if is_multi else "label"
    query = " UNION ".join(
        f"SELECT {column} AS name FROM {table} WHERE task = $task" for table in ("examples", "predictions")
    )
    return [str(row[0]) for row in tables.execute(query, {"task": task}).fetchall()]
