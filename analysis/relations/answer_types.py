"""Write the answers of a kind in SQL."""

from __future__ import annotations

import pyarrow as pa

from tasks.kinds.base import Kind

SQL_TYPES = {
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.float32(): "FLOAT",
    pa.bool_(): "BOOLEAN",
    pa.string(): "VARCHAR",
}


def sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type."""
    return f"{sql_type(kind.value_type)}[]" if pa.types.is_list(kind) else SQL_TYPES[kind]


def as_vote(kind: Kind) -> str:
    """An answer of the kind in the form that the votes of a store have."""
    shape = "vote_of_many" if pa.types.is_list(kind.answer_type) else "vote_of_one"
    return f"internal.{shape}({kind.answer})"


def gold_view(name: str) -> str:
    """The view of a gold column."""
    return name if name.endswith("s") else f"{name}s"
