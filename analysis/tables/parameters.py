"""Tables: how many weights go and how many stay, Tables 5 and 6 of Tropeano et al. 2025."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.tables.layout import MISSING, headings, sparsities
from analysis.tables.table import Line, Table, Value

KEYS = ("task", "model")
Cells = dict[tuple[str, str], dict[float, Row]]


def build_removed(results: Results) -> Table:
    """Parameters, prunable ones, and the percentage of all parameters that is removed, by sparsity."""
    cells, columns = _cells(results)
    lines = tuple(
        Line(
            keys=key,
            values=(
                *((Value(f"{_any(found)[name]:,}"),) for name in ("parameters", "prunable")),
                *((_percentage(found.get(sparsity)),) for sparsity in columns),
            ),
        )
        for key, found in cells.items()
    )
    return Table(
        name="parameters",
        title="Parameters, and the percentage removed",
        caption="Sparsity counts prunable weights; here it is the percentage of all parameters that are removed, mean "
        "over methods and seeds.",
        keys=KEYS,
        columns=("parameters", "prunable", *headings(columns)),
        parts=("",),
        lines=lines,
        legend={},
        records=_records(cells),
        views=("trials",),
    )


def build_remaining(results: Results) -> Table:
    """Parameters that stay, by sparsity."""
    cells, columns = _cells(results)
    lines = tuple(
        Line(
            keys=key,
            values=(
                (Value(f"{_any(found)['parameters']:,}"),),
                *((_count(found.get(sparsity)),) for sparsity in columns),
            ),
        )
        for key, found in cells.items()
    )
    return Table(
        name="remaining_parameters",
        title="Remaining parameters",
        caption="Parameters that are not removed, by sparsity, mean over methods and seeds.",
        keys=KEYS,
        columns=("dense", *headings(columns)),
        parts=("",),
        lines=lines,
        legend={},
        records=_records(cells),
        views=("trials",),
    )


def _cells(results: Results) -> tuple[Cells, tuple[float, ...]]:
    """Rows by task and model, then by sparsity; models whose parameters nobody counted are left out."""
    rows = results.rows("""
        SELECT task, model, sparsity, max(parameters) AS parameters, max(prunable) AS prunable,
            avg(total_sparsity ORDER BY trial_id) AS removed,
            min(total_sparsity) AS lowest,
            max(total_sparsity) AS highest,
            count(*) AS trials
        FROM trials WHERE parameters IS NOT NULL AND prunable IS NOT NULL
        GROUP BY ALL ORDER BY task, model, sparsity""")
    cells: Cells = {}
    for row in rows:
        cells.setdefault((row["task"], row["model"]), {})[row["sparsity"]] = row
    return cells, sparsities([row for row in rows if row["sparsity"] > 0])


def _any(found: dict[float, Row]) -> Row:
    return next(iter(found.values()))


def _records(cells: Cells) -> tuple[Row, ...]:
    return tuple({**row, "remaining": _remaining(row)} for found in cells.values() for row in found.values())


def _remaining(row: Row) -> float | None:
    return None if row["removed"] is None else round(row["parameters"] * (1 - row["removed"]), 1)


def _percentage(row: Row | None) -> Value:
    return MISSING if row is None or row["removed"] is None else Value(f"{row['removed'] * 100:.1f}")


def _count(row: Row | None) -> Value:
    remaining = None if row is None else _remaining(row)
    return MISSING if remaining is None else Value(f"{remaining:,.0f}")
