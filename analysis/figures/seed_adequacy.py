"""Draw what more seeds give: how steady the set of PIEs is, and how well its rate is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from analysis.display_names import method_key, method_name
from analysis.figures.drawing import Place
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points
from analysis.figures.style import INK, RULE, MethodStyle, looks, styled
from analysis.results import Results, Row
from analysis.statistics.adequacy import POINT

TITLES = ("PIEs that two disjoint sets of seeds share (Jaccard)", "± of the PIE rate, in points")


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one line per method, the mean over its sparsities, against the number of seeds."""
    for place, rows in by_place(results.survey.adequacy).items():
        with styled():
            yield place, _figure(place, rows)


def _figure(place: tuple[str, str], rows: list[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows}, key=method_key)
    known = looks(methods)
    legend = [
        key(method_name(name), {"color": look.colour, "marker": look.marker, "ms": 4}) for name, look in known.items()
    ]
    grid = panel_grid(TITLES, place, legend, columns=2, size=(4.4, 2.7), share_y=False)
    steady, width = grid.panels
    for method, look in known.items():
        own = [row for row in rows if row["method"] == method]
        _line(steady, own, "jaccard", look)
        _line(width, own, "half_width", look)
    steady.set_ylim(0, 1)
    _widths(width, rows)
    sizes = sorted({row["seeds"] for row in rows})
    for axes in grid.panels:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("seeds")
    return grid.figure


def _line(axes: Axes, rows: Sequence[Row], measure: str, look: MethodStyle) -> None:
    values: dict[int, list[float]] = {}
    for row in rows:
        if row[measure] is not None:
            values.setdefault(row["seeds"], []).append(row[measure])
    places = sorted(values)
    means = [float(np.mean(values[place])) for place in places]
    axes.plot(places, means, color=look.colour, marker=look.marker, markersize=4, linewidth=1.4)
    points = zip(places, means, strict=True)
    add_points(axes, [Point(x=x, y=y, words=_words(rows[0], measure, x, y), filters={}) for x, y in points])


def _words(row: Row, measure: str, seeds: int, value: float) -> str:
    told = f"Jaccard {value:.2f}" if measure == "jaccard" else f"± {value * 100:.1f} points"
    return f"{method_name(row['method'])}, {seeds} seed{'' if seeds == 1 else 's'}: {told}, mean over sparsities"


def _widths(axes: Axes, rows: Sequence[Row]) -> None:
    """Shade what is beyond the seeds that are there, and mark one point."""
    there = max(row["seeds"] for row in rows if row["measured"])
    axes.axvspan(there, max(row["seeds"] for row in rows), color=RULE, alpha=0.4, linewidth=0)
    axes.axhline(POINT, color=INK, linewidth=0.8, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None, symbol=""))
