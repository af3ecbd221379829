"""Which cells differ from the dense models in effectiveness, where nobody declared what would be compared."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.hypotheses import ALPHA, exploratory
from analysis.tables.hypotheses import MARKS, p_value
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {
    "better": "more effective than the dense models, after correction",
    "worst": "less effective, after correction",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """Mean difference of every pruned cell from its dense cell and the corrected p-value, by sparsity."""
    rows = exploratory(results)
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        if row["p"] is None:
            return MISSING, MISSING
        marks: set[Mark] = {MARKS[row["verdict"]]} if row["verdict"] in MARKS else set()
        marks |= {"incomplete"} if results.is_incomplete(row) else set()
        return Value(f"{row['estimate']:+.3f}", frozenset(marks)), Value(p_value(row["corrected_p"]))

    is_tested = any(row["p"] is not None for row in rows)
    return Table(
        name="against_dense",
        title="Effectiveness against the dense models (exploratory)",
        caption="Accuracy (single-label) or macro-F1 (multi-label) of the pruned minus that of the dense models: mean "
        "over pairs of one seed each, and p of a paired t-test, corrected by Holm over all cells of a task and model; "
        f"marks at {ALPHA:g}. Nobody declared these comparisons before the data: they can suggest, not confirm.",
        keys=keys,
        columns=headings(columns),
        parts=("difference", "p"),
        lines=lines(rows, keys, columns, value) if is_tested else (),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("effectiveness",),
    )
