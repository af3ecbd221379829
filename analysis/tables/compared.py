"""A store's figures beside published ones: the tables of `--compare`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.display_names import method_name, percent
from analysis.published.comparison import Comparison, Pair, summary
from analysis.published.figures import Place
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Table, Value
from analysis.tables.tasks import HEADINGS
from runner.methods import DENSE

PARTS = ("here", "published", "difference")
RATIO_DIGITS = 3
"""Of effectiveness; the published percentages and counts are whole numbers."""
SPREAD = "std"
Groups = dict[tuple[str, ...], dict[str, tuple[Value, ...]]]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How one table of a publication is laid out: its keys, what of a place they are, the column, and the digits."""

    title: str
    keys: tuple[str, ...]
    key: Callable[[Place], tuple[str, ...]]
    column: Callable[[Place], str]
    digits: int
    views: tuple[str, ...]


def _sparsity(place: Place) -> str:
    return percent(place.sparsity) if place.sparsity else DENSE


def _count_or_sparsity(place: Place) -> str:
    return percent(place.sparsity) if place.sparsity else place.what


SHAPES: dict[str, Shape] = {
    "pie_percent": Shape(
        title="Percentage of PIEs",
        keys=("task", "model", "method"),
        key=lambda place: (place.task, place.model, method_name(place.method)),
        column=_sparsity,
        digits=1,
        views=("pie_rate",),
    ),
    "effectiveness": Shape(
        title="Effectiveness",
        keys=("task", "model", "method"),
        key=lambda place: (place.task, place.model, method_name(place.method)),
        column=_sparsity,
        digits=3,
        views=("effectiveness",),
    ),
    "effectiveness_on_pies": Shape(
        title="Effectiveness on PIEs",
        keys=("task", "model", "side", "method"),
        key=lambda place: (place.task, place.model, f"{place.what} models", method_name(place.method)),
        column=_sparsity,
        digits=3,
        views=("accuracy_on_pies",),
    ),
    "parameters": Shape(
        title="Parameters, and the percentage removed",
        keys=("task", "model"),
        key=lambda place: (place.task, place.model),
        column=_count_or_sparsity,
        digits=1,
        views=("trials",),
    ),
    "tasks": Shape(
        title="Data sets",
        keys=("task", "statistic"),
        key=lambda place: (place.task, HEADINGS[place.what]),
        column=lambda _: "value",
        digits=2,
        views=("examples", "classes", "trials"),
    ),
}


NAMES = ("comparison", *(f"compared_{name}" for name in SHAPES))


def build(comparison: Comparison) -> tuple[Table, ...]:
    """What it comes to, then every table that the store and the publication share, ours beside theirs."""
    tables = [_summary(comparison), *(_side_by_side(comparison, name, shape) for name, shape in SHAPES.items())]
    return tuple(table for table in tables if table.lines)


def _side_by_side(comparison: Comparison, name: str, shape: Shape) -> Table:
    pairs = [pair for pair in comparison.pairs if pair.table == name]
    spreads = {_without_kind(pair.place): pair for pair in pairs if pair.place.what == SPREAD and name != "tasks"}
    shown = [pair for pair in pairs if pair not in spreads.values()]
    columns = tuple(dict.fromkeys(shape.column(pair.place) for pair in sorted(shown, key=_by_sparsity)))
    groups: Groups = {}
    for pair in shown:
        values = _values(pair, spreads.get(_without_kind(pair.place)), shape.digits)
        groups.setdefault(shape.key(pair.place), {})[shape.column(pair.place)] = values
    groups = _dense_in_front(groups)
    told = comparison.unequal_seeds if any(not pair.is_comparable for pair in pairs) else ""
    gap = (MISSING,) * len(PARTS)
    return Table(
        name=f"compared_{name}",
        title=f"{shape.title}, beside {comparison.paper.reference}",
        caption="What both have; the difference is what is here less what was published. The published figures are "
        f"rounded, and of {comparison.paper.seeds} seeds. {told}".strip(),
        keys=shape.keys,
        columns=columns,
        parts=PARTS,
        lines=tuple(
            Line(keys=key, values=tuple(found.get(column, gap) for column in columns)) for key, found in groups.items()
        ),
        legend={},
        records=tuple(_record(pair) for pair in pairs),
        views=shape.views,
    )


def _dense_in_front(groups: Groups) -> Groups:
    """The dense model's figures in the line of every method, unless there is no method."""
    dense = {key[:-1]: found for key, found in groups.items() if key[-1] == DENSE}
    methods = {key: found for key, found in groups.items() if key[-1] != DENSE}
    lonely = {(*key, DENSE): found for key, found in dense.items() if key not in {method[:-1] for method in methods}}
    return lonely | {key: {**dense.get(key[:-1], {}), **found} for key, found in methods.items()}


def _summary(comparison: Comparison) -> Table:
    rows = tuple(summary(comparison))
    return Table(
        name="comparison",
        title=f"This store beside {comparison.paper.reference}",
        caption="Over the pruned cells that both have: mean absolute difference (PIE % in points) and Spearman's rank "
        f"correlation. {comparison.unequal_seeds} {comparison.without_counterpart}".strip(),
        keys=("figures", "task and model"),
        columns=("cells", "mean absolute difference", "rank correlation"),
        parts=("",),
        lines=tuple(
            Line(
                keys=(_figures(row), f"{row['task']} · {row['model']}"),
                values=(
                    (Value(f"{row['compared']}"),),
                    (Value(f"{row['mean_absolute_difference']:.3g}"),),
                    (MISSING if row["rank_correlation"] is None else Value(f"{row['rank_correlation']:.2f}"),),
                ),
            )
            for row in rows
        ),
        legend={},
        records=rows,
        views=("pie_rate", "effectiveness", "accuracy_on_pies"),
    )


def _figures(row: dict[str, Any]) -> str:
    told = SHAPES[row["table"]].title
    return f"{told}, {row['what']} models" if row["what"] in ("pruned", "dense") else told


def _by_sparsity(pair: Pair) -> float:
    return pair.place.sparsity


def _without_kind(place: Place) -> tuple[str, str, str, float]:
    return place.task, place.model, place.method, place.sparsity


def _values(pair: Pair, spread: Pair | None, digits: int) -> tuple[Value, Value, Value]:
    whole = pair.ours.is_integer() and pair.theirs.is_integer() and "%" not in pair.place.what
    counts = whole and digits < RATIO_DIGITS
    own = 0 if counts else digits
    ours, theirs = f"{pair.ours:,.{own}f}", f"{pair.theirs:,.{own if digits == RATIO_DIGITS else 0}f}"
    if spread is not None:
        ours, theirs = f"{ours} ± {spread.ours:.{digits}f}", f"{theirs} ± {spread.theirs:.{digits}f}"
    return Value(ours), Value(theirs), MISSING if pair.difference is None else Value(f"{pair.difference:+,.{own}f}")


def _record(pair: Pair) -> dict[str, Any]:
    place = pair.place
    return {
        "task": place.task,
        "model": place.model,
        "method": place.method,
        "sparsity": place.sparsity,
        "figure": place.what,
        "here": pair.ours,
        "published": pair.theirs,
        "difference": pair.difference,
    }
