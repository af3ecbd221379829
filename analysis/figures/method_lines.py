"""Lines of all methods over an x of any numbers: a figure per task and model, a panel per sparsity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.display_names import method_key, method_name, percent
from analysis.figures.drawing import Place
from analysis.figures.panels import key, panel_grid
from analysis.figures.style import DASHES, INK, looks, styled
from analysis.results import Row
from runner.methods import DENSE

SIZE = (3.2, 2.2)
STROKES: tuple[Any, ...] = ("-", (0, (1, 1)), (0, (4, 1, 1, 1)))
"""Of the first, second and further methods of one colour."""


def strokes(methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How the line of each method is drawn: lines have no markers, so that those of one colour differ in their stroke.

    A method of a study's own name may have the colour of one that all studies know.
    """
    known, seen, found = looks(methods), list[str](), {}
    for name in methods:
        colour = known[name].colour
        found[name] = {"color": colour, "linestyle": STROKES[min(seen.count(colour), len(STROKES) - 1)]}
        seen.append(colour)
    return found | {DENSE: {"color": INK, "linestyle": DASHES}}


def draw_lines(
    rows: Sequence[Row], x_label: str, y_label: str, *, is_log: bool = False
) -> Iterator[tuple[Place, Figure]]:
    """Rows have task, model, method, sparsity, x and y, by ascending x; the dense model is in every panel, dashed."""
    for task, model in sorted({(row["task"], row["model"]) for row in rows}):
        own = [row for row in rows if (row["task"], row["model"]) == (task, model)]
        sparsities = sorted({row["sparsity"] for row in own if row["sparsity"]}) or [0.0]
        methods = sorted({row["method"] for row in own} - {DENSE}, key=method_key)
        drawn = strokes(methods)
        legend = [key(method_name(name), drawn[name]) for name in methods]
        if any(row["method"] == DENSE for row in own):
            legend.append(key(DENSE, drawn[DENSE]))
        with styled():
            titles = [f"{percent(sparsity)} removed" if sparsity else DENSE for sparsity in sparsities]
            grid = panel_grid(titles, (task, model), legend, columns=3, size=SIZE)
            for axes, sparsity in zip(grid.panels, sparsities, strict=True):
                for name in [*methods, DENSE]:
                    line = [row for row in own if row["method"] == name and row["sparsity"] in (sparsity, 0.0)]
                    axes.plot([row["x"] for row in line], [row["y"] for row in line], linewidth=1.2, **drawn[name])
                if is_log:
                    axes.set_yscale("log")
                    axes.minorticks_off()
                    # The usual labels are mathematics, which no text of ours is read as.
                    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            yield (task, model), grid.label(x_label, y_label)
