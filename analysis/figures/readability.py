"""Draw how much harder PIEs of halves are to read than all texts: Figures 5 and 21 to 27 of Tropeano et al. 2025."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.display_names import cell_name, method_key, method_name
from analysis.figures.drawing import Place
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.references import HALVES, comparable
from analysis.figures.style import DISPUTED, DISPUTED_NAME, INK, MethodStyle, looks, positions, styled
from analysis.results import Results, Row
from analysis.statistics.readability_ratios import ratios

TITLES = {
    "automated_readability_index": "Automated readability",
    "coleman_liau_index": "Coleman-Liau",
    "flesch_kincaid_grade": "Flesch-Kincaid grade",
    "linsear_write_formula": "Linsear Write",
    "gunning_fog": "Gunning fog",
    "difficult_words": "Difficult words",
    "dale_chall_readability_score": "Dale-Chall",
    "tokens": "Length in tokens",
}
MEAN = "#12B5A6"


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one panel per score: mean over PIEs / mean over all, by method and on average.

    PIEs of halves are the examples on which half of the dense and half of the pruned seeds vote differently; the dotted
    line is of those on which two halves of the dense seeds do. A panel lacks the cells with few PIEs, and those whose
    ratio says nothing because a mean is not positive.
    """
    rows = [row for row in ratios(results) if row["ratio"] is not None]
    for place, own in by_place(rows).items():
        with styled():
            yield place, _figure(place, own)


def _figure(place: tuple[str, str], every: list[Row]) -> Figure:
    column, name = comparable(every, "ratio", "halves_ratio")
    low, high = ("halves_low", "halves_high") if name == HALVES else ("low", "high")
    rows = [
        row | {"drawn": row[column], "drawn_low": row[low], "drawn_high": row[high], "name": name}
        for row in every
        if row[column] is not None
    ]
    scores = [score for score in TITLES if any(row["score"] == score for row in rows)]
    methods = sorted({row["method"] for row in rows}, key=method_key)
    known = looks(methods)
    legend = [
        *(key(method_name(m), {"color": known[m].colour, "marker": known[m].marker, "ms": 3.5}) for m in methods),
        key("mean of the methods", {"color": MEAN, "linewidth": 2.6}),
        key("as hard as all examples", {"color": INK, "linewidth": 1}),
        *([key(DISPUTED_NAME, DISPUTED)] if any(row["disputed_ratio"] is not None for row in rows) else []),
    ]
    grid = panel_grid([TITLES[score] for score in scores], place, legend, share_y=False)
    for axes, score in zip(grid.panels, scores, strict=True):
        _panel(axes, rows, [row for row in rows if row["score"] == score], known)
    return grid.label("weights removed", f"{name} / all")


def _panel(axes: Axes, every: Sequence[Row], rows: Sequence[Row], known: dict[str, MethodStyle]) -> None:
    places = positions(axes, every)
    axes.axhline(1, color=INK, linewidth=1, zorder=1.5)
    for ratio in {row["disputed_ratio"] for row in rows} - {None}:
        axes.axhline(ratio, **DISPUTED, zorder=1.6)
    for method, look in known.items():
        own = [row for row in rows if row["method"] == method]
        at, found = [places[row["sparsity"]] for row in own], [row["drawn"] for row in own]
        axes.plot(at, found, color=look.colour, marker=look.marker, markersize=3.5, linewidth=0.9, alpha=0.8)
        low, high = ([row[name] for row in own] for name in ("drawn_low", "drawn_high"))
        axes.fill_between(at, low, high, color=look.colour, alpha=0.06, linewidth=0)
        add_points(
            axes,
            [
                Point(x=x, y=row["drawn"], words=_words(row), filters=of_cell(row))
                for x, row in zip(at, own, strict=True)
            ],
        )
    means = {at: fmean(found) for at, found in _by_sparsity(rows, places).items()}
    axes.plot(list(means), list(means.values()), color=MEAN, linewidth=2.6, zorder=3)


def _words(row: Row) -> str:
    told = f"{row['name']} / all {row['drawn']:.3f} ({row['drawn_low']:.3f} to {row['drawn_high']:.3f})"
    return f"{cell_name(row['method'], row['sparsity'])}: {TITLES[row['score']]}, {told}"


def _by_sparsity(rows: Sequence[Row], places: dict[float, int]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for row in sorted(rows, key=lambda row: places[row["sparsity"]]):
        found.setdefault(places[row["sparsity"]], []).append(row["drawn"])
    return found
