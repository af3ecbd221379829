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
from analysis.figures.references import comparable, references
from analysis.figures.style import DISPUTED, DISPUTED_NAME, MARKERS, styled
from analysis.results import Results, Row

BINS = 20
LIGHTEST = 0.7  # of viridis; beyond it are the green and yellow that paper, and a dark screen, swallow


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one panel per method, one line per sparsity, over 20 bins of EL2N.

    A line is of PIEs of halves, which half of the dense and half of the pruned seeds vote differently, the dotted one
    of what two halves of the dense seeds do: seed noise. The paper's PIEs are of all seeds.
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
    column, name = comparable(rows, "rate", "halves_rate")
    grid = panel_grid([method_name(method) for method in methods], place, legend)
    for axes, method in zip(grid.panels, methods, strict=True):
        for line in references(
            (row for row in rows if row["method"] == method), lambda row: row["bin"], "dispute_rate"
        ):
            axes.plot(*line, **DISPUTED)
        for sparsity, look in looks.items():
            own = [row for row in rows if row["method"] == method and row["sparsity"] == sparsity]
            own = [row for row in own if row[column] is not None]
            axes.plot([row["bin"] for row in own], [row[column] for row in own], clip_on=False, in_layout=False, **look)
            add_points(axes, [_point(row, column) for row in own])
        axes.set_xticks(range(4, BINS + 1, 4), [str(5 * number) for number in range(4, BINS + 1, 4)])
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    return grid.label("percentile of EL2N", f"{name} in the bin", bottom=0)


def _point(row: Row, column: str) -> Point:
    halves = "" if column == "rate" else f"{row[column] * 100:.1f} % PIEs of halves, "
    words = f"{halves}{row['rate'] * 100:.1f} % PIEs in bin {row['bin']} of {BINS} by EL2N"
    return Point(
        x=row["bin"],
        y=row[column],
        words=f"{cell_name(row['method'], row['sparsity'])}: {words}",
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
