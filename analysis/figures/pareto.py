"""Quality against size across all methods, the Pareto front marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from analysis.display_names import cell_name, method_key, method_name
from analysis.figures.drawing import Place
from analysis.figures.panels import key, panel_grid
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.style import DASHES, INK, MethodStyle, looks, styled
from analysis.results import Results, Row
from analysis.statistics.tradeoffs import SAME_SIZE, tradeoffs
from analysis.tables.tradeoffs import size_told, unit
from runner.methods import DENSE

LABELS = {"bytes": "size of the network, {} ({})"}
LEFT = "{} left ({})"
SIZE = (6.4, 3.6)
FRONT: dict[str, Any] = {"color": "#9aa1b0", "linewidth": 5.0, "alpha": 0.45, "solid_capstyle": "round"}
MOST = 12
"""Sizes that stand evenly apart; more stand where a logarithmic scale has them."""
SLOT, FILLED, EDGE = 0.1, 0.8, 0.6
"""Of the way from one size to the next: between points of one size, and all of these, at most; and beyond all."""
MARGIN, APART = 0.08, 0.08
"""Of the width of a logarithmic axis: beyond the points, and between ticks, at least."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the cells of a figure stand, by the identity of their rows; edges: left of all that are as large.

    ticks: place -> what is said there.
    """

    at: dict[int, float]
    edges: dict[int, float]
    ticks: dict[float, str]
    left: float
    right: float
    is_log: bool


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """A figure of each task and model: a point a cell, its interval from five seeds on, filled on the front."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in tradeoffs(results):
        groups.setdefault((row["task"], row["model"]), []).append(row)
    for place, rows in groups.items():
        with styled():
            yield place, _figure(place, rows)


def _figure(place: Place, rows: list[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows} - {DENSE}, key=method_key)
    known = looks(methods)
    marked = {"ms": 5.5, "linewidth": 0.8}
    legend = [
        *(
            key(method_name(name), {"color": known[name].colour, "marker": known[name].marker, **marked})
            for name in methods
        ),
        key(DENSE, {"color": INK, "marker": "o", "ms": 5.5, "linestyle": DASHES, "linewidth": 1}),
        key("Pareto front", FRONT),
        key("not on it", {"color": INK, "marker": "o", "ms": 5.5, "mfc": "white", "linestyle": "none"}),
    ]
    grid = panel_grid([""], place, legend, columns=1, size=SIZE)
    layout = _panel(grid.panels[0], rows, known)
    axis = LABELS.get(rows[0]["sized_by"], LEFT).format(unit(rows)[1], "log scale" if layout.is_log else "not to scale")
    return grid.label(axis, rows[0]["metric"])


def _panel(axes: Axes, rows: list[Row], known: dict[str, MethodStyle]) -> Layout:
    told = unit(rows)
    layout = _layout(rows, {id(row): row["size"] / told[0] for row in rows})
    if layout.is_log:
        axes.set_xscale("log")
    axes.set_xlim(layout.left, layout.right)
    axes.set_xticks(list(layout.ticks), list(layout.ticks.values()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    _front(axes, rows, layout)
    for method in [DENSE, *known]:
        own = sorted((row for row in rows if row["method"] == method), key=lambda row: layout.at[id(row)])
        colour, marker = (known[method].colour, known[method].marker) if method in known else (INK, "o")
        at = [layout.at[id(row)] for row in own]
        axes.plot(at, [row["mean"] for row in own], color=colour, linewidth=0.8, alpha=0.45)
        for x, row in zip(at, own, strict=True):
            if row["low"] is not None:
                axes.plot([x, x], [row["low"], row["high"]], color=colour, linewidth=1.1)
            face = colour if row["on_front"] else "white"
            axes.plot([x], [row["mean"]], color=colour, marker=marker, ms=6, mfc=face, linestyle="none", zorder=3)
        if method == DENSE:
            for row in own:
                axes.axhline(row["mean"], color=INK, linestyle=DASHES, linewidth=0.8, zorder=1)
    add_points(
        axes,
        [Point(x=layout.at[id(row)], y=row["mean"], words=_words(row, told), filters=of_cell(row)) for row in rows],
    )
    return layout


def _layout(rows: Sequence[Row], sizes: dict[int, float]) -> Layout:
    """Cells in the order of their sizes, those of about one size side by side; of equal ones in that of the methods."""
    groups: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (sizes[id(row)], method_key(row["method"]))):
        if groups and sizes[id(row)] <= sizes[id(groups[-1][-1])] * SAME_SIZE:
            groups[-1].append(row)
        else:
            groups.append([row])
    if len(groups) > MOST:
        return _to_scale(sizes)
    slot = min(SLOT, FILLED / max(map(len, groups)))
    at = {
        id(row): place + (number - (len(group) - 1) / 2) * slot
        for place, group in enumerate(groups)
        for number, row in enumerate(group)
    }
    edges = {
        id(row): min(at[id(one)] for one in group if sizes[id(one)] == sizes[id(row)]) - slot / 2
        for group in groups
        for row in group
    }
    ticks = {float(place): f"{fmean(sizes[id(row)] for row in group):.3g}" for place, group in enumerate(groups)}
    return Layout(at=at, edges=edges, ticks=ticks, left=-EDGE, right=len(groups) - 1 + EDGE, is_log=False)


def _to_scale(sizes: dict[int, float]) -> Layout:
    """Each cell at its size on a logarithmic scale, with a tick at a size unless it is too near to a larger one."""
    low, high = min(sizes.values()), max(sizes.values())
    width = high / low
    shown: list[float] = []
    for size in sorted({*sizes.values()}, reverse=True):
        if not shown or shown[-1] / size > width**APART:
            shown.append(size)
    ticks = {size: f"{size:.3g}" for size in shown}
    left, right = low / width**MARGIN, high * width**MARGIN
    return Layout(at=sizes, edges=sizes, ticks=ticks, left=left, right=right, is_log=True)


def _front(axes: Axes, rows: Sequence[Row], layout: Layout) -> None:
    """A step through the front: the best quality of networks of at most that size. It rises before all of one size."""
    front = sorted((row for row in rows if row["on_front"]), key=lambda row: (layout.edges[id(row)], row["mean"]))
    at = [*(layout.edges[id(row)] for row in front), layout.right]
    axes.step(at, [*(row["mean"] for row in front), front[-1]["mean"]], where="post", zorder=0, **FRONT)


def _words(row: Row, told: tuple[float, str]) -> str:
    name = DENSE if row["method"] == DENSE else cell_name(row["method"], row["sparsity"])
    between = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
    return (
        f"{name}: {row['metric']} {row['mean']:.3f}{between}, {row['seeds']} seeds; {size_told(row, told)}"
        f"{'; on the Pareto front' if row['on_front'] else ''}"
    )
