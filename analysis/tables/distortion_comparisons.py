"""Tables: recall distortion compared along one axis, in the shapes of Tables 1 to 9 of Good et al. 2022."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis.display_names import method_name, percent
from analysis.results import Results, Row
from analysis.statistics.cell_keys import CellKey, place
from analysis.statistics.distortion_comparisons import AXES, by_cell, comparisons
from analysis.tables.hypotheses import p_value
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Mark, Table, Value

ALPHA = 0.05
LEGEND: dict[Mark, str] = {"best": f"at most {ALPHA:g} after correction"}
SIZES = "SELECT task, model, max(parameters) AS parameters FROM trials GROUP BY ALL"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How the comparisons of an axis are laid out: what a line is of, and what a column."""

    title: str
    asked: str
    family: str
    keys: tuple[str, ...]
    line: Callable[[CellKey, CellKey], tuple[str, ...]]
    column: Callable[[CellKey, CellKey], str]


def _removed(key: CellKey, _: CellKey) -> str:
    return percent(key[4])


SHAPES: dict[str, Shape] = {
    "sparsity": Shape(
        title="Does more pruning distort recall more?",
        asked="One-sided paired t-tests that alpha is less at the first sparsity than at the next",
        family="the line",
        keys=("task", "model", "method"),
        line=lambda one, _: (one[0], one[2], method_name(one[3])),
        column=lambda one, other: f"{percent(one[4])} against {percent(other[4])}",
    ),
    "model": Shape(
        title="Do smaller networks distort recall more?",
        asked="One-sided t-tests (Welch) that alpha is greater in the first network than in the next larger one",
        family="the lines of a task and method in a column",
        keys=("task", "method", "networks"),
        line=lambda one, other: (one[0], method_name(one[3]), f"{one[2]} against {other[2]}"),
        column=_removed,
    ),
    "task": Shape(
        title="Do tasks differ in recall distortion?",
        asked="Two-sided t-tests (Welch) of alpha",
        family="the lines of a method in a column",
        keys=("method", "tasks"),
        line=lambda one, other: (method_name(one[3]), f"{one[0]}, {one[2]} against {other[0]}, {other[2]}"),
        column=_removed,
    ),
    "method": Shape(
        title="Do methods differ in recall distortion?",
        asked="Two-sided paired t-tests of alpha, of trials that go on from the same dense trial",
        family="the lines of a task and network in a column",
        keys=("task", "model", "methods"),
        line=lambda one, other: (one[0], one[2], f"{method_name(one[3])} against {method_name(other[3])}"),
        column=_removed,
    ),
}


def along(name: str) -> Callable[[Results], Table]:
    """The builder of the table of one axis of AXES."""

    def build(results: Results) -> Table:
        rows = _rows(results, name)
        shape = SHAPES[name]
        columns = tuple(dict.fromkeys(shape.column(row["one"], row["other"]) for row in sorted(rows, key=_order)))
        groups: dict[tuple[str, ...], dict[str, tuple[Value, ...]]] = {}
        for row in rows:
            line = groups.setdefault(shape.line(row["one"], row["other"]), {})
            line[shape.column(row["one"], row["other"])] = tuple(_value(row, begun) for begun in ("", "cross_"))
        gap = (MISSING, MISSING)
        return Table(
            name=f"distortion_by_{name}",
            title=shape.title,
            caption=f"{shape.asked}: p by Bonferroni over {shape.family}. Beside it the same of alpha*, in which the "
            "noise of seeds does not stand for less distortion: where only alpha differs, the two sides differ in how "
            "much of it they inherit. Exploratory, unless declared as hypotheses. Dashes are no tests: fewer than two "
            "seeds, sides that go on from other dense trials, or no alpha*.",
            keys=shape.keys,
            columns=columns,
            parts=("alpha", "alpha*"),
            lines=tuple(
                Line(keys=key, values=tuple(found.get(column, gap) for column in columns))
                for key, found in groups.items()
            ),
            legend=LEGEND,
            records=tuple(map(_record, rows)),
            views=("recall_distortion", "intensification"),
        )

    build.__doc__ = f"{SHAPES[name].asked}."
    return build


def _rows(results: Results, name: str) -> list[Row]:
    parameters = {(row["task"], row["model"]): row["parameters"] for row in results.rows(SIZES)}
    cells = by_cell(results.distortion_trials, place)
    known = {key: parameters.get((key[0], key[2])) for key in cells}
    return comparisons(cells, {key: size for key, size in known.items() if size is not None}, name)


def _order(row: Row) -> tuple[float, float]:
    return row["one"][4], row["other"][4]


def _value(row: Row, begun: str) -> Value:
    p = row[f"{begun}corrected_p"]
    if p is None:
        return MISSING
    return Value(p_value(p), frozenset({"best"} if p <= ALPHA else ()))


def _record(row: Row) -> Row:
    sides = {
        f"{begun}{name}": value
        for begun, side in (("", row["one"]), ("other_", row["other"]))
        for name, value in zip(("task", "split", "model", "method", "sparsity"), side, strict=True)
    }
    return sides | {name: value for name, value in row.items() if name not in ("one", "other")}


BUILDERS: dict[str, Callable[[Results], Table]] = {f"distortion_by_{name}": along(name) for name in AXES}
