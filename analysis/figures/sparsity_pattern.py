"""Which weights of one matrix stay under each method, as Figure 1 of Ren and Zhu 2023."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from analysis.display_names import cell_name, method_key
from analysis.figures.drawing import Place
from analysis.figures.panels import panel_grid
from analysis.figures.style import styled
from analysis.results import Results, Row
from runner.extras import GRID

QUERY = """
    SELECT task, model, method, sparsity, layer_no, layer, outputs, inputs, pattern FROM layers
    WHERE sparsity > 0 AND rank IS NOT NULL
    QUALIFY seed = min(seed) OVER (PARTITION BY task, model, method, sparsity)
    ORDER BY task, model, method, sparsity, layer_no"""


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """The lowest seed of each method at its highest sparsity, of the middle one of the largest matrices."""
    rows = results.rows(QUERY)
    for task, model in sorted({(row["task"], row["model"]) for row in rows}):
        own = [row for row in rows if (row["task"], row["model"]) == (task, model)]
        chosen = _one_matrix(own)
        methods = sorted({row["method"] for row in chosen}, key=method_key)
        shown = [
            max((row for row in chosen if row["method"] == name), key=lambda row: row["sparsity"]) for name in methods
        ]
        with styled():
            titles = [cell_name(row["method"], row["sparsity"]) for row in shown]
            grid = panel_grid(titles, (task, model, shown[0]["layer"]), (), share_y=False)
            for axes, row in zip(grid.panels, shown, strict=True):
                shape = min(GRID, row["outputs"]), min(GRID, row["inputs"])
                share = np.asarray(row["pattern"], np.float64).reshape(shape) / 255
                axes.imshow(
                    share, cmap="Greys", vmin=0, vmax=max(share.max(), 1e-9), interpolation="nearest", aspect="auto"
                )
                axes.grid(visible=False)
                axes.set_xticks([])
                axes.set_yticks([])
            yield (task, model), grid.figure


def _one_matrix(rows: list[Row]) -> list[Row]:
    """The rows of the middle one of the largest matrices."""
    largest = max(row["outputs"] * row["inputs"] for row in rows)
    numbers = sorted({row["layer_no"] for row in rows if row["outputs"] * row["inputs"] == largest})
    return [row for row in rows if row["layer_no"] == numbers[len(numbers) // 2]]
