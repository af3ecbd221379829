"""Tables: accuracy and variance of recall before pruning beside those after: Tables 10 and 11 of Good et al. 2022."""

from __future__ import annotations

from statistics import fmean

from analysis.display_names import method_name
from analysis.results import Results, Row
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Line, Mark, Table, Value
from runner.methods import DENSE

LEGEND: dict[Mark, str] = {"incomplete": "fewer seeds committed than planned"}

OF_A_CELL = ("task", "split", "model", "method", "sparsity", "classes")


def build_accuracy(results: Results) -> Table:
    """Mean accuracy of the dense trials that each method goes on from, and of its own by sparsity."""
    rows = [
        row | {"before": row["dense_accuracy"], "after": row["accuracy"]}
        for row in results.recall_distortions
        if row["dense_accuracy"] is not None
    ]
    keys = key_columns(rows)
    return Table(
        name="accuracy_before_pruning",
        title="Accuracy before and after pruning",
        caption="Mean accuracy of the very dense trials that a method goes on from, and after pruning. Methods whose "
        "trials go on from the same dense trials have the same accuracy before; others are not to be paired.",
        keys=keys,
        columns=("before", *headings(sparsities(rows))),
        parts=("",),
        lines=_lines(results, rows, keys, 3),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("recall_distortion",),
    )


def build_variance(results: Results) -> Table:
    """Mean over seeds of the variance of recall over classes, dense and by sparsity."""
    groups: dict[tuple[object, ...], list[float]] = {}
    for row in results.recall_variances:
        if row["variance"] is not None:
            groups.setdefault(tuple(row[name] for name in OF_A_CELL), []).append(row["variance"])
    ordered: list[Row] = [
        {**dict(zip(OF_A_CELL, key, strict=True)), "variance": fmean(own), "seeds": len(own)}
        for key, own in groups.items()
    ]
    dense = {_place(row): row["variance"] for row in ordered if row["method"] == DENSE}
    rows = [
        row | {"before": dense.get(_place(row)), "after": row["variance"]} for row in ordered if row["method"] != DENSE
    ]
    keys = key_columns(rows)
    return Table(
        name="recall_variance",
        title="Variance of recall",
        caption="Mean over seeds of the variance of recall over the classes (n - 1). It says neither which classes "
        "lose nor whether they lose more than others did before; drawing the examples alone makes part of it.",
        keys=keys,
        columns=(DENSE, *headings(sparsities(rows))),
        parts=("",),
        lines=_lines(results, rows, keys, 5),
        legend=LEGEND,
        records=results.with_completeness(ordered),
        views=("recall_variance",),
    )


def _place(row: Row) -> tuple[str, str, str]:
    return row["task"], row["split"], row["model"]


def _lines(results: Results, rows: list[Row], keys: tuple[str, ...], digits: int) -> tuple[Line, ...]:
    """Lines by sparsity of what is after pruning, with what was before it in front."""
    before = {_names(row, keys): Value(_told(row["before"], digits)) for row in rows}

    def value(row: Row) -> tuple[Value, ...]:
        marks: frozenset[Mark] = frozenset({"incomplete"} if results.is_incomplete(row) else ())
        return (Value(_told(row["after"], digits), marks),)

    found = lines(rows, keys, sparsities(rows), value)
    return tuple(Line(keys=line.keys, values=((before[line.keys],), *line.values)) for line in found)


def _names(row: Row, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(method_name(row[name]) if name == "method" else str(row[name]) for name in keys)


def _told(value: float | None, digits: int) -> str:
    return MISSING.text if value is None else f"{value:.{digits}f}"
