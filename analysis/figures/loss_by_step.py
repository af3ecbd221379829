"""Loss against steps of training, as Figure 3 of Ren and Zhu 2023."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from matplotlib.figure import Figure

from analysis.figures.drawing import Place
from analysis.figures.method_lines import draw_lines
from analysis.results import Results, Row

POINTS = 200
"""Of a line at most: each is the mean of the steps up to it."""
APART = 10.0
"""How many times as large as another's a method's median loss is where heights are drawn logarithmically."""
QUERY = f"""
    WITH widths AS (SELECT task, model, ceil(max(step) / {POINTS}) AS width FROM curves GROUP BY ALL)
    SELECT task, model, method, sparsity, (ceil(step / width) * width)::INTEGER AS x, avg(loss) AS y
    FROM curves JOIN widths USING (task, model) WHERE loss IS NOT NULL GROUP BY ALL ORDER BY ALL"""


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """The mean over seeds."""
    rows = results.rows(QUERY)
    for place in sorted({(row["task"], row["model"]) for row in rows}):
        own = [row for row in rows if (row["task"], row["model"]) == place]
        yield from draw_lines(own, "steps", "loss", is_log=far_apart(own))


def far_apart(rows: Sequence[Row]) -> bool:
    """Whether one method's loss would hide how those of others change, as it does with a penalty."""
    losses = defaultdict[str, list[float]](list)
    for row in rows:
        losses[row["method"]].append(row["y"])
    if any(loss <= 0 for own in losses.values() for loss in own):
        return False
    medians = [median(own) for own in losses.values()]
    return max(medians) > APART * min(medians)
