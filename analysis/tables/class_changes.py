"""Table: classes that pay when models are pruned, by recall lost and PIEs beyond seed noise."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.class_changes import FEWEST, MOST_CLASSES
from analysis.tables.layout import MISSING, headings, key_columns, lines, seeds_told, sparsities
from analysis.tables.table import Mark, Table, Value

ALPHA = 0.05
LEGEND: dict[Mark, str] = {
    "better": "recall is higher than that of the dense models, after correction",
    "worst": "lower, after correction",
    "best": "PIEs above both noise floors of the class by more than the interval",
    "incomplete": "fewer seeds committed than planned",
}


def build(results: Results) -> Table:
    """Change of recall, PIE % and excess over both floors of every class, with intervals, by sparsity."""
    rows = [row for row in results.class_changes if row["rate"] is not None]
    rows.sort(key=lambda row: (row["task"], row["split"], row["model"], -row["examples"], row["class"]))
    columns, keys = sparsities(rows), key_columns(rows, "class")

    def value(row: Row) -> tuple[Value, ...]:
        marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
        changed: set[Mark] = set()
        if row["corrected_p"] <= ALPHA:
            changed.add("better" if row["change"] > 0 else "worst")
        above: set[Mark] = {"best"} if (row["excess_low"] or 0.0) > 0 else set()
        return (
            Value(_told(row, "change", "change_low", "change_high"), frozenset(marks | changed)),
            Value(_told(row, "rate", "two_way_low", "two_way_high", sign=""), frozenset(marks)),
            Value(_told(row, "excess", "excess_low", "excess_high"), frozenset(marks | above)),
        )

    return Table(
        name="class_changes",
        title="Which classes pay",
        caption="Per gold class, or type of entity, in points: recall of the pruned less that of the dense models, "
        "mean over seeds, with its 95 % interval over seeds and examples; PIE % of the examples that have it, with "
        "the same; and their PIE % between halves of the seeds less the mean of both noise floors, with its interval "
        "over seeds. An entity is found by its words and its type. Exploratory; changes "
        "of recall are marked by their p after Holm's correction over all cells and classes, at "
        f"{ALPHA:g}. No interval below five seeds, nothing below "
        f"{FEWEST} examples; of the {MOST_CLASSES} most frequent classes. {seeds_told(rows)}",
        keys=keys,
        columns=headings(columns),
        parts=("recall", "PIE %", "excess"),
        lines=lines(rows, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("predictions", "examples"),
    )


def _told(row: Row, name: str, low: str, high: str, sign: str = "+") -> str:
    if row[name] is None:
        return MISSING.text
    interval = "" if row[low] is None else f" ({row[low] * 100:{sign}.1f} to {row[high] * 100:{sign}.1f})"
    return f"{row[name] * 100:{sign}.1f}{interval}"
