"""Lay cells out as lines of a table: one line per model and method, one column per sparsity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis.display_names import method_name, percent
from analysis.results import Row
from analysis.tables.table import Line, Value

MISSING = Value("\N{EN DASH}")


def key_columns(rows: Sequence[Row], *further: str) -> tuple[str, ...]:
    """Task, model, what further is asked for, and method; the split too where there are several."""
    several = len({row["split"] for row in rows}) > 1
    return ("task", *(("split",) if several else ()), "model", *further, "method")


def sparsities(rows: Sequence[Row]) -> tuple[float, ...]:
    """The sparsities that occur, ascending."""
    return tuple(sorted({row["sparsity"] for row in rows}))


def lines(
    rows: Sequence[Row], keys: Sequence[str], columns: Sequence[float], value: Callable[[Row], Any]
) -> tuple[Line, ...]:
    """Lines in the order of the rows; `value` gives the group of values of one row; gaps are dashes."""
    groups: dict[tuple[str, ...], dict[float, tuple[Value, ...]]] = {}
    for row in rows:
        key = tuple(method_name(row[name]) if name == "method" else str(row[name]) for name in keys)
        groups.setdefault(key, {})[row["sparsity"]] = value(row)
    width = max((len(group) for found in groups.values() for group in found.values()), default=1)
    gap = (MISSING,) * width
    return tuple(
        Line(keys=key, values=tuple(found.get(column, gap) for column in columns)) for key, found in groups.items()
    )


def headings(columns: Sequence[float]) -> tuple[str, ...]:
    """Sparsities as column headings."""
    return tuple(percent(column) for column in columns)


def extremes(rows: Sequence[Row], measure: Callable[[Row], float | None]) -> tuple[set[int], set[int]]:
    """Identities of the rows with the highest and the lowest measure among the methods of one sparsity.

    Ties share the mark; where all methods are equal, or there is one, nobody is marked.
    """
    groups: dict[tuple[Any, ...], list[tuple[float, int]]] = {}
    for row in rows:
        if (measured := measure(row)) is not None:
            group = groups.setdefault((row["task"], row["split"], row["model"], row["sparsity"]), [])
            group.append((measured, id(row)))
    best: set[int] = set()
    worst: set[int] = set()
    for group in groups.values():
        high, low = max(group)[0], min(group)[0]
        if high > low:
            best |= {row for measured, row in group if measured == high}
            worst |= {row for measured, row in group if measured == low}
    return best, worst


def seeds_told(rows: Sequence[Row]) -> str:
    """How many seeds vote in these cells, as a sentence: a PIE rate falls as they grow, and is a number of its own."""
    found = sorted({row["seeds"] for row in rows if row.get("seeds")})
    if not found:
        return ""
    if len(found) == 1:
        return f"Votes are of {found[0]} seed{'' if found[0] == 1 else 's'}."
    return f"Votes are of {found[0]} to {found[-1]} seeds: cells with unequal numbers are not to be compared."


def told(seeds: Mapping[tuple[str, str], str]) -> str:
    """The seeds of every task and model as a sentence, or of all alike."""
    counts = list(dict.fromkeys(seeds.values()))
    if len(counts) < 2:
        return f"Votes are of {counts[0]}." if counts else ""
    named = "; ".join(f"{' · '.join(place)}: {count}" for place, count in sorted(seeds.items()))
    return f"Votes are of unequally many seeds ({named}), which PIE rates cannot be compared across."
