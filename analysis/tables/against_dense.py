"""Table: which cells differ from the dense models in effectiveness, where nobody declared what would be compared."""

from __future__ import annotations

from analysis.results import Results, Row, cell
from analysis.statistics.hypothesis_tests import ALPHA, exploratory
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
    of_accuracy = {row["task"] for row in results.effectiveness if row["metric"] == "accuracy"}
    both = {(*cell(row), row["split"]): row for row in results.survey.churn if row["task"] in of_accuracy}
    rows = [_with_examples(row, both.get((*cell(row), row["split"]))) for row in exploratory(results)]
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        if row["p"] is None:
            return MISSING, MISSING
        marks: set[Mark] = {MARKS[row["verdict"]]} if row["verdict"] in MARKS else set()
        marks |= {"incomplete"} if results.is_incomplete(row) else set()
        return Value(_difference(row), frozenset(marks)), Value(p_value(row["corrected_p"]))

    is_tested = any(row["p"] is not None for row in rows)
    return Table(
        name="against_dense",
        title="Effectiveness against the dense models (exploratory)",
        caption="The headline metric of the task of the pruned minus that of the dense models: mean "
        "over pairs of one seed each (of accuracy with its 95 % interval over seeds and examples, none below five "
        "seeds), and p of a paired t-test over seeds, corrected by Holm over all cells of a task and model; "
        f"marks at {ALPHA:g}. Nobody declared these comparisons before the data: they can suggest, not confirm. "
        f"{results.longer_training}".rstrip(),
        keys=keys,
        columns=headings(columns),
        parts=("difference", "p"),
        lines=lines(rows, keys, columns, value) if is_tested else (),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("effectiveness",),
    )


def _with_examples(row: Row, both: Row | None) -> Row:
    """The row with the interval over seeds and examples, where there is one."""
    names = {"two_way_low": "change_low", "two_way_high": "change_high"}
    return row | {name: None if both is None else both[own] for name, own in names.items()}


def _difference(row: Row) -> str:
    if row["two_way_low"] is None:
        return f"{row['estimate']:+.3f}"
    return f"{row['estimate']:+.3f} ({row['two_way_low']:+.3f} to {row['two_way_high']:+.3f})"
