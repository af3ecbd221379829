"""The PIE rate against sparsity, beside what seed noise makes: Table 4 of Tropeano et al. 2025 as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.figures.drawing import Place
from analysis.figures.panels import key
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.style import DISPUTED, INK, MethodStyle, draw_panels, positions, styled
from analysis.overview import compared
from analysis.results import Results, Row

SPREAD = 0.76  # of the way to the next sparsity, which the methods share
PRUNED_FLOOR: dict[str, Any] = {"marker": "_", "markersize": 8, "markeredgewidth": 1.8, "linestyle": "none"}
ALONE: dict[str, Any] = {"color": INK, "marker": "o", "markersize": 5.5, "linestyle": "none"}


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One panel per task and model, one line per method, from 0 %: rates with their intervals over seeds and examples.

    Dotted: the dense noise floor; a dash in a method's colour: its pruned floor.
    """
    rows = [row for row in results.survey.intervals if row["rate"] is not None]
    if rows:
        further = [
            key("noise floor", DISPUTED),
            key("pruned floor", {**PRUNED_FLOOR, "color": INK}),
            key("beyond noise", ALONE),
            key("not told apart", {**ALONE, "markerfacecolor": "white"}),
        ]
        with styled():
            yield (), draw_panels(rows, _panel, "examples that are PIEs", further)


def _panel(axes: Axes, rows: list[Row], looks: dict[str, MethodStyle]) -> None:
    places = positions(axes, rows)
    shown = [method for method in looks if any(row["method"] == method for row in rows)]
    points: list[Point] = []
    for number, method in enumerate(shown):
        aside = SPREAD * ((number + 0.5) / len(shown) - 0.5)
        own = [row for row in rows if row["method"] == method]
        at = [places[row["sparsity"]] + aside for row in own]
        _line(axes, at, own, looks[method])
        points += [
            Point(x=x, y=row["rate"], words=compared(row).words, filters=of_cell(row))
            for x, row in zip(at, own, strict=True)
        ]
    for sparsity, place in places.items():
        floors = [(row["half"], row["noise_floor"]) for row in rows if row["sparsity"] == sparsity and row["half"]]
        if floors:
            axes.plot([place - 0.46, place + 0.46], [max(floors)[1]] * 2, **DISPUTED)
    add_points(axes, points)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None, symbol=" %"))


def _line(axes: Axes, at: list[float], rows: list[Row], look: MethodStyle) -> None:
    """One method: rates with intervals, hollow where nothing is told apart from noise, and its pruned floors."""
    axes.plot(at, [row["rate"] for row in rows], color=look.colour, linewidth=0.8, alpha=0.45)
    for x, row in zip(at, rows, strict=True):
        if row["two_way_low"] is not None:
            axes.plot([x, x], [row["two_way_low"], row["two_way_high"]], color=look.colour, linewidth=1.1)
        if row["pruned_floor"] is not None:
            axes.plot([x], [row["pruned_floor"]], color=look.colour, **PRUNED_FLOOR)
        face = look.colour if compared(row).verdict == "beyond" else "white"
        axes.plot([x], [row["rate"]], color=look.colour, marker=look.marker, ms=5.5, mfc=face, linestyle="none")
