"""Effectiveness on PIEs beside that on all examples: Figures 3 and 7 to 13 of Tropeano et al. 2025."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.display_names import cell_name, method_key, method_name
from analysis.figures.drawing import Place
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.style import COLOURS, DASHES, positions, styled
from analysis.results import Results, Row

PUBLISHED = {"accuracy": "majority-vote", "macro-f1": "seed-mean"}
"""Metric -> the estimator of the paper."""
MEAN = "seed-mean"
"""That of metrics which the paper does not have."""
SUBSETS: dict[str, dict[str, Any]] = {
    "all": {"color": COLOURS[0], "marker": "o"},
    "pies": {"color": COLOURS[3], "marker": "D"},
}
SIDES: dict[str, dict[str, Any]] = {"dense": {"linestyle": "-"}, "pruned": {"linestyle": DASHES}}
NAMES = {"all": "all examples", "pies": "PIEs"}
LOOK: dict[str, Any] = {"markersize": 4, "linewidth": 1.4}


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one panel per method: both sides' effectiveness on PIEs and on all examples.

    The estimator is the one that the paper has on PIEs: of the votes (single-label), mean over seeds (multi-label).
    """
    rows = [row for row in results.accuracy_on_pies if row["estimator"] == PUBLISHED.get(row["metric"], MEAN)]
    for place, own in by_place(rows).items():
        with styled():
            yield place, _figure(place, own)


def _figure(place: tuple[str, str], rows: list[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows}, key=method_key)
    legend = [
        key(f"{side} models on {NAMES[subset]}", {**SUBSETS[subset], **SIDES[side], **LOOK})
        for subset in SUBSETS
        for side in SIDES
    ]
    grid = panel_grid([method_name(method) for method in methods], place, legend)
    for axes, method in zip(grid.panels, methods, strict=True):
        _panel(axes, rows, [row for row in rows if row["method"] == method])
    return grid.label("weights removed", rows[0]["metric"])


def _panel(axes: Axes, every: Sequence[Row], rows: Sequence[Row]) -> None:
    places = positions(axes, every)
    for subset, colour in SUBSETS.items():
        for side, line in SIDES.items():
            own = [row for row in rows if row["subset"] == subset and row[side] is not None]
            at = [places[row["sparsity"]] for row in own]
            axes.plot(at, [row[side] for row in own], **colour, **line, **LOOK)
            about = f"{side} models on {NAMES[subset]}"
            add_points(
                axes,
                [
                    Point(
                        x=x,
                        y=row[side],
                        words=f"{cell_name(row['method'], row['sparsity'])}: {about}, {row['metric']} {row[side]:.3f}",
                        filters=of_cell(row),
                    )
                    for x, row in zip(at, own, strict=True)
                ],
            )
