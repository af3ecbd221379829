"""Balances of classes after pruning against those before it: Figures 5 to 8 of Good et al. 2022."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.distortion_boxes import words
from analysis.figures.distortion_sheets import Sheet, look, sheets
from analysis.figures.drawing import Place
from analysis.figures.points import Point, add_points
from analysis.figures.style import DASHES, INK, styled
from analysis.results import Results, Row
from analysis.statistics.recall_distortions import balances

SIZE = (2.5, 2.0)
MANY = 300
"""Points of a panel that are drawn as a picture: each as a shape would make the page slow."""


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure a sheet: a line of panels for every sparsity, a column for every method, network or task.

    A point is a class of a seed; the line has the pooled slope, the dashed one is no change.
    """
    for sheet in sheets(results):
        with styled():
            yield sheet.place, _figure(sheet)


def _figure(sheet: Sheet) -> Figure:
    columns, lines = len(sheet.panels), len(sheet.sparsities)
    figure = Figure(figsize=(SIZE[0] * max(columns, 2) + 0.4, SIZE[1] * lines + 0.7), layout="constrained")
    figure.suptitle(sheet.heading, x=0.01, ha="left", fontsize=10, fontweight="bold", color=INK)
    grid = figure.subplots(lines, max(columns, 2), squeeze=False, sharex="col")
    for axes in grid.flat:
        axes.set_visible(False)
    for column, (title, rows) in enumerate(sheet.panels.items()):
        for row in rows:
            axes = grid[sheet.sparsities.index(row["sparsity"])][column]
            axes.set_visible(True)
            _panel(axes, sheet, row)
            ratio = "ratio " if sheet.has_ratios else ""
            axes.set_title(f"{title}\n{ratio}{sheet.amount(row['sparsity'])}", fontsize=9)
    figure.supxlabel("normalised recall balance before pruning", fontsize=9)
    figure.supylabel("after pruning", fontsize=9)
    return figure


def _panel(axes: Axes, sheet: Sheet, row: Row) -> None:
    before, after = balances(sheet.trials_of(row))
    x, y = before.ravel(), after.ravel()
    axes.scatter(x, y, s=5, color=look([row]).colour, alpha=0.45, linewidths=0, rasterized=len(x) > MANY)
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, ends, color=INK, linestyle=DASHES, linewidth=0.9)
    axes.plot(ends, row["pooled"] * ends, color=INK, linewidth=1.4)
    axes.axhline(0, color=INK, linewidth=0.4)
    axes.axvline(0, color=INK, linewidth=0.4)
    axes.text(0.03, 0.97, _told(row), transform=axes.transAxes, va="top", fontsize=6.5)
    axes.margins(y=0.3)
    axes.tick_params(labelbottom=True, labelsize=7)
    add_points(axes, [Point(x=float(ends[1]), y=float(row["pooled"] * ends[1]), words=words(sheet, row), filters={})])


def _told(row: Row) -> str:
    r2 = "" if row["pooled_r2"] is None else f", r2 {row['pooled_r2']:.2f}"
    star = "" if row["cross_alpha"] is None else f", alpha* {row['cross_alpha']:.2f}"
    return f"slope {row['pooled']:.2f}{r2}{star}\naccuracy {row['accuracy']:.3f}"
