"""Whether there are enough seeds to believe a PIE rate."""

from __future__ import annotations

from itertools import groupby

from analysis.results import Results, Row, cell
from analysis.statistics.adequacy import MORE_SEEDS, summary
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {
    "best": "± one point or better with the seeds that are there",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """How well the seeds at hand know each PIE rate, what more would give, and how steady the set of PIEs is."""
    rows = [
        summary(list(group))
        for _, group in groupby(results.survey.adequacy, key=lambda row: (*cell(row), row["split"]))
    ]
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
        enough: set[Mark] = {"best"} if row["needed"] <= row["seeds"] else set()
        jaccard = MISSING.text if row["jaccard"] is None else f"{row['jaccard']:.2f}"
        return (
            Value(f"± {row['half_width'] * 100:.1f}", frozenset(marks | enough)),
            Value(f"± {row['with_more'] * 100:.1f}", frozenset(marks)),
            Value(f"{row['needed']:,}", frozenset(marks)),
            Value(jaccard, frozenset(marks)),
        )

    return Table(
        name="seed_adequacy",
        title="Are there enough seeds?",
        caption="now: half the width of the 95 % interval of the PIE %, in points, with the seeds that are there;"
        f" more: with {MORE_SEEDS} more; needed: seeds for ± 1 point; Jaccard: what the PIEs of two "
        "disjoint halves of the seeds share. Widths shrink with the square root of the number of seeds.",
        keys=keys,
        columns=headings(columns),
        parts=("now", "more", "needed", "Jaccard"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=tuple(row | {"incomplete": results.is_incomplete(row)} for row in rows),
        views=("predictions",),
    )
