"""Table: the worst class, the gap between classes, and the class that loses most, cell by cell."""

from __future__ import annotations

from analysis.display_names import method_name, percent
from analysis.results import Results, Row
from analysis.statistics.fairness import FEWEST
from analysis.tables.layout import key_columns
from analysis.tables.table import Line, Mark, Table, Value

ALPHA = 0.05
LEGEND: dict[Mark, str] = {
    "worst": "its recall falls, after correction over all classes and cells",
    "incomplete": "fewer seeds committed than planned",
}
COLUMNS = ("worst class", "its recall", "worst when dense", "gap", "gap when dense", "loses most", "change, points")
CAPTION = (
    "Worst class: the lowest mean recall over seeds; gap: the highest less the lowest; beside both, the dense models'. "
    "Loses most: the class whose recall falls most from the dense to the pruned models of a seed, with its 95 % "
    "interval over seeds, which holds for all classes of the cell together, since the class was chosen for its fall; "
    "marked by its p after Holm's correction over all classes and cells of a task and model. No interval below five "
    f"seeds; only classes with {FEWEST} examples or more."
)


def build(results: Results) -> Table:
    """One line a pruned cell of tasks whose answers are classes."""
    rows = results.fairness
    keys = key_columns(rows)
    return Table(
        name="fairness",
        title="Who pays: the worst class, and the class that loses most",
        caption=CAPTION,
        keys=(*keys, "removed"),
        columns=COLUMNS,
        parts=("",),
        lines=tuple(Line(keys=_names(row, keys), values=_values(results, row)) for row in rows),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("class_recall",),
    )


def is_shown(row: Row) -> bool:
    """True if the class that loses most is shown to lose, after correction."""
    return row["change"] < 0 and row["p"] is not None and row["corrected_p"] <= ALPHA


def change_told(row: Row) -> str:
    """By how many points the recall of the class that loses most changes, with its interval."""
    interval = "" if row["low"] is None else f" ({row['low'] * 100:+.1f} to {row['high'] * 100:+.1f})"
    return f"{row['change'] * 100:+.1f}{interval}"


def _names(row: Row, keys: tuple[str, ...]) -> tuple[str, ...]:
    named = tuple(method_name(row[name]) if name == "method" else str(row[name]) for name in keys)
    return (*named, percent(row["sparsity"]))


def _values(results: Results, row: Row) -> tuple[tuple[Value, ...], ...]:
    marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
    fallen: set[Mark] = {"worst"} if is_shown(row) else set()
    return (
        (Value(row["worst_class"], frozenset(marks)),),
        (Value(f"{row['worst_recall']:.3f}"),),
        (Value(f"{row['dense_worst_class']} {row['dense_worst_recall']:.3f}"),),
        (Value(f"{row['gap']:.3f}"),),
        (Value(f"{row['dense_gap']:.3f}"),),
        (Value(row["loser"]),),
        (Value(change_told(row), frozenset(fallen)),),
    )
