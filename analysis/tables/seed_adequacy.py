"""Table: whether there are enough seeds to believe a PIE rate."""

from __future__ import annotations

from itertools import groupby

from analysis.results import Results, Row, cell
from analysis.statistics.adequacy import MORE_SEEDS, MOST_NEEDED, POINT, summary
from analysis.tables.layout import MISSING, headings, key_columns, lines, seeds_told, sparsities
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
        enough: set[Mark] = {"best"} if row["half_width"] <= POINT else set()
        jaccard = MISSING.text if row["jaccard"] is None else f"{row['jaccard']:.2f}"
        return (
            Value(f"± {row['half_width'] * 100:.1f}", frozenset(marks | enough)),
            Value(f"± {row['with_more'] * 100:.1f}", frozenset(marks)),
            Value(_needed(row), frozenset(marks)),
            Value(jaccard, frozenset(marks)),
        )

    return Table(
        name="seed_adequacy",
        title="Are there enough seeds?",
        caption="now: the PIE % of so many seeds would be within ± so many points in 95 of 100 studies; "
        f"more: with {MORE_SEEDS} more; needed: seeds for ± 1 point (none below six seeds, which cannot tell how fast "
        "widths shrink); Jaccard: what the PIEs of two disjoint halves of the seeds share. All of this is rough below "
        "ten seeds. The PIE % itself falls as seeds are added (figure rate_by_seeds): these are widths about another "
        f"number each. {seeds_told(rows)}",
        keys=keys,
        columns=headings(columns),
        parts=("now", "more", "needed", "Jaccard"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=tuple(row | {"incomplete": results.is_incomplete(row)} for row in rows),
        views=("predictions",),
    )


def _needed(row: Row) -> str:
    if row["needed"] is None:
        return MISSING.text
    return f"> {MOST_NEEDED:,}" if row["needed"] == MOST_NEEDED else f"{row['needed']:,}"
