"""Table: other definitions of the examples that pruning breaks, compared with PIEs."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.tables.layout import headings, key_columns, lines, sparsities, told
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {"incomplete": "fewer seeds committed than planned"}
NAMES = {
    "pies": "PIEs",
    "hooker": "PIEs, ties to the highest",
    "flips": "flips",
    "holste": "lowest 5 % of rank correlation",
}


def build(results: Results) -> Table:
    """The share of examples that each definition chooses, and what its choice shares with the PIEs."""
    order = list(NAMES)
    rows = [row | {"by": NAMES[row["definition"]]} for row in results.survey.definitions]
    rows.sort(key=lambda row: (row["task"], row["model"], order.index(row["definition"])))
    columns, keys = sparsities(rows), key_columns(rows, "by")

    def value(row: Row) -> tuple[Value, ...]:
        marks: frozenset[Mark] = frozenset({"incomplete"} if results.is_incomplete(row) else set())
        return Value(f"{row['rate'] * 100:.1f}", marks), Value(f"{row['jaccard']:.2f}", marks)

    return Table(
        name="definitions",
        title="Other definitions of what pruning breaks",
        caption="Percentage of examples, and Jaccard index with the PIEs (shared / in either). Ties to the "
        "highest: Hooker et al. 2019. Flips (Dutta et al. 2024): the answers of one dense and one pruned "
        "model of the same seed differ, mean over seeds. Rank correlation (Holste et al. 2023): of the "
        "classes' mean probabilities; it chooses 5 % or less, since equal ones are never parted, and is "
        f"missing for two classes and where a study records no probabilities. {told(results.seeds)}",
        keys=keys,
        columns=headings(columns),
        parts=("%", "Jaccard"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=tuple(
            {name: value for name, value in row.items() if name != "by"} | {"incomplete": results.is_incomplete(row)}
            for row in rows
        ),
        views=("predictions",),
    )
