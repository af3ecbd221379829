"""Rank of every pruned matrix, as Figures 2 and 5 of Ren and Zhu 2023."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from analysis.figures.drawing import Place
from analysis.figures.matrix_places import PLACES
from analysis.figures.method_lines import draw_lines
from analysis.results import Results

QUERY = f"""{PLACES}
    SELECT task, model, method, sparsity, place AS x, avg(rank / least(outputs, inputs)) AS y FROM matrices
    WHERE rank IS NOT NULL GROUP BY ALL ORDER BY ALL"""


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """The mean over seeds, of the largest rank that the matrix could have."""
    yield from draw_lines(results.rows(QUERY), "matrix, in the order of the network", "rank / full rank")
