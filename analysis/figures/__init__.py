"""The figures: one file each beside this one, one line each in FIGURES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from analysis.figures import effectiveness, pie_rate
from analysis.results import Results


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure of the report: what it shows, and how it is drawn."""

    title: str
    caption: str
    draw: Callable[[Results], Figure]


FIGURES: dict[str, Drawing] = {
    "effectiveness": Drawing(
        title="Effectiveness against sparsity",
        caption="Mean over seeds, with a band of one standard deviation; the dashed line is the dense model.",
        draw=effectiveness.draw,
    ),
    "pie_rate": Drawing(
        title="PIE rate against sparsity",
        caption="Share of examples on which the majority votes of the pruned and the dense models differ.",
        draw=pie_rate.draw,
    ),
}
