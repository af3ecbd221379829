"""Users' tables of predictions and examples as DuckDB tables with checked columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from runner.store.answer_forms import read_answers, read_inputs
from runner.store.logged_twice import refuse
from tasks.base import TaskError
from tasks.cells import Cells, fractions, whole_numbers, words
from tasks.further import further_columns
from tasks.kinds import KINDS
from tasks.kinds.base import Kind
from tasks.spelling import respelled
from tasks.tabular import columns_of, read_columns, require_columns


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
INPUTS: dict[str, str] = {"text": "VARCHAR", "words": "VARCHAR[]", "text_pair": "VARCHAR"}
"""Columns of examples that networks read, with their types."""


class TableError(ValueError):
    """A table whose columns or cells are not what was asked for."""

    exit_status = 2


def read_table(
    tables: duckdb.DuckDBPyConnection, name: str, path: Path, types: Mapping[str, str], answers: Mapping[str, str]
) -> None:
    """Create the table `name` from a file: `types` columns, answers as text or numbers, text, and a row number.

    answers: the file's name of each kind's answers. Adds what of them, and of INPUTS, the file lacks (NULL), for
    classes label_index and so on (NULL), written_id, the example_id as the user wrote it, and row, the 1-based number
    of the data row. An empty cell is NULL, and in labels the empty set. Raises TableError or TaskError, which names
    the row of a cell that is of another kind.
    """
    require_columns(path, list(types))
    present = columns_of(path)
    optional = [column for column in dict.fromkeys((*answers.values(), *INPUTS)) if column in present]
    if not {*answers.values()} & set(optional):
        raise TableError(f"{path}: has none of the columns {', '.join(answers.values())}; it has {', '.join(present)}")
    given = read_columns(path, [*types, *optional])
    columns = {column: Cells.of(given[column], str(path), column) for column in given.column_names}
    found = read_answers(columns, answers, given.num_rows)
    read = {column: READERS[kind](columns[column]) for column, kind in types.items()}
    read |= found | read_inputs(columns, found)
    if "text" in columns:
        read["text"] = words(columns["text"])
    tables.register("given", pa.table(read))
    cells = {column: f"nullif({column}, '')" if kind == "VARCHAR" else column for column, kind in types.items()}
    selected = [f"CAST({cells[column]} AS {kind}) AS {column}" for column, kind in types.items()]
    selected += ["CAST(example_id AS VARCHAR) AS written_id", *_selected(read)]
    try:
        tables.execute(f"CREATE TABLE {name} AS SELECT row_number() OVER () AS row, {', '.join(selected)} FROM given")
    except duckdb.Error as error:
        raise TableError(f"{path}: {str(error).splitlines()[0]}") from None
    finally:
        tables.unregister("given")


def _selected(read: Collection[str]) -> Iterator[str]:
    """The columns of answers and inputs, with those of classes as indices, to be filled; null where the file has none.

    A row that has a label has no labels, be it that an empty cell is the empty set.
    """
    for kind in KINDS.values():
        given = kind.answer if kind.answer in read else "NULL"
        if kind.ballot == "set" and given != "NULL" and "label" in read:
            given = f"CASE WHEN label IS NULL THEN {kind.answer} END"
        if kind.has_classes:
            lists = "[]" if pa.types.is_list(kind.answer_type) else ""
            yield f"{given}::VARCHAR{lists} AS {kind.answer}"
            yield f"NULL::SMALLINT{lists} AS {kind.answer}_index"
        else:
            yield f"{given} AS {kind.answer}"
    for column, kind_of_cells in INPUTS.items():
        yield f"{column if column in read else 'NULL'}::{kind_of_cells} AS {column}"


def further_of(path: Path, known: Collection[str]) -> pa.Table:
    """The columns of a file beside the known ones, by row, as they are kept with the examples."""
    names = [name for name in columns_of(path) if name not in known and columns_of(path).count(name) == 1]
    table = read_columns(path, names) if names else pa.table({})
    kept, _ = further_columns({"test": table}, None)
    return pa.table(kept["test"])


def each_name(kind: Kind) -> str:
    """SQL for the names of the classes that a row answers, one a row."""
    return f"unnest({kind.answer})" if pa.types.is_list(kind.answer_type) else kind.answer


def label_names(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind) -> tuple[str, ...]:
    """All labels of a task in both tables, sorted; as numbers where all are whole numbers."""
    names = _written(tables, task, kind)
    try:
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    except ValueError:
        return tuple(sorted(names))


def respell(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind, known: Sequence[str]) -> None:
    """Give labels of a task that are one number or truth value one spelling in both tables; that of a known class."""
    changed = respelled(_written(tables, task, kind), known)
    spelling = "coalesce($classes[list_position($written, {name})], {name})"
    column, value = (
        (kind.answer, f"[{spelling.format(name='name')} FOR name IN {kind.answer}]")
        if pa.types.is_list(kind.answer_type)
        else (kind.answer, spelling.format(name=kind.answer))
    )
    for table in ("examples", "predictions") if changed else ():
        tables.execute(
            f"UPDATE {table} SET {column} = {value} WHERE task = $task",
            {"task": task, "written": [*changed], "classes": [*changed.values()]},
        )


def refuse_other_case(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind, known: Sequence[str]) -> None:
    """IngestError for an answer that is no label of the examples but for upper and lower case: it is never right."""
    column = each_name(kind)
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


def _written(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind) -> list[str]:
    column = each_name(kind)
    query = " UNION ".join(
        f"SELECT {column} AS name FROM {table} WHERE task = $task" for table in ("examples", "predictions")
    )
    return [str(row[0]) for row in tables.execute(query, {"task": task}).fetchall()]
