"""Drift of quality against sparsity, beside what two halves of the dense seeds differ by."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.display_names import cell_name
from analysis.figures.drawing import Place
from analysis.figures.panels import key
from analysis.figures.points import Point, add_points
from analysis.figures.style import DISPUTED, INK, MethodStyle, draw_panels, positions, styled
from analysis.results import Results, Row


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One panel per task and model, one line per method; dotted, above and below 0, two halves of the dense seeds."""
    if results.drift:
        with styled():
            further = [key("halves of the dense seeds", DISPUTED)]
            yield (), draw_panels(results.drift, _panel, "drift of mean quality", further)


def _panel(axes: Axes, rows: list[Row], looks: dict[str, MethodStyle]) -> None:
    places = positions(axes, rows)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    halves = max((row["dense_halves"] for row in rows if row["dense_halves"] is not None), default=None)
    for sign in (-1, 1) if halves is not None else ():
        axes.plot([-0.46, max(places.values(), default=0) + 0.46], [sign * (halves or 0.0)] * 2, **DISPUTED)
    for method, look in looks.items():
        own = [row for row in rows if row["method"] == method]
        at = [places[row["sparsity"]] for row in own]
        axes.plot(at, [row["drift"] for row in own], color=look.colour, marker=look.marker, markersize=5, linewidth=1.5)
        points = [Point(x=x, y=row["drift"], words=_words(row), filters={}) for x, row in zip(at, own, strict=True)]
        add_points(axes, points)


def _words(row: Row) -> str:
    beside = "" if row["dense_halves"] is None else f"; halves of the dense seeds differ by {row['dense_halves']:.4f}"
    return f"{cell_name(row['method'], row['sparsity'])}: drift {row['drift']:+.4f}{beside}"
