"""Users' tables of predictions and examples as DuckDB tables with checked columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from tasks.tabular import columns_of, read_columns, require_columns


class TableError(ValueError):
    """A table whose columns or cells are not what was asked for."""


def read_table(tables: duckdb.DuckDBPyConnection, name: str, path: Path, types: Mapping[str, str]) -> None:
    """Create the table `name` from a file: `types` columns cast, label and labels as text, text, and a row number.

    Adds the columns label, labels, text where the file lacks them (NULL), label_index and labels_index (NULL),
    and row, the 1-based number of the data row. An empty CSV cell is NULL. Raises TableError or TaskError.
    """
    require_columns(path, list(types))
    optional = [column for column in ("label", "labels", "text") if column in columns_of(path)]
    if not {"label", "labels"} & set(optional):
        raise TableError(f"{path}: has neither a column label nor labels; it has {', '.join(columns_of(path))}")
    tables.register("given", read_columns(path, [*types, *optional]))
    kinds = {str(row[0]): str(row[1]) for row in tables.execute("DESCRIBE given").fetchall()}
    cells = {column: f"nullif({column}, '')" if kind == "VARCHAR" else column for column, kind in kinds.items()}
    selected = [f"CAST({cells[column]} AS {kind}) AS {column}" for column, kind in types.items()]
    selected += [_label(kinds, cells), _labels(kinds)]
    selected.append("CAST(text AS VARCHAR) AS text" if "text" in kinds else "NULL::VARCHAR AS text")
    selected += ["NULL::SMALLINT AS label_index", "NULL::SMALLINT[] AS labels_index"]
    try:
        tables.execute(f"CREATE TABLE {name} AS SELECT row_number() OVER () AS row, {', '.join(selected)} FROM given")
    except duckdb.Error as error:
        raise TableError(f"{path}: {str(error).splitlines()[0]}") from None
    finally:
        tables.unregister("given")


def label_names(tables: duckdb.DuckDBPyConnection, task: str, is_multi: bool) -> tuple[str, ...]:
    """All labels of a task in both tables, sorted; as numbers where all are whole numbers."""
    column = "unnest(labels)" if is_multi else "label"
    query = " UNION ".join(
        f"SELECT {column} AS name FROM {table} WHERE task = $task" for table in ("examples", "predictions")
    )
    names = [str(row[0]) for row in tables.execute(query, {"task": task}).fetchall()]
    try:
        return tuple(sorted(names, key=int))
    except ValueError:
        return tuple(sorted(names))


def _label(kinds: Mapping[str, str], cells: Mapping[str, str]) -> str:
    """Labels are names; a float column of whole numbers (a pandas habit) gives '1', not '1.0'."""
    if "label" not in kinds:
        return "NULL::VARCHAR AS label"
    is_float = kinds["label"] in ("DOUBLE", "FLOAT")
    return f"CAST({'CAST(label AS BIGINT)' if is_float else cells['label']} AS VARCHAR) AS label"


def _labels(kinds: Mapping[str, str]) -> str:
    """A list column as it is; text as a bracketed list or separated by '|'; empty is the empty set."""
    kind = kinds.get("labels")
    if kind is None:
        return "NULL::VARCHAR[] AS labels"
    if kind.endswith("[]"):
        found = "CAST(labels AS VARCHAR[])"
    else:
        inner = "CASE WHEN labels[1] = '[' THEN replace(trim(labels, '[] '), ',', '|') ELSE labels END"
        found = f"""[trim(name, ' ''"') FOR name IN string_split({inner}, '|') IF trim(name, ' ''"') <> '']"""
    present = f"coalesce({found}, [])"
    has_label = "nullif(CAST(label AS VARCHAR), '') IS NULL"
    return f"{f'CASE WHEN {has_label} THEN {present} END' if 'label' in kinds else present} AS labels"
