"""The share of examples that are PIEs against sparsity: Table 4 of Tropeano et al. 2025 as a picture."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.figures.drawing import Place
from analysis.figures.style import Look, draw_panels, positions, styled
from analysis.results import Results, Row


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One panel per task and model, one line per method, from 0 %."""
    rows = [row for row in results.pie_rate if row["rate"] is not None]
    if rows:
        with styled():
            yield (), draw_panels(rows, _panel, "examples that are PIEs")


def _panel(axes: Axes, rows: list[Row], looks: dict[str, Look]) -> None:
    places = positions(axes, rows)
    for method, look in looks.items():
        own = [row for row in rows if row["method"] == method]
        axes.plot(
            [places[row["sparsity"]] for row in own],
            [row["rate"] for row in own],
            color=look.colour,
            marker=look.marker,
            markersize=5,
            linewidth=1.5,
        )
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None, symbol=" %"))
