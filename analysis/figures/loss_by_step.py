"""Loss against steps of training, as Figure 3 of Ren and Zhu 2023."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from analysis.figures.drawing import Place
from analysis.figures.method_lines import draw_lines
from analysis.results import Results

QUERY = """
    SELECT task, model, method, sparsity, step AS x, avg(loss) AS y FROM curves WHERE loss IS NOT NULL
    GROUP BY ALL ORDER BY ALL"""


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """The mean over seeds."""
    yield from draw_lines(results.rows(QUERY), "steps", "loss")
