"""Find slices that pay: effectiveness, recall and PIEs by columns that a user's data brought along, with intervals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Panel, all_panels
from analysis.statistics.class_changes import FEWEST, RESAMPLES, SHOWN
from analysis.statistics.class_finds import ClassFinds, class_finds
from analysis.statistics.corrections import correct_family
from analysis.statistics.crossed import BOUNDS, changed
from analysis.statistics.noise_floor import interval_of, place
from analysis.statistics.slice_scores import Floats, Scores, contrast, effectiveness, ratio, recall
from tasks.columns import VIEWED_GOLD

Row = dict[str, Any]
Flags = NDArray[np.bool_]

SCORES = ("effectiveness", "recall")
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
    over seeds and examples (`changed`): of effectiveness and of recall; null of recall where answers have no classes.
    Effectiveness of tags and spans is their headline. beyond: the change of effectiveness less that on all other
    examples, with its interval; corrected_p: of that by Holm over all cells and slices of a task and model, 1 where
    there is no p. by: one column, the label among them; None: the first MOST_COLUMNS, the label left out. Slices of
    fewer than FEWEST examples are left out.
    """
    found: list[Row] = []
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for panel in all_panels(connection):
            slices = [] if panel.dense is None else list(_slices(connection, panel, by))
            classes = class_finds(connection, panel) if slices else []
            parts = [(panel, classes, cell, one) for one in slices for cell in panel.pruned]
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


def _row(part: tuple[Panel, list[ClassFinds], Answers, Slice]) -> Row:
    panel, classes, cell, one = part
    own = panel.narrowed(cell, one.chosen)
    measured = interval_of(own, own.pruned[0], RESAMPLES)
    return {
        **place(panel, cell),
        "feature": one.feature,
        "value": one.value,
        "place": one.place,
        "seeds": len(cell.seeds),
        "examples": int(one.chosen.sum()),
        **_changes(panel, classes, cell, one.chosen),
        **{name: measured[name] for name in SHOWN},
    }


def _changes(panel: Panel, classes: list[ClassFinds], cell: Answers, chosen: Flags) -> Row:
    """Both scores of both sides on the examples with a gold answer that both sides answer, and how they change."""
    assert panel.dense is not None
    row: Row = dict.fromkeys(f"{side}_{name}" for name in SCORES for side in ("dense", "pruned"))
    for name in (*(f"{name}_change" for name in SCORES), "beyond"):
        row |= _bounds(name, _NOTHING)
    shared = np.intersect1d(panel.dense.seeds, cell.seeds)
    known = _known(panel, cell)
    inside, outside = known & chosen, known & ~chosen
    if not inside.any() or not len(shared):
        return row
    dense, pruned = panel.dense.of(shared), cell.of(shared)
    own = [_effectiveness(panel, one, inside) for one in (dense, pruned)]
    row |= _change("effectiveness", *own)
    recalls = [share for one in (dense, pruned) if (share := _recall(classes, one, inside)) is not None]
    if recalls:
        row |= _change("recall", *recalls)
    if not outside.any():
        return row
    others = [_effectiveness(panel, one, outside) for one in (dense, pruned)]
    return row | _bounds("beyond", contrast(own[1].less(own[0]), others[1].less(others[0]), chosen[known]))


def _change(name: str, dense: Scores, pruned: Scores) -> Row:
    means = {f"dense_{name}": float(dense.value.mean()), f"pruned_{name}": float(pruned.value.mean())}
    return means | _bounds(f"{name}_change", pruned.less(dense))


def _known(panel: Panel, cell: Answers) -> Flags:
    """[example]: whether both sides answer it, and a gold answer asks them for anything."""
    assert panel.dense is not None
    sides = (panel.dense, cell)
    known: Flags = np.all([(side.codes >= 0).any(axis=0) for side in sides], axis=0)
    if panel.places is not None:
        asked = [side.parts[1].any(axis=0) for side in sides if side.parts is not None]
        return np.asarray(known & np.any(asked, axis=0))
    return np.zeros_like(known) if panel.gold is None else np.asarray(known & (panel.gold >= 0))


def _effectiveness(panel: Panel, cell: Answers, where: Flags) -> Scores:
    if cell.parts is not None:
        return ratio(*cell.parts[:, :, where])
    assert panel.gold is not None
    return effectiveness(cell.on(where), panel.gold[where], panel.sets)


def _recall(classes: list[ClassFinds], cell: Answers, where: Flags) -> Scores | None:
    return recall((one.found(cell, where), one.gold[where]) for one in classes)


def _bounds(name: str, differences: Floats) -> Row:
    """The columns of `changed` under another name."""
    row = changed(differences)
    return {f"{name}{bound.removeprefix('change')}": row[bound] for bound in ("change", *BOUNDS)}
