"""Find classes that pay: recall of dense and pruned models, and PIEs beyond seed noise, class by class."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Panel, all_panels
from analysis.statistics.class_finds import ClassFinds, class_finds
from analysis.statistics.corrections import correct_family
from analysis.statistics.crossed import changed
from analysis.statistics.noise_floor import interval_of, place
from analysis.statistics.slice_scores import ratio

Row = dict[str, Any]

RESAMPLES = 200
FEWEST = 10
"""Examples of a class below which nothing is said of it."""
MOST_CLASSES = 20
"""Classes of a task that are shown, the most frequent ones."""
SHOWN = ("rate", "two_way_low", "two_way_high", "noise_floor", "pruned_floor", "excess", "excess_low", "excess_high")


def class_changes(connection: Database) -> list[Row]:
    """One row a pruned cell and class: everything of `interval_of` that SHOWN names, on the examples of the class, and
    recall of dense and pruned models with the difference and its interval over seeds and examples (`changed`). A class
    is a label or a type of entity: the recall is of what the gold answers have, however often an example has it.
    corrected_p: of that difference by Holm, over all cells and classes of a task and model; 1 where there is no p.
    """
    found: list[Row] = []
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for panel in all_panels(connection):
            classes = [] if panel.dense is None else _frequent(class_finds(connection, panel))
            found.extend(pool.map(_row, [(panel, cell, one) for cell in panel.pruned for one in classes]))
    found.sort(key=lambda row: (row["task"], row["model"]))
    for _, group in groupby(found, key=lambda row: (row["task"], row["model"])):
        correct_family(list(group), "change_p")
    return found


def _frequent(classes: list[ClassFinds]) -> list[ClassFinds]:
    """Those that enough examples have, at most MOST_CLASSES, the most frequent first."""
    enough = [one for one in classes if np.count_nonzero(one.gold) >= FEWEST]
    return sorted(enough, key=lambda one: -np.count_nonzero(one.gold))[:MOST_CLASSES]


def _row(part: tuple[Panel, Answers, ClassFinds]) -> Row:
    panel, cell, one = part
    chosen = one.gold > 0
    own = panel.narrowed(cell, chosen)
    measured = interval_of(own, own.pruned[0], RESAMPLES)
    assert panel.dense is not None
    shared = np.intersect1d(panel.dense.seeds, cell.seeds)
    dense, pruned = (ratio(one.found(side.of(shared), chosen), one.gold[chosen]) for side in (panel.dense, cell))
    return {
        **place(panel, cell),
        "class": one.name,
        "seeds": len(cell.seeds),
        "examples": int(chosen.sum()),
        "dense_recall": float(dense.value.mean()) if len(shared) else None,
        "pruned_recall": float(pruned.value.mean()) if len(shared) else None,
        **changed(pruned.less(dense)),
        **{name: measured[name] for name in SHOWN},
    }
