"""Table: whether people disagree more on the examples that pruning breaks."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.human_difficulty import ALPHA, differences
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {
    "better": "people disagree more on PIEs, after correction, and more than on what dense models dispute",
    "worst": "people disagree less on PIEs, after correction, and less than on what dense models dispute",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """Mean human disagreement on PIEs minus that on the other examples, and the rank statistic, by sparsity."""
    rows = differences(results)
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        if row["p"] is None:
            return MISSING, MISSING, MISSING
        marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
        if row["corrected_p"] <= ALPHA and _is_beyond(row):
            marks.add("better" if row["auc"] > 0.5 else "worst")
        beyond = MISSING
        if row["beyond_disputed"] is not None:
            bounds = f"({row['beyond_low']:+.3f} to {row['beyond_high']:+.3f})"
            beyond = Value(f"{row['beyond_disputed']:+.3f} {bounds}")
        return Value(f"{row['difference']:+.3f}", frozenset(marks)), Value(f"{row['auc']:.3f}"), beyond

    return Table(
        name="human_difficulty",
        title="Human disagreement on the examples that pruning breaks",
        caption="Mean disagreement of people on PIEs minus that on the other examples, and AUC: the chance that people "
        "disagree more on a PIE than on another example (0.5: no difference). Marks: Mann-Whitney test, corrected by "
        f"Holm over all cells of a task and model, at {ALPHA:g}; exploratory. Bootstrap intervals are in the CSV file. "
        "Less disputed: mean disagreement on the examples on which half of the dense and half of the pruned seeds "
        "disagree minus that on those on which two halves of the dense seeds do, with its 95 % interval over examples: "
        "only what is beyond these is pruning's.",
        keys=keys,
        columns=headings(columns),
        parts=("difference", "AUC", "less disputed"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("pies", "human_disagreement"),
    )


def _is_beyond(row: Row) -> bool:
    """Whether PIEs differ from disputed examples too, by more than the interval; true where nobody can know."""
    if row["beyond_disputed"] is None:
        return True
    return bool(row["beyond_low"] > 0) if row["auc"] > 0.5 else bool(row["beyond_high"] < 0)
