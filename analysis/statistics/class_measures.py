"""Measures of how far the recalls of classes lie apart, seed by seed: what hypotheses about classes compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from analysis.results import Results, Row
from analysis.statistics.cell_keys import CellKey, place
from analysis.statistics.families import Comparison, Pairs, apart, over_seeds
from analysis.statistics.recall_distortions import pseudo_values
from runner.studies.hypotheses import Compared

Side = tuple[str, str, str, float]
"""Task, model, method and sparsity."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A number of one trial, and the dense trial that it goes on from, where the number is of both."""

    value: float | None
    parent: str | None = None


Values = dict[CellKey, dict[int, Measured]]


def compared(results: Results, rows: list[Row], names: list[tuple[str, str]]) -> list[Comparison]:
    """One comparison a row of the view `hypotheses`, all of one family about classes; names: both sides in words."""
    values = MEASURES[rows[0]["compare"]](results)
    return [_comparison(values, row, told) for row, told in zip(rows, names, strict=True)]


def _comparison(values: Values, row: Row, names: tuple[str, str]) -> Comparison:
    one, other = (values.get((side[0], row["split"], *side[1:]), {}) for side in _sides(row))
    if row["test"] == "welch-t":
        return apart(_known(one), _known(other), names)
    parted = [seed for seed in one if seed in other and one[seed].parent != other[seed].parent]
    if parted:
        return Comparison(pairs=0, reason="no pairs: the two sides go on from other dense trials")
    pairs: Pairs = [
        (seed, one[seed].value if seed in one else None, other[seed].value if seed in other else None)
        for seed in sorted(one.keys() | other.keys())
    ]
    return over_seeds(pairs, row["test"], *names)


def _known(values: dict[int, Measured]) -> list[float | None]:
    return [values[seed].value for seed in sorted(values)]


def _sides(row: Row) -> tuple[Side, Side]:
    return (
        (row["task"], row["model"], row["method"], row["sparsity"]),
        (row["other_task"], row["other_model"], row["other_method"], row["other_sparsity"]),
    )


def _alpha(results: Results) -> Values:
    return _gathered(
        (place(row), row["seed"], Measured(value=row["alpha"], parent=row["parent_id"]))
        for row in results.distortion_trials
    )


def _alpha_star(results: Results) -> Values:
    """The pseudo-values of alpha*, which stand for the seeds; none where there is no alpha*."""
    cells: dict[CellKey, list[Row]] = {}
    for row in results.distortion_trials:
        cells.setdefault(place(row), []).append(row)
    found = {key: pseudo_values(rows) or {} for key, rows in cells.items()}
    return _gathered(
        (key, row["seed"], Measured(value=found[key].get(row["parent_id"]), parent=row["parent_id"]))
        for key, rows in cells.items()
        for row in rows
    )


def _recall_variance(results: Results) -> Values:
    return _gathered((place(row), row["seed"], Measured(value=row["variance"])) for row in results.recall_variances)


def _worst_recall(results: Results) -> Values:
    """The recall of the class that has the lowest of the trial."""
    return _gathered(
        (place(row), row["seed"], Measured(value=min(row["recalls"])))
        for row in results.class_recalls
        if row["recalls"]
    )


def _gathered(rows: Iterable[tuple[CellKey, int, Measured]]) -> Values:
    found: Values = {}
    for key, seed, measured in rows:
        found.setdefault(key, {})[seed] = measured
    return found


MEASURES: dict[Compared, Callable[[Results], Values]] = {
    "alpha": _alpha,
    "alpha-star": _alpha_star,
    "recall-variance": _recall_variance,
    "worst-recall": _worst_recall,
}
