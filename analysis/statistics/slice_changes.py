"""Find slices that pay: effectiveness, recall and PIEs by columns that a user's data brought along, with intervals."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Codes, Panel, panels
from analysis.statistics.class_changes import FEWEST, RESAMPLES, SHOWN
from analysis.statistics.corrections import correct_family
from analysis.statistics.crossed import BOUNDS, changed
from analysis.statistics.noise_floor import interval_of, place
from analysis.statistics.slice_scores import Floats, Scores, contrast, effectiveness, recall
from tasks.columns import VIEWED_GOLD

Row = dict[str, Any]
Flags = NDArray[np.bool_]

Score = Callable[[Answers, Codes, Flags | None], Scores]

SCORES: dict[str, Score] = {"effectiveness": effectiveness, "recall": recall}
_NOTHING: Floats = np.zeros((0, 0))
MOST_COLUMNS = 6
"""Columns of a task that are shown unless one is asked for, the first ones of its data."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Examples of a panel that have one value in one column; place sorts the values of a column of numbers."""

    feature: str
    value: str | None
    place: float | None
    chosen: Flags


def slice_changes(connection: Database, by: str | None = None) -> list[Row]:
    """One row a pruned cell, column and value of the view slices, on the split that claims are about.

    Everything of `interval_of` that SHOWN names, on these examples. dense_..., pruned_..., ..._change with its interval
    over seeds and examples (`changed`): of effectiveness and of recall. beyond: the change of effectiveness less that
    on all other examples, with its interval; corrected_p: of that by Holm over all cells and slices of a task and
    model, 1 where there is no p. by: one column, the label among them; None: the first MOST_COLUMNS, the label left
    out. Slices of fewer than FEWEST examples are left out.
    """
    found: list[Row] = []
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for panel in panels(connection):
            slices = list(_slices(connection, panel, by))
            parts = [(panel, cell, one) for one in slices for cell in panel.pruned if panel.dense is not None]
            found.extend(pool.map(_row, parts))
    found.sort(key=lambda row: (row["task"], row["model"]))
    for _, group in groupby(found, key=lambda row: (row["task"], row["model"])):
        correct_family(list(group), "beyond_p")
    return found


def columns(connection: Database, task: str, split: str) -> list[str]:
    """The columns that slice a task's split, in the order of its data, without the label."""
    query = "SELECT DISTINCT feature FROM slices WHERE task = ? AND split = ? AND NOT list_contains(?, feature)"
    sliced = {name for (name,) in connection.execute(query, [task, split, list(VIEWED_GOLD)]).fetchall()}
    names = [name for name, *_ in connection.execute("DESCRIBE examples").fetchall()]
    return [name for name in names if name in sliced] + sorted(sliced - {*names})


def _slices(connection: Database, panel: Panel, by: str | None) -> Iterator[Slice]:
    names = columns(connection, panel.task, panel.split)[:MOST_COLUMNS] if by is None else [by]
    rows = connection.execute(
        """SELECT feature, value, min(place), list(example_id) FROM slices
        WHERE task = ? AND split = ? AND list_contains(?, feature) GROUP BY feature, value
        ORDER BY list_position(?, feature), 3, value""",
        [panel.task, panel.split, names, names],
    ).fetchall()
    for feature, value, number, ids in rows:
        chosen = np.isin(panel.example_ids, np.array(ids))
        if chosen.sum() >= FEWEST:
            yield Slice(feature=feature, value=value, place=number, chosen=chosen)


def _row(part: tuple[Panel, Answers, Slice]) -> Row:
    panel, cell, one = part
    own = panel.narrowed(cell, one.chosen)
    measured = interval_of(own, own.pruned[0], RESAMPLES)
    return {
        **place(panel, cell),
        "feature": one.feature,
        "value": one.value,
        "place": one.place,
        "seeds": len(cell.seeds),
        "examples": int(one.chosen.sum()),
        **_changes(panel, cell, one.chosen),
        **{name: measured[name] for name in SHOWN},
    }


def _changes(panel: Panel, cell: Answers, chosen: Flags) -> Row:
    """Both scores of both sides on the examples with a gold label that both sides answer, and how they change."""
    assert panel.dense is not None
    shared = np.intersect1d(panel.dense.seeds, cell.seeds)
    known = (panel.dense.codes >= 0).any(axis=0) & (cell.codes >= 0).any(axis=0)
    known &= np.zeros_like(known) if panel.gold is None else panel.gold >= 0
    inside, outside = known & chosen, known & ~chosen
    if not inside.any() or not len(shared):
        sides = [f"{side}_{name}" for name in SCORES for side in ("dense", "pruned")]
        nothing = [_bounds(name, _NOTHING) for name in (*(f"{name}_change" for name in SCORES), "beyond")]
        return dict.fromkeys(sides) | nothing[0] | nothing[1] | nothing[2]
    row: Row = {}
    for name, score in SCORES.items():
        dense, pruned = (_scores(panel, one, shared, inside, score) for one in (panel.dense, cell))
        row |= {f"dense_{name}": float(dense.value.mean()), f"pruned_{name}": float(pruned.value.mean())}
        row |= _bounds(f"{name}_change", pruned.less(dense))
    if not outside.any():
        return row | _bounds("beyond", _NOTHING)
    own, rest = (
        _scores(panel, cell, shared, where, effectiveness).less(
            _scores(panel, panel.dense, shared, where, effectiveness)
        )
        for where in (inside, outside)
    )
    return row | _bounds("beyond", contrast(own, rest, chosen[known]))


def _bounds(name: str, differences: Floats) -> Row:
    """The columns of `changed` under another name."""
    row = changed(differences)
    return {f"{name}{bound.removeprefix('change')}": row[bound] for bound in ("change", *BOUNDS)}


def _scores(panel: Panel, cell: Answers, shared: NDArray[np.int64], where: Flags, score: Score) -> Scores:
    assert panel.gold is not None
    own = replace(cell, codes=cell.codes[np.isin(cell.seeds, shared)][:, where])
    return score(own, panel.gold[where], panel.sets)
