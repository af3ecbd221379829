"""Draw the share of PIEs of halves against human disagreement: does pruning break what people disagree on?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.display_names import method_key, method_name
from analysis.figures.drawing import Place
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points
from analysis.figures.references import comparable, references
from analysis.figures.style import DISPUTED, DISPUTED_NAME, INK, looks, styled
from analysis.results import Results, Row
from analysis.statistics.human_difficulty import BINS, shares

SIZE = (6.2, 3.0)


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model: the share of PIEs in each tenth of the examples, by method and on average.

    A method's share is the mean over its sparsities. PIEs of halves are the examples on which half of the dense and
    half of the pruned seeds vote differently; the dotted line is of those on which two halves of the dense seeds do.
    """
    for place, rows in by_place(shares(results)).items():
        with styled():
            yield place, _figure(place, rows)


def _figure(place: tuple[str, str], rows: Sequence[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows}, key=method_key)
    known = looks(methods)
    disputed = references(rows, lambda row: row["bin"], "dispute_share")
    legend = [
        *(key(method_name(m), {"color": known[m].colour, "marker": known[m].marker, "ms": 4}) for m in methods),
        key("mean of the methods", {"color": INK, "linewidth": 2.6}),
        *([key(DISPUTED_NAME, DISPUTED)] if disputed else []),
    ]
    grid = panel_grid([""], place, legend, columns=1, size=SIZE)
    (axes,) = grid.panels
    column, name = comparable(rows, "share", "halves_share")
    lines = {method: _by_bin((row for row in rows if row["method"] == method), column) for method in methods}
    for method, line in lines.items():
        look = known[method]
        axes.plot(list(line), list(line.values()), color=look.colour, marker=look.marker, markersize=4, linewidth=1)
        add_points(axes, [_point(place, method, at, (share, name)) for at, share in line.items()])
    bins = sorted({number for line in lines.values() for number in line})
    means = [fmean(line[number] for line in lines.values() if number in line) for number in bins]
    axes.plot(bins, means, color=INK, linewidth=2.6, zorder=3)
    for reference in disputed:
        axes.plot(*reference, **DISPUTED)
    axes.set_xticks(range(1, BINS + 1))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    tenths = "tenth of the examples, by how much people disagree on them"
    return grid.label(tenths, f"{name} in the tenth", bottom=0)


def _point(place: tuple[str, str], method: str, number: int, told: tuple[float, str]) -> Point:
    share, name = told
    return Point(
        x=number,
        y=share,
        words=f"{method_name(method)}: {share * 100:.1f} % {name} in tenth {number}, mean over sparsities",
        filters={"task": place[0], "model": place[1], "method": method, "sort": "disagreement"},
    )


def _by_bin(rows: Iterable[Row], column: str) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for row in rows:
        if row[column] is not None:
            found.setdefault(row["bin"], []).append(row[column])
    return {number: fmean(found[number]) for number in sorted(found)}
