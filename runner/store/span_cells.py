"""Spans of passages in users' tables: read from their cells, and refused where they are no part of their passage."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from runner.store.list_cells import filled_lists
from runner.store.logged_twice import refuse
from tasks.cells import Cells, is_text
from tasks.passages import LONGEST
from tasks.questions import GOLD


def places(cells: Cells) -> pa.Array:
    """Where an answer begins in its passage and where it has ended: lists of two whole numbers."""
    found = filled_lists(cells)
    is_pair = pc.equal(pc.list_value_length(found), 2)
    cells.refuse(pc.fill_null(pc.invert(is_pair), False), "holds {value}; a span is a list of two characters, [12, 27]")
    return _numbers(cells, found)


def many_places(cells: Cells) -> pa.Array:
    """A list of such lists; in text as JSON writes it."""
    values = cells.values
    if is_text(values.type):
        return pa.array([_read(cells, row, text) for row, text in enumerate(values.to_pylist())], GOLD)
    try:
        return values.cast(GOLD)
    except pa.ArrowException:
        cells.refuse_kind("gold spans are lists of spans, each a list of two characters: [[12, 27]]")
        return pa.nulls(len(values), GOLD)


def _read(cells: Cells, row: int, text: str | None) -> list[list[int]] | None:
    if not text:
        return None
    try:
        found = json.loads(text)
        pa.array([found], GOLD)
    except (ValueError, RecursionError, pa.ArrowException):
        is_it = pa.array(np.arange(len(cells.values)) == row)
        cells.refuse(is_it, "holds {value}; gold spans are lists of spans, each a list of two characters: [[12, 27]]")
        raise
    return found  # type: ignore[no-any-return]


def _numbers(cells: Cells, lists: pa.Array) -> pa.Array:
    """Lists of whole numbers that 16 bits hold."""
    flat = lists.flatten()
    is_number = pc.match_substring_regex(flat, r"^\d{1,5}$")
    rows = pc.unique(pc.list_parent_indices(lists).filter(pc.invert(is_number)))
    cells.refuse(pc.is_in(pa.array(range(len(lists))), rows), "holds {value}; a span is a list of two characters")
    values = flat.cast(pa.int32())
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=pc.is_null(lists))


def refuse_other_spans(tables: duckdb.DuckDBPyConnection, task: str) -> None:
    """Refuse passages that are missing or too long, and spans that are no part of them."""
    said = f"of task '{task}'"
    refuse(
        tables,
        f"""SELECT row, length(text_pair) AS characters FROM examples
           WHERE task = $task AND (text_pair IS NULL OR text IS NULL OR length(text_pair) > {LONGEST})""",
        f"examples: every row {said} needs text, its question, and text_pair, of {LONGEST} characters at most",
        {"task": task},
    )
    for table, rows in (
        ("examples", "SELECT row, unnest(span) AS span, length(text_pair) AS characters FROM examples"),
        (
            "predictions",
            """SELECT p.row, p.task, p.span, length(e.text_pair) AS characters
               FROM predictions AS p JOIN examples AS e USING (task, split, example_id)""",
        ),
    ):
        refuse(
            tables,
            f"""SELECT row, span, characters FROM ({rows} WHERE task = $task)
                WHERE len(span) IS DISTINCT FROM 2
                OR NOT (span[1] >= 0 AND span[1] <= span[2] AND span[2] <= characters)""",
            f"{table}: a span {said} is where the answer begins in text_pair and where it has ended, counted from 0",
            {"task": task},
        )
    refuse(
        tables,
        "SELECT row FROM examples WHERE task = $task AND len(span) = 0",
        f"examples: every row {said} needs a gold span",
        {"task": task},
    )
