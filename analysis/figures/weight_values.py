"""How the weights that stay are distributed, as the left half of Figure 4 of Ren and Zhu 2023."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.drawing import Place
from analysis.figures.method_lines import draw_lines
from analysis.results import Results, Row

QUERY = """
    SELECT task, model, method, sparsity, low, high, histogram FROM layers WHERE kept > 0
    ORDER BY task, model, method, sparsity, layer_no, seed"""
BINS = 65


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """Of all layers and seeds together, as a density."""
    rows = results.rows(QUERY)
    cells = groupby(rows, key=lambda row: (row["task"], row["model"], row["method"], row["sparsity"]))
    lines = [point for _, cell in cells for point in density(list(cell))]
    yield from draw_lines(lines, "value of a weight that stays", "density", is_log=True)


def density(rows: list[Row]) -> list[Row]:
    """Points of a cell's density: each bin of a layer counts at its middle."""
    middles = np.concatenate([_middles(row) for row in rows])
    counts = np.concatenate([np.asarray(row["histogram"], np.float64) for row in rows])
    reach = max(float(np.abs(middles).max()), 1e-12)
    found, edges = np.histogram(middles, BINS, (-reach, reach), weights=counts, density=True)
    at = (edges[:-1] + edges[1:]) / 2
    place = {name: rows[0][name] for name in ("task", "model", "method", "sparsity")}
    return [{**place, "x": float(x), "y": float(y)} for x, y in zip(at, found, strict=True) if y > 0]


def _middles(row: Row) -> NDArray[np.float64]:
    count, low, high = len(row["histogram"]), float(row["low"]), float(row["high"])
    return low + (np.arange(count) + 0.5) * (high - low) / count
