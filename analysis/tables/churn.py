"""Table: how much more votes change than accuracy does."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.tables.layout import headings, key_columns, lines, seeds_told, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {"incomplete": "fewer seeds committed than planned"}


def build(results: Results) -> Table:
    """PIE %, the part of it that a change of accuracy needs, and the rest, by sparsity."""
    rows = [row for row in results.survey.churn if row["rate"] is not None]
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        marks: frozenset[Mark] = frozenset({"incomplete"} if results.is_incomplete(row) else set())
        return tuple(Value(f"{row[name] * 100:.1f}", marks) for name in ("rate", "forced", "beyond"))

    return Table(
        name="churn",
        title="More change than accuracy needs",
        caption="PIE %; forced: the difference of the shares of right votes, dense and pruned, in points, which no "
        "fewer PIEs can make; beyond: the rest (churn beyond need, Milani Fard et al. 2016). A correlation of accuracy "
        f"with the PIE % would be partly arithmetic. {seeds_told(rows)}",
        keys=keys,
        columns=headings(columns),
        parts=("PIE %", "forced", "beyond"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(results.survey.churn),
        views=("predictions", "examples"),
    )
