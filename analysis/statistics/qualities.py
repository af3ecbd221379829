"""How good the models of every cell are, by each metric that their trials were scored by: means over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from analysis.display_names import method_key
from analysis.results import Results
from tasks.bleurt import BLEURT

CellKey = tuple[str, str, str, float]
"""Task, model, method and sparsity."""

TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One metric of a cell: the values of the seeds that have one, and how many seeds have none."""

    values: tuple[float, ...]
    undefined: int

    @property
    def seeds(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float | None:
        """Over the seeds; None where none has a value."""
        return fmean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds (n - 1); None below two."""
        return stdev(self.values) if len(self.values) > 1 else None


Qualities = Mapping[CellKey, Mapping[str, Measured]]

AS_THEY_ARE = (BLEURT,)
"""Metrics that are no fractions of 1: papers print them as they are."""


def as_printed(metric: str, value: float) -> float:
    """A value of a metric as papers print it: in percent, or as it is."""
    return value if metric in AS_THEY_ARE else 100 * value


def decimals(metric: str) -> int:
    """How many of them papers print of a metric."""
    return 2 if metric in AS_THEY_ARE else 1


def qualities(results: Results) -> Qualities:
    """Cell -> metric -> what its seeds have on the test split, in the order of the grid."""
    found: dict[CellKey, dict[str, list[float | None]]] = {}
    rows = (row for row in results.shown("metrics") if row["split"] == TEST)
    for row in sorted(rows, key=lambda row: row["seed"]):
        key = (row["task"], row["model"], row["method"], row["sparsity"])
        found.setdefault(key, {}).setdefault(row["metric"], []).append(row["value"])
    return {
        key: {metric: _measured(given) for metric, given in found[key].items()} for key in sorted(found, key=_place)
    }


def _measured(given: list[float | None]) -> Measured:
    values = tuple(value for value in given if value is not None)
    return Measured(values=values, undefined=len(given) - len(values))


def _place(key: CellKey) -> tuple[str, str, float, tuple[int, str]]:
    task, model, method, sparsity = key
    return task, model, sparsity, method_key(method)
