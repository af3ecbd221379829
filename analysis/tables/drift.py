"""By how much pruning moves the quality of answers, for every kind of answer."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value

LEGEND: dict[Mark, str] = {"incomplete": "fewer seeds committed than planned"}


def build(results: Results) -> Table:
    """Mean quality of the pruned less that of the dense models, and how much halves of the dense seeds differ."""
    rows = results.drift
    columns, keys = sparsities(rows), key_columns(rows)

    def value(row: Row) -> tuple[Value, ...]:
        marks: frozenset[Mark] = frozenset({"incomplete"} if results.is_incomplete(row) else set())
        halves = MISSING if row["dense_halves"] is None else Value(f"{row['dense_halves']:.4f}")
        return Value(f"{row['drift']:+.4f}", marks), halves

    return Table(
        name="drift",
        title="Drift of quality",
        caption="Mean quality (0 to 1) of the answers of the pruned less that of the dense models: of a class right or "
        "wrong, of several classes their F1, of a number 1 - |error| / the range of the gold values. Beside it halves: "
        "by how much the mean qualities of two halves of the dense seeds differ (root mean square over all ways to "
        "halve them), which is what seeds alone move; none below two seeds. "
        f"{results.longer_training}".rstrip(),
        keys=keys,
        columns=headings(columns),
        parts=("drift", "halves"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("drift",),
    )
