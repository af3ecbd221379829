"""Flag the PIEs of every cell, as arrays, for numbers that are set beside other facts of an example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.display_names import method_key
from analysis.results import Results, Row

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PieFlags:
    """Every pruned cell of a task's split; an example that it or its dense cell never voted on is not compared.

    is_pie, is_compared: (cells, examples).
    """

    cells: tuple[Row, ...]
    is_pie: Flags
    is_compared: Flags


def pie_flags(results: Results, task: str, split: str, ids: NDArray[np.integer]) -> PieFlags:
    """The flags of the examples `ids`, ascending; cells by model, method and sparsity."""
    votes = """
        SELECT model, method, sparsity, list(example_id) AS examples, list(is_pie) AS answers
        FROM internal.pairs JOIN internal.cell USING (cell_no)
        WHERE task = $1 AND split = $2 AND is_pie IS NOT NULL
        GROUP BY ALL"""
    voted = results.connection.sql(votes, params=[task, split]).to_arrow_table()
    rows = voted.select(["model", "method", "sparsity"]).to_pylist()
    order = sorted(
        range(len(rows)), key=lambda n: (rows[n]["model"], method_key(rows[n]["method"]), rows[n]["sparsity"])
    )
    is_pie, is_compared = (np.zeros((len(rows), len(ids)), dtype=bool) for _ in range(2))
    for row, place in enumerate(order):
        examples, answers = (
            voted[name][place].values.to_numpy(zero_copy_only=False) for name in ("examples", "answers")
        )
        at = np.minimum(np.searchsorted(ids, examples), len(ids) - 1)
        is_known = ids[at] == examples
        is_compared[row, at[is_known]] = True
        is_pie[row, at[is_known]] = answers[is_known]
    return PieFlags(
        cells=tuple({"task": task, "split": split, **rows[place]} for place in order),
        is_pie=is_pie,
        is_compared=is_compared,
    )
