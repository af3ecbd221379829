"""Table: how good the models are, in the shape of Table 9 of Tropeano et al. 2025."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.tables.layout import MISSING, extremes, headings, key_columns, lines, sparsities
from analysis.tables.table import Line, Mark, Table, Value
from runner.methods import DENSE

LEGEND: dict[Mark, str] = {
    "best": "the best method at this sparsity",
    "incomplete": "fewer seeds committed than planned",
    "undefined": "some seeds have no value: correlations with answers that are all the same, or no numbers",
}


def build(results: Results) -> Table:
    """Mean and standard deviation (n - 1) over seeds of the headline metric; the first column is the dense model."""
    rows = [row for row in results.effectiveness if row["method"] != DENSE]
    best, _ = extremes(rows, lambda row: None if row["mean"] is None else round(row["mean"], 3))
    columns, keys = sparsities(rows), key_columns(results.effectiveness, "metric")

    def value(row: Row) -> tuple[Value, ...]:
        marks: set[Mark] = {"best"} if id(row) in best else set()
        return (Value(mean_and_deviation(row), frozenset(marks | _doubts(results, row))),)

    return Table(
        name="effectiveness",
        title="Effectiveness",
        caption="The headline metric of each task, mean ± standard deviation over seeds, by sparsity. "
        f"{results.longer_training}".rstrip(),
        keys=keys,
        columns=("dense", *headings(columns)),
        parts=("",),
        lines=_beside_dense(results, keys, lines(rows or results.effectiveness, keys, columns, value)),
        legend=LEGEND,
        records=results.with_completeness(results.effectiveness),
        views=("effectiveness",),
    )


def mean_and_deviation(row: Row) -> str:
    """0.932 ± 0.005; the mean alone for one seed, and a dash where no seed has a value."""
    if row["mean"] is None:
        return MISSING.text
    return f"{row['mean']:.3f}" + ("" if row["std"] is None else f" ± {row['std']:.3f}")


def _doubts(results: Results, row: Row) -> set[Mark]:
    marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
    return marks | ({"undefined"} if row["undefined"] else set())


def _beside_dense(results: Results, keys: tuple[str, ...], found: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines with the dense model's value in front."""
    place = keys.index("method")
    dense = {}
    for row in results.effectiveness:
        if row["method"] == DENSE:
            key = tuple(str(row[name]) for name in keys if name != "method")
            dense[key] = (Value(mean_and_deviation(row), frozenset(_doubts(results, row))),)
    gap = (MISSING,)
    return tuple(
        Line(keys=line.keys, values=(dense.get(line.keys[:place] + line.keys[place + 1 :], gap), *line.values))
        for line in found
    )
