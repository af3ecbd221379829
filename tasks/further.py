"""Columns of a user's data beside texts and answers, kept with the examples: groups, sources, ratings, own ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import Split
from tasks.cells import Cells, class_names, is_text
from tasks.columns import RESERVED

OWN_ID = "source_id"
"""The column of the examples that keeps the user's own id, as text."""
TAKEN = frozenset({"task", "task_no", "trial_id", OWN_ID}) | RESERVED
"""Names that examples and views have of their own; a column of such a name is kept as own_<name>."""
NUMBERS = r"^[+-]?(0|[1-9]\d{0,14})(\.\d{1,15})?$"
"""Numbers that come back as they were written: no leading zeros, and digits that a double holds."""

Kept = dict[str, Any]


def further_columns(
    tables: Mapping[Split, pa.Table], own_id: str | None, taken_too: frozenset[str] = frozenset()
) -> tuple[dict[Split, Kept], list[str]]:
    """The columns of every split that are kept, under the same names and types in all of them, and what is not kept.

    Text, whole numbers, numbers and truth values stay what they are; a column of text that holds numbers alone is
    numbers (empty cells are null); dates are text. Columns of lists, objects or bytes are left out.
    """
    kept: dict[Split, Kept] = {split: {} for split in tables}
    doubts: list[str] = []
    taken = {*TAKEN, *taken_too}
    for name in dict.fromkeys(name for table in tables.values() for name in table.column_names):
        if name == own_id:
            for split, table in tables.items():
                ids = class_names(Cells.of(table[name], split, name))
                kept[split][OWN_ID] = ids
                repeated = len(ids) - ids.null_count - pc.count_distinct(ids).as_py()
                if repeated or ids.null_count:
                    doubts.append(f"{split}: {repeated} ids in '{name}' stand there before, {ids.null_count} are empty")
            continue
        columns = {split: _plain(table[name]) for split, table in tables.items() if name in table.column_names}
        if any(column is None for column in columns.values()):
            doubts.append(f"column '{name}' is not kept with the examples: it holds lists, objects or bytes")
            continue
        named = _free_name(name, taken)
        kind = _common(list(columns.values()))
        for split, table in tables.items():
            values = columns.get(split)
            kept[split][named] = pa.nulls(table.num_rows, kind) if values is None else _as(values, kind)
    return kept, doubts


def _free_name(name: str, taken: set[str]) -> str:
    """The name, or own_<name> where it is taken; SQL does not tell upper from lower case."""
    free = name.strip() or "unnamed"
    while free.lower() in taken:
        free = f"own_{free}"
    taken.add(free.lower())
    return free


def _plain(column: pa.ChunkedArray) -> pa.Array | None:
    """A column as text, int64, double or truth values; None for what is none of them."""
    values = Cells.of(column, "", "").values
    kind = values.type
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return values
    if pa.types.is_floating(kind):
        return values.cast(pa.float64())
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return values.cast(pa.int64())
    if is_text(kind) or pa.types.is_temporal(kind) or pa.types.is_decimal(kind) or kind == pa.uint64():
        return values.cast(pa.string())
    return None


def _common(columns: list[pa.Array]) -> pa.DataType:
    kinds = {column.type for column in columns} - {pa.null()}
    if kinds == {pa.string()}:
        texts = pa.chunked_array([column.cast(pa.string()) for column in columns])
        filled = texts.filter(pc.fill_null(pc.not_equal(texts, ""), False))
        if len(filled) and pc.all(pc.match_substring_regex(filled, NUMBERS)).as_py():
            return pa.float64() if pc.any(pc.match_substring(filled, ".")).as_py() else pa.int64()
        return pa.string()
    if len(kinds) == 1:
        return kinds.pop()
    return pa.float64() if kinds == {pa.int64(), pa.float64()} else pa.string()


def _as(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if is_text(values.type) and kind != pa.string():
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
        return pc.replace_substring_regex(values, r"^\+", "").cast(kind)
    return values.cast(kind)
