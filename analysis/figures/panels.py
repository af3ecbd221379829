"""Small panels side by side: one figure of one task and model, one panel per method or score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.style import INK, panels
from analysis.results import Row

COLUMNS = 4
SIZE = (2.35, 1.85)
LETTER, KEY = 0.065, 0.55
"""Inches that a letter of a legend takes, and the line and the gaps beside its words."""


def by_place(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by task and model, of the first split that the task has, the test split before others."""
    return {(task, model): own for (task, model, _), own in panels(rows).items()}


@dataclass(frozen=True)
class Grid:
    """A figure and those of its panels that are used, line by line."""

    figure: Figure
    panels: list[Axes]
    columns: int

    def label(self, x: str, y: str, *, bottom: float | None = None) -> Figure:
        """Name the axes at the left and at the lower edge; `bottom`: where the y axes begin, once all is drawn."""
        for number, axes in enumerate(self.panels):
            if number % self.columns == 0:
                axes.set_ylabel(y)
            if number + self.columns >= len(self.panels):
                axes.set_xlabel(x)
                axes.tick_params(labelbottom=True)
            if bottom is not None:
                axes.set_ylim(bottom=bottom)
        return self.figure


def panel_grid(
    titles: Sequence[str],
    place: tuple[str, ...],
    legend: Sequence[Any],
    *,
    columns: int = COLUMNS,
    size: tuple[float, float] = SIZE,
    share_y: bool = True,
) -> Grid:
    """A figure headed by its place, its panels titled, over one legend; unused places are left blank."""
    columns = min(columns, max(len(titles), 2))
    lines = -(-len(titles) // columns)
    width = size[0] * columns
    longest = max((len(str(entry.get_label())) for entry in legend), default=0)
    legend_columns = max(1, min(len(legend), int(width / max(1.75, LETTER * longest + KEY))))
    legend_lines = -(-len(legend) // legend_columns)
    figure = Figure(figsize=(width, size[1] * lines + 0.2 * legend_lines + 0.6), layout="constrained")
    figure.suptitle(" · ".join(place), x=0.01, ha="left", fontsize=10, fontweight="bold", color=INK)
    panels = list(figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=share_y).flat)
    for axes, title in zip(panels, titles, strict=False):
        axes.set_title(title, fontsize=9)
    for axes in panels[len(titles) :]:
        axes.set_visible(False)
    figure.legend(handles=list(legend), loc="outside lower center", ncols=legend_columns, handlelength=2.2)
    return Grid(figure, panels[: len(titles)], columns)


def key(label: str, look: Mapping[str, Any]) -> Line2D:
    """An entry of a legend, drawn as the lines it stands for."""
    return Line2D([], [], label=label, **look)
