"""Table: who is right on PIEs that other seeds find, and on what dense models alone dispute."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {
    "better": "pruned models are better on these PIEs than dense ones, by more than the interval",
    "worst": "worse, by more than the interval",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """Effectiveness of both sides on held-out PIEs, their difference, and that on the dense models' own disputes."""
    rows = [row for row in results.survey.held_out if row["pruned"] is not None]
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
        reference = row["reference_difference"]
        return (
            Value(f"{row['pruned']:.3f}", frozenset(marks)),
            Value(f"{row['dense']:.3f}", frozenset(marks)),
            Value(_difference(row), frozenset(marks | _mark(row))),
            MISSING if reference is None else Value(f"{reference:+.3f}", frozenset(marks)),
        )

    return Table(
        name="held_out_pies",
        title="Who is right on PIEs that other seeds find",
        caption="Accuracy (single-label), macro-F1 (multi-label) or the headline (tags, spans) of pruned and of dense "
        "models on the examples that "
        "half of the seeds vote differently on, scored by the other seeds, mean over splits; difference: pruned less "
        "dense, with its 95 % interval over seeds (exploratory, none below five seeds), 0 on average if pruning does "
        "nothing. Disputed: the same difference on the examples that two sets of dense seeds vote differently on, "
        "scored by a third: what is merely hard to decide. On PIEs chosen and scored by the same seeds (the table "
        "effectiveness_on_pies) any two sides look bad. "
        f"{results.longer_training}".rstrip(),
        keys=keys,
        columns=headings(columns),
        parts=("pruned", "dense", "difference", "disputed"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(results.survey.held_out),
        views=("predictions", "examples"),
    )


def _difference(row: Row) -> str:
    interval = "" if row["low"] is None else f" ({row['low']:+.3f} to {row['high']:+.3f})"
    return f"{row['difference']:+.3f}{interval}"


def _mark(row: Row) -> set[Mark]:
    if row["low"] is None or row["low"] <= 0 <= row["high"]:
        return set()
    return {"better" if row["low"] > 0 else "worst"}
