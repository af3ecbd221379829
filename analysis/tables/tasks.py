"""Tables: data of the tasks, Tables 2 and 7 of Tropeano et al. 2025."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analysis.results import Results, Row
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Table, Value
from tasks.base import SPLITS
from tasks.lengths import power_of_two, statistics, token_counts
from tasks.statistics import LENGTHS

HEADINGS: dict[str, str] = {
    **{split: split for split in SPLITS},
    "mean": "mean",
    "median": "median",
    "min": "shortest",
    "max": "longest",
    "std": "std",
    "p85": "85 %",
    "power_of_two": "power of two",
    "max_tokens": "max tokens",
    "classes": "classes",
    "kind": "kind",
}
"""A statistic, as `tasks.statistics` names it, and the heading of its column."""


def build(results: Results) -> Table:
    """Sizes of the splits, lengths in tokens, classes; no lengths where the store has no texts."""
    records = tuple(_record(results, row) for row in _tasks(results))
    return Table(
        name="tasks",
        title="Data sets",
        caption="Examples by split; then the length of the texts of all splits in tokens by torchtext's basic_english "
        "(a pair counts its separator), the length that 85 % do not exceed, the first power of two that leaves these "
        "whole, the length at which the models cut, and the classes.",
        keys=("task",),
        columns=tuple(HEADINGS.values()),
        parts=("",),
        lines=tuple(
            Line(
                keys=(row["task"],),
                values=tuple((_value(row[name]),) for name in HEADINGS),
            )
            for row in records
        ),
        legend={},
        records=records,
        views=("examples", "classes", "trials"),
    )


def _tasks(results: Results) -> list[Row]:
    return results.rows("""
        SELECT
            task,
            any_value(kind) AS kind,
            map_from_entries(list((split, examples))) AS sizes
        FROM (
            SELECT task, split, count(*) AS examples, any_value(k.kind) AS kind
            FROM examples JOIN internal.task AS k USING (task)
            WHERE task IN (SELECT task FROM trials) GROUP BY ALL ORDER BY ALL
        )
        GROUP BY task ORDER BY task""")


def _record(results: Results, row: Row) -> dict[str, Any]:
    task, sizes = row["task"], dict(row["sizes"])
    (classes,) = results.rows("SELECT count(*) AS classes FROM classes WHERE task = ?", task)
    cuts = results.rows(
        "SELECT DISTINCT (settings->>'max_tokens')::INTEGER AS cut FROM trials WHERE task = ? ORDER BY 1", task
    )
    return {
        "task": task,
        **{split: sizes.get(split, 0) for split in SPLITS},
        **_lengths(results, task),
        "max_tokens": next((cut["cut"] for cut in cuts), None),
        "classes": classes["classes"],
        "kind": row["kind"],
    }


def _lengths(results: Results, task: str) -> dict[str, float | None]:
    texts = results.connection.sql(
        "SELECT text, text_pair FROM examples WHERE task = ? AND text IS NOT NULL", params=[task]
    ).to_arrow_table()
    if not texts.num_rows:
        return dict.fromkeys([*LENGTHS, "power_of_two"])
    counts = token_counts(_without_empty_pair(texts))
    return {**statistics(counts), "power_of_two": power_of_two(counts)}


def _without_empty_pair(texts: pa.Table) -> pa.Table:
    paired = texts["text_pair"].null_count < texts.num_rows
    return texts if paired else texts.drop_columns(["text_pair"])


def _value(number: float | str | None) -> Value:
    if number is None:
        return MISSING
    if isinstance(number, str):
        return Value(number)
    return Value(f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}")
