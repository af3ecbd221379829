"""Table: whether PIEs are harder to read, or longer, than all texts and than what dense models alone dispute."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.readability_ratios import SCORES, ratios
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {"incomplete": "fewer seeds committed than planned"}


def build(results: Results) -> Table:
    """Ratio of means with its interval, and its difference from that of disputed examples, per score and method."""
    rows = [row for row in ratios(results) if row["ratio"] is not None]
    rows.sort(key=lambda row: (row["task"], row["split"], row["model"], SCORES.index(row["score"])))
    columns, keys = sparsities(rows), key_columns(rows, "score")

    def value(row: Row) -> tuple[Value, ...]:
        marks: frozenset[Mark] = frozenset({"incomplete"} if results.is_incomplete(row) else set())
        ratio = Value(f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})", marks)
        if row["difference"] is None:
            return ratio, MISSING
        bounds = f"({row['difference_low']:+.2f} to {row['difference_high']:+.2f})"
        return ratio, Value(f"{row['difference']:+.2f} {bounds}", marks)

    return Table(
        name="readability",
        title="Are PIEs harder to read?",
        caption="Mean of each score over PIEs / mean over all texts. Less disputed: the same ratio of the examples on "
        "which half of the dense and half of the pruned seeds disagree, less that of those on which two halves of the "
        "dense seeds do: these are hard to decide, pruned or not, and only what is beyond them is pruning's. 95 % "
        "intervals over examples, for these seeds; exploratory.",
        keys=keys,
        columns=headings(columns),
        parts=("PIEs / all", "less disputed"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("readability_ratio", "readability", "pies"),
    )
