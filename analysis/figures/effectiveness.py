"""Effectiveness against sparsity: Figure 1 of Tropeano et al. 2025."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.display_names import cell_name
from analysis.figures.drawing import Place
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.style import DASHES, INK, MethodStyle, draw_panels, positions, styled
from analysis.results import Results, Row
from runner.methods import DENSE


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One panel per task and model, one line per method (mean over seeds, band of one standard deviation).

    The dashed line is the dense model, with its band.
    """
    rows = [row for row in results.effectiveness if row["mean"] is not None]
    if rows:
        with styled():
            yield (), draw_panels(rows, _panel, "effectiveness")


def _panel(axes: Axes, rows: list[Row], looks: dict[str, MethodStyle]) -> None:
    axes.set_ylabel(rows[0]["metric"])
    places = positions(axes, rows)
    for row in rows:
        if row["method"] == DENSE:
            axes.axhline(row["mean"], color=INK, linewidth=1.1, linestyle=DASHES, zorder=1)
            axes.axhspan(row["mean"] - (row["std"] or 0), row["mean"] + (row["std"] or 0), color=INK, alpha=0.07, lw=0)
    for method, look in looks.items():
        own = [row for row in rows if row["method"] == method]
        at, means = [places[row["sparsity"]] for row in own], [row["mean"] for row in own]
        spread = [row["std"] or 0 for row in own]
        low, high = ([m + sign * s for m, s in zip(means, spread, strict=True)] for sign in (-1, 1))
        axes.fill_between(at, low, high, color=look.colour, alpha=0.12, linewidth=0)
        axes.plot(at, means, color=look.colour, marker=look.marker, markersize=5, linewidth=1.5)
        add_points(
            axes,
            [
                Point(x=x, y=row["mean"], words=_words(row), filters=of_cell(row))
                for x, row in zip(at, own, strict=True)
            ],
        )


def _words(row: Row) -> str:
    deviation = "" if row["std"] is None else f" ± {row['std']:.3f}"
    name = cell_name(row["method"], row["sparsity"])
    return f"{name}: {row['metric']} {row['mean']:.3f}{deviation}, mean over {row['seeds']} seeds"
