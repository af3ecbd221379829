"""How the weights that stay are distributed, as the left half of Figure 4 of Ren and Zhu 2023."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.display_names import percent
from analysis.figures.drawing import Place
from analysis.figures.method_lines import draw_lines
from analysis.results import Results, Row

QUERY = """
    SELECT task, model, method, sparsity, low, high, histogram FROM layers WHERE kept > 0
    ORDER BY task, model, method, sparsity, layer_no, seed"""
BINS = 129
INSIDE = 0.999
"""The share of the weights that the axis shows, of the cell that needs the widest."""


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """Of all layers and seeds together, as a density."""
    for _, own in groupby(results.rows(QUERY), key=lambda row: (row["task"], row["model"])):
        cells = [list(cell) for _, cell in groupby(own, key=lambda row: (row["method"], row["sparsity"]))]
        reach = max(reach_of(cell) for cell in cells)
        lines = [point for cell in cells for point in density(cell, reach)]
        yield from draw_lines(lines, f"value of a weight that stays (middle {percent(INSIDE)})", "density", is_log=True)


def reach_of(rows: Sequence[Row]) -> float:
    """The distance from zero within which the middle INSIDE of a cell's weights lie."""
    farthest = max(1e-12, *(abs(row[end]) for row in rows for end in ("low", "high")))
    distances = np.linspace(0, farthest, 2001)
    within = np.sum([_below(row, distances) - _below(row, -distances) for row in rows], axis=0)
    return float(distances[int(np.searchsorted(within, INSIDE * within[-1]))])


def density(rows: Sequence[Row], reach: float) -> list[Row]:
    """Points of a cell's density between -reach and reach; the weights in a bin of a layer lie evenly in it."""
    edges = np.linspace(-reach, reach, BINS + 1)
    counts = np.diff(np.sum([_below(row, edges) for row in rows], axis=0))
    total = sum(sum(row["histogram"]) for row in rows)
    found = counts / total / np.diff(edges)
    at = (edges[:-1] + edges[1:]) / 2
    place = {name: rows[0][name] for name in ("task", "model", "method", "sparsity")}
    return [{**place, "x": float(x), "y": float(y)} for x, y in zip(at, found, strict=True) if y > 0]


def _below(row: Row, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many weights of a layer are at most as large as each value."""
    low, high = float(row["low"]), float(row["high"])
    counts = np.asarray(row["histogram"], np.float64)
    if high <= low:
        return np.where(values >= low, counts.sum(), 0.0)
    edges = np.linspace(low, high, len(counts) + 1)
    below: NDArray[np.float64] = np.interp(values, edges, np.concatenate([[0.0], counts.cumsum()]))
    return below
