"""Table: how many examples are PIEs, in the shape of Table 4 of Tropeano et al. 2025."""

from __future__ import annotations

from analysis.results import Results, Row, cell
from analysis.tables.layout import MISSING, extremes, headings, key_columns, lines, sparsities, told
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {
    "best": "the most effective method at this sparsity",
    "worst": "the least effective one",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """Percentage of examples that are PIEs, per model and method, by sparsity."""
    rows = results.pie_rate
    known = [row for row in results.effectiveness if row["mean"] is not None]
    means = {(*cell(row), row["split"]): round(row["mean"], 3) for row in known}
    best, worst = extremes(rows, lambda row: means.get((*cell(row), row["split"])))
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        if row["rate"] is None:
            return (MISSING,)
        marks: set[Mark] = {"best"} if id(row) in best else {"worst"} if id(row) in worst else set()
        marks |= {"incomplete"} if results.is_incomplete(row) else set()
        return (Value(f"{row['rate'] * 100:.1f}", frozenset(marks)),)

    return Table(
        name="pie_percent",
        title="Examples that pruning breaks",
        caption="Percentage of examples whose majority vote differs between the pruned and the dense models (PIEs), "
        f"by sparsity. {told(results.seeds)}",
        keys=keys,
        columns=headings(columns),
        parts=("",),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("pie_rate", "effectiveness"),
    )
