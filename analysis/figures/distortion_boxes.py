"""Boxes of alpha by sparsity, with labels: Figures 1 to 4 of Good et al. 2022; and its intervals: Figures 9 to 12."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.alpha_scale import draw_together, label, set_limits
from analysis.figures.distortion_sheets import Sheet, look, sheets
from analysis.figures.drawing import Place
from analysis.figures.panels import key, panel_grid
from analysis.figures.points import Point, add_points
from analysis.figures.style import DASHES, INK, styled
from analysis.results import Results, Row

ASIDE = 0.17
STAR: dict[str, Any] = {"color": INK, "marker": "D", "markersize": 4, "markerfacecolor": "white", "linestyle": "none"}
CONTROL: dict[str, Any] = {"color": INK, "linestyle": (0, (1, 1.5)), "linewidth": 1.6}
ONE: dict[str, Any] = {"color": INK, "linestyle": DASHES, "linewidth": 1}


def draw_boxes(results: Results) -> Iterator[tuple[Place, Figure]]:
    """A box of alpha over seeds of every cell; the sparsity has < or > where the interval lies below or above 1."""
    yield from _drawn(results, _boxes)


def draw_intervals(results: Results) -> Iterator[tuple[Place, Figure]]:
    """The t interval of alpha and the jackknife interval of alpha* of every cell, with a line at 1."""
    yield from _drawn(results, _intervals)


def _drawn(results: Results, draw: Callable[[Axes, Sheet, list[Row]], None]) -> Iterator[tuple[Place, Figure]]:
    for sheet in sheets(results):
        with styled():
            legend = [key("1", ONE)]
            if sheet.has_star:
                legend.append(key("alpha* (other seeds as instrument)", STAR))
            if any(sheet.control_of(rows) for rows in sheet.panels.values()):
                legend.append(key("alpha of the control, not pruned", CONTROL))
            titles = list(sheet.panels)
            grid = panel_grid(titles, (sheet.heading,), legend, columns=3, size=(3.3, 2.5), share_y=False)
            for axes, rows in zip(grid.panels, sheet.panels.values(), strict=True):
                _frame(axes, sheet, rows)
                draw(axes, sheet, rows)
                _star(axes, sheet, rows)
            _scale(grid.panels, sheet)
            yield sheet.place, grid.label(sheet.axis, label(grid.panels[0]))


def _frame(axes: Axes, sheet: Sheet, rows: list[Row]) -> None:
    """The axes: 1, the control, and the sparsities with their labels."""
    axes.axhline(1, **ONE, zorder=1)
    control = sheet.control_of(rows)
    if control is not None:
        axes.axhline(control["alpha"], **CONTROL, zorder=1.5)
        if control["low"] is not None:
            axes.axhspan(control["low"], control["high"], color=INK, alpha=0.07, linewidth=0)
    # Not in the labels of the axis, which all panels share.
    for row in rows:
        axes.text(
            _at(sheet, row), 0.99, row["label"], transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=9
        )
    axes.set_xticks(range(len(sheet.sparsities)), [sheet.amount(at) for at in sheet.sparsities])
    axes.tick_params(labelbottom=True)
    axes.set_xlim(-0.6, len(sheet.sparsities) - 0.4)
    axes.margins(y=0.16)


def _scale(panels: Sequence[Axes], sheet: Sheet) -> None:
    """One scale for all panels."""
    cells = [row for rows in sheet.panels.values() for row in rows]
    draw_together(panels, [row[name] for row in cells for name in ("alpha", "cross_alpha") if row[name] is not None])
    limits = [axes.get_ylim() for axes in panels]
    set_limits(panels, min(low for low, _ in limits), max(high for _, high in limits))


def _boxes(axes: Axes, sheet: Sheet, rows: list[Row]) -> None:
    colour = look(rows).colour
    found = [[trial["alpha"] for trial in sheet.trials_of(row)] for row in rows]
    drawn = axes.boxplot(
        found, positions=[_at(sheet, row) for row in rows], widths=0.5, manage_ticks=False, patch_artist=True
    )
    for part in ("boxes", "whiskers", "caps", "medians", "fliers"):
        for artist in drawn[part]:
            artist.set(color=colour, linewidth=1.1)
    for box in drawn["boxes"]:
        box.set(facecolor="white", edgecolor=colour)
    for flier in drawn["fliers"]:
        flier.set(marker="o", markersize=2.5, markerfacecolor=colour, markeredgecolor=colour)
    add_points(axes, [_point(sheet, _at(sheet, row), row) for row in rows])


def _intervals(axes: Axes, sheet: Sheet, rows: list[Row]) -> None:
    style = look(rows)
    at = [_at(sheet, row) - ASIDE for row in rows]
    axes.plot(at, [row["alpha"] for row in rows], color=style.colour, marker=style.marker, ms=4.5, linestyle="none")
    for x, row in zip(at, rows, strict=True):
        if row["low"] is not None:
            axes.plot([x, x], [row["low"], row["high"]], color=style.colour, linewidth=1.6)
        if row["cross_low"] is not None:
            axes.plot([x + 2 * ASIDE] * 2, [row["cross_low"], row["cross_high"]], color=INK, linewidth=1, zorder=1.8)
    add_points(axes, [_point(sheet, x, row) for x, row in zip(at, rows, strict=True)])


def _star(axes: Axes, sheet: Sheet, rows: list[Row]) -> None:
    known = [row for row in rows if row["cross_alpha"] is not None]
    axes.plot([_at(sheet, row) + ASIDE for row in known], [row["cross_alpha"] for row in known], **STAR, zorder=4)


def _at(sheet: Sheet, row: Row) -> float:
    return float(sheet.sparsities.index(row["sparsity"]))


def _point(sheet: Sheet, x: float, row: Row) -> Point:
    return Point(x=x, y=row["alpha"], words=words(sheet, row), filters={})


def words(sheet: Sheet, row: Row) -> str:
    """A cell in a line: alpha, its interval and label, alpha*, the control and the odds ratio of error."""
    interval = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f}) {row['label']}"
    star = "" if row["cross_alpha"] is None else f"; alpha* {row['cross_alpha']:.3f}"
    control = "" if row["control_alpha"] is None else f"; control {row['control_alpha']:.3f}"
    odds = "" if row["odds_ratio"] is None else f"; odds ratio of error {row['odds_ratio']:.3f}"
    seeds = f"{row['seeds']} seed{'' if row['seeds'] == 1 else 's'}"
    return f"{sheet.name(row)}: alpha {row['alpha']:.3f}{interval}, mean over {seeds}{star}{control}{odds}"
