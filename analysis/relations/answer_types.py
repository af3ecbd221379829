"""Write the answers of a kind in SQL."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from runner.store.schema import TaskCard
from tasks.kinds.base import Kind

SQL_TYPES = {
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
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


def _tags(card: TaskCard) -> dict[str, str]:
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in card.classes)
    return {
        "words": "words",
        "gold_tags": f"list_transform(gold_tags, lambda tag_index: [{names}][tag_index + 1])",
    }


def _spans(card: TaskCard) -> dict[str, str]:
    del card
    texts = "list_transform(gold_spans, lambda one: internal.span_text(text_pair, one))"
    return {"gold_spans": "gold_spans", "gold_answers": texts}


def _texts(card: TaskCard) -> dict[str, str]:
    del card
    return {"gold_texts": "gold_texts"}


SHOWN: dict[str, Callable[[TaskCard], dict[str, str]]] = {"tagging": _tags, "span": _spans, "generation": _texts}
"""Kind -> what the view of examples shows of its tasks besides what it has of all: column -> SQL."""


def shown_columns(card: TaskCard) -> dict[str, str]:
    """The columns of a task's examples that its kind alone has, as the view of examples shows them."""
    return SHOWN[card.kind](card) if card.kind in SHOWN else {}
