"""Ask of every cell which class has the lowest recall, how far the classes lie apart, and which class loses most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.corrections import correct_family
from runner.studies.seed_advice import LEAST_SEEDS

Row = dict[str, Any]
Floats = NDArray[np.float64]

FEWEST = 10
"""Examples of a class below which its recall says nothing."""
CONFIDENCE = 0.95
RECALLS = """
    SELECT
        task, split, model, method, sparsity, seed,
        list(class ORDER BY class_index) AS classes,
        list(recall ORDER BY class_index) AS recalls
    FROM class_recall WHERE support >= 10 GROUP BY ALL"""
"""The recalls of every trial, of the classes with FEWEST examples."""


def fairness(trials: Sequence[Row], dense_method: str) -> list[Row]:
    """One row a pruned cell, in the order in which they come.

    trials: rows of RECALLS, cell by cell. worst_class, worst_recall: the lowest mean recall over seeds; gap: the
    highest less the lowest; dense_...: the same of the dense models. loser: the class whose mean recall falls most;
    change, low, high: by how much, over the seeds that both sides have, with an interval that holds for all classes of
    the cell together (Bonferroni), so that it may be the one that loses most. corrected_p: paired t-test by Holm over
    all classes and cells of a task and model. No interval below five seeds.
    """
    cells: dict[tuple[Any, ...], list[Row]] = {}
    for row in trials:
        cells.setdefault((row["task"], row["split"], row["model"], row["method"], row["sparsity"]), []).append(row)
    found: list[tuple[Row, list[str], list[Row]]] = []
    families: dict[tuple[Any, ...], list[Row]] = {}
    for key, rows in cells.items():
        dense = cells.get((*key[:3], dense_method, 0.0))
        names = rows[0]["classes"]
        # Trials that answered other classes of examples cannot be set against each other class by class.
        if key[3] == dense_method or not dense or any(row["classes"] != names for row in (*rows, *dense)):
            continue
        changes = losses(*_paired(rows, dense))
        families.setdefault(key[:3], []).extend(changes)
        place = dict(zip(("task", "split", "model", "method", "sparsity"), key, strict=True))
        found.append(
            (place | {"seeds": len(rows)} | _spread(names, rows, "") | _spread(names, dense, "dense_"), names, changes)
        )
    for family in families.values():
        correct_family(family)
    return [row | _loser(names, changes) for row, names, changes in found]


def losses(pruned: Floats, dense: Floats) -> list[Row]:
    """change, low, high and p of every class; both sides [seed, class], row by row of one seed.

    An interval ends at -1 and 1: by more no recall can change.
    """
    differences = pruned - dense
    seeds, classes = differences.shape
    changes = differences.mean(axis=0) if seeds else np.full(classes, np.nan)
    blank: Row = {"low": None, "high": None, "p": None}
    if seeds < LEAST_SEEDS:
        return [{"change": float(change), **blank} for change in changes]
    errors = differences.std(axis=0, ddof=1) / np.sqrt(seeds)
    reach = float(stats.t.ppf(1 - (1 - CONFIDENCE) / 2 / classes, seeds - 1))
    return [
        {
            "change": change,
            "low": max(change - reach * error, -1.0),
            "high": min(change + reach * error, 1.0),
            "p": _p(change, error, seeds),
        }
        if error > 0
        else {"change": change, **blank}
        for change, error in zip(changes.tolist(), errors.tolist(), strict=True)
    ]


def _p(change: float, error: float, seeds: int) -> float:
    return float(2 * stats.t.sf(abs(change) / error, seeds - 1))


def _paired(rows: Sequence[Row], dense: Sequence[Row]) -> tuple[Floats, Floats]:
    """[seed, class] recalls of the seeds that both sides have."""
    sides = [{row["seed"]: row["recalls"] for row in own} for own in (rows, dense)]
    shared = sorted(sides[0].keys() & sides[1].keys())
    classes = len(rows[0]["classes"])
    own, other = (np.array([side[seed] for seed in shared], np.float64).reshape(-1, classes) for side in sides)
    return own, other


def _spread(names: Sequence[str], rows: Sequence[Row], begun: str) -> Row:
    means = np.mean([row["recalls"] for row in rows], axis=0)
    worst, best = int(means.argmin()), int(means.argmax())
    return {
        f"{begun}worst_class": names[worst],
        f"{begun}worst_recall": float(means[worst]),
        f"{begun}best_class": names[best],
        f"{begun}gap": float(means[best] - means[worst]),
    }


def _loser(names: Sequence[str], changes: Sequence[Mapping[str, Any]]) -> Row:
    number = min(range(len(names)), key=lambda at: changes[at]["change"])
    return {"loser": names[number], **changes[number]}
