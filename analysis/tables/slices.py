"""Table: slices that pay when models are pruned, by the columns that a user's data brought along."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.results import Results, Row
from analysis.spelling import short, spelled
from analysis.statistics.class_changes import FEWEST
from analysis.statistics.slice_changes import MOST_COLUMNS, slice_changes
from analysis.tables.layout import MISSING, headings, key_columns, lines, seeds_told, sparsities
from analysis.tables.table import Mark, Table, Value

ALPHA = 0.05
NO_VALUE = "(none)"
LEGEND: dict[Mark, str] = {
    "better": "effectiveness changes for the better, against that of all other examples, after correction",
    "worst": "for the worse: these examples pay more than the others, after correction",
    "best": "PIEs above both noise floors of the slice by more than the interval",
    "incomplete": "fewer seeds committed than planned",
}
MEASURES = {
    "effectiveness": ("effectiveness_change", "effectiveness_change_low", "effectiveness_change_high"),
    "beyond others": ("beyond", "beyond_low", "beyond_high"),
    "recall": ("recall_change", "recall_change_low", "recall_change_high"),
    "PIE %": ("rate", "two_way_low", "two_way_high"),
    "excess": ("excess", "excess_low", "excess_high"),
}


def build(results: Results, by: str | None = None) -> Table:
    """Change of effectiveness and recall, PIE % and excess of every slice of the examples, by sparsity."""
    found = results.slice_changes if by is None else slice_changes(results.connection, by)
    rows = [row for row in found if row["rate"] is not None]
    named = _named(rows)
    columns, keys = sparsities(named), key_columns(named, "feature", "value")

    def value(row: Row) -> tuple[Value, ...]:
        marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
        own: dict[str, set[Mark]] = {}
        if row["corrected_p"] <= ALPHA:
            own["beyond others"] = {"better" if row["beyond"] > 0 else "worst"}
        if (row["excess_low"] or 0.0) > 0:
            own["excess"] = {"best"}
        return tuple(
            Value(_told(row, *names, sign="" if part == "PIE %" else "+"), frozenset(marks | own.get(part, set())))
            for part, names in MEASURES.items()
        )

    return Table(
        name="slices",
        title="Who pays, by the columns of the data",
        caption="Examples by the further columns of their data; numbers of more than 20 values in five bins between "
        "their quintiles. In points: effectiveness (accuracy, macro-F1, or the headline of tags and spans) of the "
        "pruned less that of the dense models, mean over seeds; that less the same on all other examples; recall, mean "
        "over the classes that the slice has, pruned less dense; all with 95 % intervals over seeds and examples. "
        "PIE %, with the same; and the PIE % between halves of the seeds less the mean of both noise floors of the "
        "slice (what dense and what pruned models dispute among themselves), with its interval over seeds. "
        f"Exploratory; marked by p after Holm's correction over all cells and slices, at {ALPHA:g}. No interval below "
        f"five seeds, nothing below {FEWEST} examples. Left out are columns of texts with more than 20 values, ids, "
        f"and of a data set all but the first {MOST_COLUMNS} columns (piesweep table STORE slices --by COLUMN shows "
        f"any). {seeds_told(rows)}".rstrip(),
        keys=keys,
        columns=headings(columns),
        parts=tuple(MEASURES),
        lines=lines(named, keys, columns, value),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("slices", "predictions"),
    )


def _named(rows: list[Row]) -> list[Row]:
    """The rows by value, each under a text that no other value of its column has: bins of numbers short if they can."""
    texts: dict[tuple[str, str, str], dict[str | None, str]] = {}
    for row in rows:
        texts.setdefault((row["task"], row["split"], row["feature"]), {})[row["value"]] = _short(row)
    for known in texts.values():
        if len(set(known.values())) < len(known):
            known.update(_full(known))
    named = [row | {"value": texts[row["task"], row["split"], row["feature"]][row["value"]]} for row in rows]
    order = {id(row): place for place, row in enumerate(named)}
    return sorted(named, key=lambda row: (row["task"], row["split"], row["model"], order[id(row)]))


def _full(known: Iterable[str | None]) -> dict[str | None, str]:
    return {value: NO_VALUE if value is None else value for value in known}


def _short(row: Row) -> str:
    """A value as it is, or the bounds of a bin with as many digits as are read."""
    if row["value"] is None:
        return NO_VALUE
    if row["place"] is None or " to " not in row["value"]:
        return str(row["value"])
    return " to ".join(spelled(short(float(bound))).removesuffix(".0") for bound in row["value"].split(" to "))


def _told(row: Row, name: str, low: str, high: str, sign: str) -> str:
    if row[name] is None:
        return MISSING.text
    interval = "" if row[low] is None else f" ({row[low] * 100:{sign}.1f} to {row[high] * 100:{sign}.1f})"
    return f"{row[name] * 100:{sign}.1f}{interval}"
