"""Table: who is right where votes differ, in the shape of Table 10 of Tropeano et al. 2025."""

from __future__ import annotations

from analysis.results import Results, Row, cell
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities, told
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {
    "better": "the pruned models are better on these PIEs than the dense ones",
    "best": "higher on PIEs than the same models on all examples, by the same estimator",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """Effectiveness of the pruned and of the dense models on PIEs, by both estimators."""
    rows = [row for row in results.accuracy_on_pies if row["subset"] == "pies"]
    everywhere = {_key(row): row for row in results.accuracy_on_pies if row["subset"] == "all"}
    columns, keys = sparsities(rows), key_columns(rows, "metric", "estimator")

    def value(row: Row) -> tuple[Value, ...]:
        return tuple(_side(row, everywhere[_key(row)], side, results) for side in ("pruned", "dense"))

    return Table(
        name="effectiveness_on_pies",
        title="Effectiveness on the examples that pruning breaks",
        caption="The headline metric on PIEs of the pruned and of the dense models, by "
        "sparsity. majority-vote: of the votes; seed-mean: mean over seeds. PIEs are chosen by the very seeds that "
        "are scored: with two classes the accuracies of the two votes add up to 1 whatever pruning does, and both are "
        f"low. The table held_out_pies has the comparison that means something. {told(results.seeds)}",
        keys=keys,
        columns=headings(columns),
        parts=("pruned", "dense"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(results.accuracy_on_pies),
        views=("accuracy_on_pies",),
    )


def _key(row: Row) -> tuple[object, ...]:
    return (*cell(row), row["split"], row["estimator"])


def _side(row: Row, everywhere: Row, side: str, results: Results) -> Value:
    if row[side] is None:
        return MISSING
    marks: set[Mark] = set()
    if side == "pruned" and row["dense"] is not None and row["pruned"] > row["dense"]:
        marks.add("better")
    if everywhere[side] is not None and row[side] > everywhere[side]:
        marks.add("best")
    if results.is_incomplete(row):
        marks.add("incomplete")
    return Value(f"{row[side]:.3f}", frozenset(marks))
