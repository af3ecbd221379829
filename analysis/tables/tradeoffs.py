"""Table: what every cell gives and takes, across all methods: quality, PIEs, the worst class, size, time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from analysis.display_names import method_name, percent
from analysis.results import Results, Row
from analysis.statistics.tradeoffs import tradeoffs
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Mark, Table, Value
from runner.methods import DENSE

LEGEND: dict[Mark, str] = {
    "best": "on the Pareto front: no cell is as good and as small, and better or smaller (sizes count from 1.5 % on)",
    "incomplete": "fewer seeds committed than planned",
}
UNITS: dict[str, tuple[tuple[float, str], ...]] = {
    "bytes": ((1e6, "MB"), (1e3, "kB"), (1.0, "bytes")),
    "weights": ((1e6, "million weights"), (1e3, "thousand weights"), (1.0, "weights")),
    "share": ((0.01, "% of the weights"),),
}
"""What cells are compared by -> the units that it is told in, the largest first."""


def unit(rows: Sequence[Row]) -> tuple[float, str]:
    """The unit in which the sizes of these cells, all of one measure, are told: the largest that the largest fills."""
    largest = max(row["size"] for row in rows)
    return next((one for one in UNITS[rows[0]["sized_by"]] if largest >= one[0]), UNITS[rows[0]["sized_by"]][-1])


def size_told(row: Row, told: tuple[float, str]) -> str:
    """The size of a cell in a unit."""
    return f"{row['size'] / told[0]:.3g} {told[1]}"


def _between(row: Row, bounds: tuple[str, str], scale: float, digits: int) -> str:
    low, high = (row[bound] for bound in bounds)
    return "" if low is None else f" ({low * scale:.{digits}f} to {high * scale:.{digits}f})"


_EXCESS = ("excess_low", "excess_high")
COLUMNS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "mean": ("quality", lambda row: f"{row['mean']:.3f}{_between(row, ('low', 'high'), 1, 3)}"),
    "excess": (
        "PIE excess, points",
        lambda row: f"{round(row['excess'] * 100, 1) + 0.0:+.1f}{_between(row, _EXCESS, 100, 1)}",
    ),
    "worst_recall": ("worst-class recall", lambda row: f"{row['worst_recall']:.3f}"),
    "size": ("size", lambda row: f"{row['size']:.3g}"),
    "seconds": ("ms a text", lambda row: f"{row['seconds'] * 1000:.3g}"),
}
"""The number of a row that may be missing -> its heading, and how it is told."""


def build(results: Results) -> Table:
    """One line a cell of every task and model with a pruned cell, dense ones too; what none has makes no column."""
    rows = tradeoffs(results)
    units = {place: unit(list(own)) for place, own in groupby(rows, key=lambda row: (row["task"], row["model"]))}
    shown = {name: column for name, column in COLUMNS.items() if any(row[name] is not None for row in rows)}
    return Table(
        name="tradeoffs",
        title="What each method gives and takes",
        caption="Quality: mean of the headline metric over seeds, with its 95 % interval from five seeds on. PIE "
        "excess: of the PIE rate over seed noise. Worst-class recall: of the class with the lowest. "
        f"{_sizes_told(rows)} {_times_told(rows)} {results.longer_training}".strip(),
        keys=("task", "model", "metric", "method", "removed"),
        columns=tuple(heading for heading, _ in shown.values()),
        parts=("",),
        lines=tuple(
            Line(keys=_keys(row), values=tuple((_value(results, row, name, units),) for name in shown)) for row in rows
        ),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("effectiveness", "predictions", "class_recall", "efficiency", "trials"),
    )


def _keys(row: Row) -> tuple[str, ...]:
    name = row["method"] if row["method"] == DENSE else method_name(row["method"])
    return row["task"], row["model"], row["metric"], name, percent(row["sparsity"])


def _value(results: Results, row: Row, name: str, units: Mapping[tuple[str, str], tuple[float, str]]) -> Value:
    if row[name] is None:
        return MISSING
    if name == "size":
        return Value(size_told(row, units[row["task"], row["model"]]))
    marks: set[Mark] = {"best"} if name == "mean" and row["on_front"] else set()
    if name == "mean" and results.is_incomplete(row):
        marks.add("incomplete")
    return Value(COLUMNS[name][1](row), frozenset(marks))


def _sizes_told(rows: Sequence[Row]) -> str:
    """What the sizes of this store are."""
    told = {
        "bytes": "Size: of the smallest encoding in which every network of the task and model is known, with "
        f"embeddings ({', '.join(_encodings(rows))}); encodings in INT8 round weights, and quality is that of the "
        "weights as they were trained.",
        "weights": "Size: what is left of all parameters, those that are never pruned among them.",
        "share": "Size: what is left of the weights.",
    }
    return " ".join(told[by] for by in told if any(row["sized_by"] == by for row in rows))


def _encodings(rows: Sequence[Row]) -> list[str]:
    return sorted({row["encoding"] for row in rows if row["sized_by"] == "bytes"})


def _times_told(rows: Sequence[Row]) -> str:
    machines = sorted({row["machines"] for row in rows if row["seconds"] is not None})
    if not machines:
        return ""
    apart = " Times of several machines are not to be compared." if len(machines) > 1 or ";" in machines[0] else ""
    return f"Milliseconds a text: of the sparse network, one text at a time, on {'; '.join(machines)}.{apart}"
