"""The share of PIEs among easy and hard training examples: Figures 4 and 14 to 20 of Tropeano et al. 2025."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.display_names import cell_name, method_key, method_name, percent
from analysis.figures.drawing import Place
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.references import references
from analysis.figures.style import DISPUTED, DISPUTED_NAME, MARKERS, styled
from analysis.results import Results, Row

BINS = 20
LIGHTEST = 0.7  # of viridis; beyond it are the green and yellow that paper, and a dark screen, swallow


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one panel per method, one line per sparsity, over 20 bins of EL2N.

    The dotted line is that of the examples on which dense models alone disagree: what seed noise does.
    """
    for place, rows in by_place(results.el2n_bins).items():
        with styled():
            yield place, _figure(place, rows)


def _figure(place: tuple[str, str], rows: list[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows}, key=method_key)
    sparsities = sorted({row["sparsity"] for row in rows})
    looks = shades(sparsities)
    legend = [key(f"{percent(sparsity)} removed", look) for sparsity, look in looks.items()]
    legend += [key(DISPUTED_NAME, DISPUTED)] if any(row["dispute_rate"] is not None for row in rows) else []
    grid = panel_grid([method_name(method) for method in methods], place, legend)
    for axes, method in zip(grid.panels, methods, strict=True):
        for line in references(
            (row for row in rows if row["method"] == method), lambda row: row["bin"], "dispute_rate"
        ):
            axes.plot(*line, **DISPUTED)
        for sparsity, look in looks.items():
            own = [row for row in rows if row["method"] == method and row["sparsity"] == sparsity]
            axes.plot([row["bin"] for row in own], [row["rate"] for row in own], clip_on=False, in_layout=False, **look)
            add_points(axes, [_point(row) for row in own])
        axes.set_xticks(range(4, BINS + 1, 4), [str(5 * number) for number in range(4, BINS + 1, 4)])
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    return grid.label("percentile of EL2N", "PIEs in the bin", bottom=0)


def _point(row: Row) -> Point:
    name = cell_name(row["method"], row["sparsity"])
    return Point(
        x=row["bin"],
        y=row["rate"],
        words=f"{name}: {row['rate'] * 100:.1f} % PIEs in bin {row['bin']} of {BINS} by EL2N",
        filters=of_cell(row) | {"measure": "el2n", "bin": f"{row['bin']}-{row['bin']}"},
    )


def shades(sparsities: Sequence[float]) -> dict[float, dict[str, Any]]:
    """A look for each sparsity, the darker the more is removed."""
    colours = colormaps["viridis"]
    return {
        sparsity: {
            "color": colours(LIGHTEST * (1 - number / max(len(sparsities) - 1, 1))),
            "marker": MARKERS[number % len(MARKERS)],
            "markersize": 2.8,
            "linewidth": 1.1,
        }
        for number, sparsity in enumerate(sparsities)
    }
