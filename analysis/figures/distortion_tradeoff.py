"""Accuracy and alpha against sparsity on twin axes: Figure 13 of Good et al. 2022."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.alpha_scale import draw_together, label, set_limits
from analysis.figures.distortion_boxes import words
from analysis.figures.distortion_sheets import Sheet, sheets
from analysis.figures.drawing import Place
from analysis.figures.panels import key, panel_grid
from analysis.figures.points import Point, add_points
from analysis.figures.style import COLOURS, DASHES, INK, styled
from analysis.results import Results, Row
from runner.methods import DENSE

ACCURACY, ALPHA = COLOURS[0], COLOURS[3]
MARGIN = 1.15


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One panel a method, network or task: means and standard errors of accuracy (left) and alpha (right) over seeds.

    The axes are centred on the accuracy before pruning and on 1; above the dashed line accuracy is gained, and below it
    recalls come closer to each other.
    """
    for sheet in sheets(results):
        with styled():
            legend = [
                key("accuracy (left)", {"color": ACCURACY, "marker": "o", "markersize": 4}),
                key("alpha (right)", {"color": ALPHA, "marker": "s", "markersize": 4}),
                *(
                    [key("alpha* (right)", {"color": ALPHA, "linestyle": ":", "linewidth": 1.4})]
                    if sheet.has_star
                    else []
                ),
                key("as before pruning", {"color": INK, "linestyle": DASHES, "linewidth": 1}),
            ]
            grid = panel_grid(list(sheet.panels), (sheet.heading,), legend, columns=2, size=(4.2, 2.6), share_y=False)
            for axes, rows in zip(grid.panels, sheet.panels.values(), strict=True):
                _panel(axes, sheet, rows)
            yield sheet.place, grid.label(sheet.axis, "accuracy")


def _panel(axes: Axes, sheet: Sheet, rows: list[Row]) -> None:
    names = [DENSE, *map(sheet.amount, sheet.sparsities)]
    at = [sheet.sparsities.index(row["sparsity"]) + 1 for row in rows]
    trials = [sheet.trials_of(row) for row in rows]
    parents = {trial["parent_id"]: trial["dense_accuracy"] for own in trials for trial in own}
    before = fmean(parents.values())
    accuracy = [_mean([trial["accuracy"] for trial in own]) for own in trials]
    alpha = [_mean([trial["alpha"] for trial in own]) for own in trials]
    twin = axes.twinx()
    twin.grid(visible=False)
    _line(axes, [0, *at], [(before, 0.0), *accuracy], ACCURACY, "o")
    _line(twin, at, alpha, ALPHA, "s")
    known = [(x, row["cross_alpha"]) for x, row in zip(at, rows, strict=True) if row["cross_alpha"] is not None]
    twin.plot([x for x, _ in known], [y for _, y in known], color=ALPHA, linestyle=":", linewidth=1.4)
    low, high = _about(before, accuracy)
    axes.set_ylim(low, high)
    axes.set_yticks([tick for tick in axes.get_yticks() if max(low, 0) <= tick <= min(high, 1)])
    slopes = [*alpha, *((y, 0.0) for _, y in known)]
    draw_together([twin], [mean for mean, _ in slopes])
    set_limits([twin], *_about(1.0, slopes))
    axes.axhline(before, color=INK, linestyle=DASHES, linewidth=1, zorder=1)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(labelbottom=True)
    twin.set_ylabel(label(twin))
    add_points(
        twin, [Point(x=x, y=row["alpha"], words=words(sheet, row), filters={}) for x, row in zip(at, rows, strict=True)]
    )


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error; no error of one value."""
    return fmean(values), stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def _line(axes: Axes, at: Sequence[float], found: Sequence[tuple[float, float]], colour: str, marker: str) -> None:
    means, errors = [mean for mean, _ in found], [error for _, error in found]
    axes.errorbar(at, means, yerr=errors, color=colour, marker=marker, markersize=4, linewidth=1.4, capsize=2)


def _about(middle: float, found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Limits that have all means with their errors, and a value in the middle."""
    reach = max((abs(mean - middle) + error for mean, error in found), default=0.0) * MARGIN or 0.01
    return middle - reach, middle + reach
