"""The PIE rate against the number of seeds that vote: a rate is a number of its own for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.display_names import cell_name, method_key, method_name, percent
from analysis.figures.drawing import Place
from analysis.figures.el2n_bins import shades
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.style import DISPUTED, DISPUTED_NAME, styled
from analysis.results import Results, Row


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one panel per method, one line per sparsity; dotted: dense against dense."""
    rows = [row for row in results.survey.adequacy if row["measured"]]
    for place, own in by_place(rows).items():
        with styled():
            yield place, _figure(place, own)


def _figure(place: tuple[str, str], rows: Sequence[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows}, key=method_key)
    looks = shades(sorted({row["sparsity"] for row in rows}))
    legend = [key(f"{percent(sparsity)} removed", look) for sparsity, look in looks.items()]
    grid = panel_grid([method_name(method) for method in methods], place, [*legend, key(DISPUTED_NAME, DISPUTED)])
    reference = _dense_rates(rows)
    for axes, method in zip(grid.panels, methods, strict=True):
        axes.plot(list(reference), list(reference.values()), **DISPUTED)
        for sparsity, look in looks.items():
            own = [row for row in rows if row["method"] == method and row["sparsity"] == sparsity]
            axes.plot([row["seeds"] for row in own], [row["rate"] for row in own], **look)
            add_points(axes, [_point(row) for row in own])
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    return grid.label("seeds that vote", "PIEs", bottom=0)


def _point(row: Row) -> Point:
    name = cell_name(row["method"], row["sparsity"])
    words = f"{name}: {row['rate'] * 100:.1f} % PIEs of {row['seeds']} seed{'' if row['seeds'] == 1 else 's'}"
    return Point(x=row["seeds"], y=row["rate"], words=words, filters=of_cell(row))


def _dense_rates(rows: Sequence[Row]) -> dict[int, float]:
    """Number of seeds -> how often two disjoint sets of so many dense seeds vote differently, mean over the cells."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["dense_rate"] is not None:
            found.setdefault(row["seeds"], []).append(row["dense_rate"])
    return {size: fmean(found[size]) for size in sorted(found)}
