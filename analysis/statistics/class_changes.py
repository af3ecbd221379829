"""Find classes that pay: recall of dense and pruned models, and PIEs beyond seed noise, class by class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Panel, panels
from analysis.statistics.corrections import correct_family
from analysis.statistics.crossed import changed
from analysis.statistics.noise_floor import interval_of, place
from analysis.statistics.votes_of_splits import holders

Row = dict[str, Any]
Flags = NDArray[np.bool_]

RESAMPLES = 200
FEWEST = 10
"""Examples of a class below which nothing is said of it."""
MOST_CLASSES = 20
"""Classes of a task that are shown, the most frequent ones."""
SHOWN = ("rate", "two_way_low", "two_way_high", "noise_floor", "pruned_floor", "excess", "excess_low", "excess_high")


def class_changes(connection: Database) -> list[Row]:
    """One row a pruned cell and class: everything of `interval_of` that SHOWN names, on the examples of the class, and
    recall of dense and pruned models with the difference and its interval over seeds and examples (`changed`).
    corrected_p: of that difference by Holm, over all cells and classes of a task and model; 1 where there is no p.
    """
    names = dict(connection.execute("SELECT task, classes FROM internal.task").fetchall())
    found: list[Row] = []
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for panel in panels(connection):
            parts = [part for cell in panel.pruned for part in _parts(panel, cell)]
            for row, (_, _, _, class_index) in zip(pool.map(_row, parts), parts, strict=True):
                found.append(row | {"class": names[panel.task][class_index]})
    found.sort(key=lambda row: (row["task"], row["model"]))
    for _, group in groupby(found, key=lambda row: (row["task"], row["model"])):
        correct_family(list(group), "change_p")
    return found


def _parts(panel: Panel, cell: Answers) -> Iterator[tuple[Panel, Answers, Flags, int]]:
    """The examples of each class that is frequent enough, the most frequent first."""
    if panel.dense is None or panel.gold is None:
        return
    members = holders(panel.sets, panel.gold)
    sizes = members.sum(axis=1)
    for class_index in np.argsort(-sizes, kind="stable")[:MOST_CLASSES]:
        if sizes[class_index] >= FEWEST:
            yield panel, cell, members[class_index], int(class_index)


def _row(part: tuple[Panel, Answers, Flags, int]) -> Row:
    panel, cell, chosen, class_index = part
    own = panel.narrowed(cell, chosen)
    dense, (pruned,) = own.dense, own.pruned
    assert dense is not None
    measured = interval_of(own, pruned, RESAMPLES)
    shared = np.intersect1d(dense.seeds, pruned.seeds)
    hits = [_hits(panel, one, class_index)[np.isin(one.seeds, shared)] for one in (dense, pruned)]
    return {
        **place(panel, cell),
        "seeds": len(cell.seeds),
        "examples": int(chosen.sum()),
        "dense_recall": float(hits[0].mean()),
        "pruned_recall": float(hits[1].mean()),
        **changed(hits[1].astype(np.float64) - hits[0]),
        **{name: measured[name] for name in SHOWN},
    }


def _hits(panel: Panel, cell: Answers, class_index: int) -> Flags:
    """[seed, example]: whether a model answers the class."""
    if panel.sets is None:
        return np.asarray(cell.codes == class_index)
    return np.asarray(np.append(panel.sets[:, class_index], False)[cell.codes])
