"""The numbers behind the tables, figures and summaries of one store, each asked for once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from analysis.order import method_key, split_key
from runner.methods import DENSE

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """Rows of the public views as dictionaries, in the order of the grid."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[Row]:
        """The rows of any SELECT."""
        return self.connection.sql(query).to_arrow_table().to_pylist()  # type: ignore[no-any-return]

    @cached_property
    def completeness(self) -> list[Row]:
        return sorted(self.rows("FROM completeness"), key=_grid)

    @cached_property
    def pie_rate(self) -> list[Row]:
        return sorted(self.rows("FROM pie_rate"), key=_grid)

    @cached_property
    def effectiveness(self) -> list[Row]:
        """Mean, deviation (n - 1; null for one seed) and seeds of the effectiveness of every cell."""
        query = """
            SELECT task, split, model, method, sparsity, metric,
                avg(value ORDER BY seed) AS mean, stddev_samp(value ORDER BY seed) AS std, count(*) AS seeds
            FROM effectiveness GROUP BY ALL"""
        return sorted(self.rows(query), key=_grid)

    @cached_property
    def accuracy_on_pies(self) -> list[Row]:
        """In the order of the grid within each model and estimator."""

        def place(row: Row) -> tuple[Any, ...]:
            return *_grid(row)[:3], row["estimator"], _grid(row), row["subset"]

        return sorted(self.rows("FROM accuracy_on_pies"), key=place)

    @cached_property
    def incomplete(self) -> set[tuple[str, str, str, float]]:
        """Cells with fewer committed trials than planned."""
        return {cell(row) for row in self.completeness if row["committed"] < row["planned"]}

    def is_incomplete(self, row: Row) -> bool:
        """True if the row's cell, or the dense cell it is compared with, lacks planned seeds."""
        return cell(row) in self.incomplete or (row["task"], row["model"], DENSE, 0.0) in self.incomplete


def cell(row: Row) -> tuple[str, str, str, float]:
    """Task, model, method and sparsity of a row."""
    return row["task"], row["model"], row["method"], row["sparsity"]


def _grid(row: Row) -> tuple[Any, ...]:
    return row["task"], split_key(row.get("split", "")), row["model"], method_key(row["method"]), row["sparsity"]
