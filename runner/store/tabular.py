"""Reading users' tables (Parquet, CSV, TSV, JSONL) into DuckDB with checked columns."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import duckdb

READERS = {
    ".parquet": "read_parquet(?)",
    ".csv": "read_csv(?, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')",
    ".tsv": "read_csv(?, all_varchar = true, header = true, delim = '\t', quote = '\"', escape = '\"')",
    ".jsonl": "read_json(?, format = 'newline_delimited')",
}
"""Extension (optionally followed by .gz) -> DuckDB table function. CSV cells stay text: a label '007' is no number."""


class TableError(ValueError):
    """A file that is missing, of an unknown type, or lacks a column."""


def read_table(tables: duckdb.DuckDBPyConnection, name: str, path: Path, types: Mapping[str, str]) -> None:
    """Create the table `name` from a file: `types` columns cast, label and labels as text, text, and a row number.

    Adds the columns label, labels, text where the file lacks them (NULL), label_index and labels_index (NULL),
    and row, the 1-based number of the data row. Raises TableError.
    """
    source = _source(path)
    try:
        found = tables.execute(f"DESCRIBE SELECT * FROM {source}", [str(path)]).fetchall()
    except duckdb.Error as error:
        raise TableError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    columns = {str(column[0]): str(column[1]) for column in found}
    for required in types:
        if required not in columns:
            raise TableError(f"{path}: has no column '{required}'{_nearest(required, columns)}; it has {list(columns)}")
    if not {"label", "labels"} & columns.keys():
        raise TableError(f"{path}: has neither a column label nor labels; it has {list(columns)}")
    selected = [f"CAST({column} AS {kind}) AS {column}" for column, kind in types.items()]
    selected += [_label(columns), _labels(columns)]
    selected.append("CAST(text AS VARCHAR) AS text" if "text" in columns else "NULL::VARCHAR AS text")
    selected += ["NULL::SMALLINT AS label_index", "NULL::SMALLINT[] AS labels_index"]
    try:
        tables.execute(
            f"CREATE TABLE {name} AS SELECT row_number() OVER () AS row, {', '.join(selected)} FROM {source}",
            [str(path)],
        )
    except duckdb.Error as error:
        raise TableError(f"{path}: {str(error).splitlines()[0]}") from None


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


def _source(path: Path) -> str:
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix not in READERS:
        raise TableError(
            f"{path}: unknown type '{suffix}'; allowed are {', '.join(READERS)}, and .gz behind the text ones"
        )
    return READERS[suffix]


def _label(columns: Mapping[str, str]) -> str:
    """Labels are names; a float column of whole numbers (a pandas habit) gives '1', not '1.0'."""
    kind = columns.get("label")
    if kind is None:
        return "NULL::VARCHAR AS label"
    return f"CAST({'CAST(label AS BIGINT)' if kind in ('DOUBLE', 'FLOAT') else 'label'} AS VARCHAR) AS label"


def _labels(columns: Mapping[str, str]) -> str:
    """A list column as it is; text as a bracketed list or separated by '|'; empty is the empty set."""
    kind = columns.get("labels")
    if kind is None:
        return "NULL::VARCHAR[] AS labels"
    if kind.endswith("[]"):
        found = "CAST(labels AS VARCHAR[])"
    else:
        inner = "CASE WHEN labels[1] = '[' THEN replace(trim(labels, '[] '), ',', '|') ELSE labels END"
        found = f"""[trim(name, ' ''"') FOR name IN string_split({inner}, '|') IF trim(name, ' ''"') <> '']"""
    present = f"coalesce({found}, [])"
    return f"{f'CASE WHEN label IS NULL THEN {present} END' if 'label' in columns else present} AS labels"


def _nearest(name: str, allowed: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(name, list(allowed), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
