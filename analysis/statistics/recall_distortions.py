"""Sum up recall distortion by cell: the slope alpha, and what it is made of where pruning does nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics import cross_seed
from analysis.statistics.cell_keys import CellKey, place

Row = dict[str, Any]
Floats = NDArray[np.float64]
Epochs = Mapping[tuple[str, str, str, float], int | None]
"""Task, model, method and sparsity -> how long the cell is trained."""

BALANCES = """
    SELECT
        task, split, model, method, sparsity, seed,
        list(dense_normalised ORDER BY class_index) AS before,
        list(normalised ORDER BY class_index) AS after
    FROM intensification WHERE support > 0 GROUP BY ALL"""
"""The balances of every trial that has a parent, as lists over the classes that have examples."""
EPOCHS = "SELECT task, model, method, sparsity, max(epochs) AS epochs FROM trials GROUP BY ALL"
PLACE = ("task", "split", "model", "method", "sparsity")
FAMILY, RATIOS = 0.05, 5
"""The intervals of a method hold together at 95 %: each of five sparsities at 99 %."""
OF_ALL = ("accuracy", "dense_accuracy")
OF_DEFINED = ("alpha_macro", "alpha_precision", "alpha_f1", "length_ratio", "odds_ratio")
OF_SEEDS = (
    *("deviation", "low", "high", "pooled", "pooled_r2", "reliability", "kappa", "dense_alpha", "alpha_by_odds"),
    *("cross_alpha", "cross_low", "cross_high"),
)
OF_CONTROL = (
    "control",
    "control_alpha",
    "control_difference",
    "control_p",
    "corrected_p",
    "cross_difference",
    "cross_p",
)


def recall_distortions(trials: Sequence[Row], epochs: Epochs) -> list[Row]:
    """One row a cell, in the order in which they come.

    trials: rows of the view recall_distortion, cell by cell, each with before and after: the balances of the classes
    that have examples; and is_collapsed.

    seeds: trials with an alpha; undefined: without, `note` says why. alpha, low, high, label: mean over seeds, its t
    interval, and whether that lies below 1 (<), above (>) or not (?). pooled, pooled_r2: the slope over all seeds and
    classes. cross_alpha, cross_low, cross_high, cross_label: alpha* of `cross_seed`; null below five seeds or where
    dense models of different seeds have little in common. reliability, kappa, dense_alpha: what makes alpha fall
    below 1 by itself. alpha_by_odds: alpha / odds ratio of error. control: a reference that is trained on as long and
    loses no weight; control_difference: mean of alpha less its alpha over seeds, control_p: its paired t-test;
    corrected_p: by Bonferroni over the sparsities of the method. cross_difference, cross_p: the same of alpha*.
    """
    cells = {key: list(rows) for key, rows in groupby(trials, key=place)}
    found = {key: _cell(key, rows, confidence(cells, key)) for key, rows in cells.items()}
    for key, row in found.items():
        row.update(dict.fromkeys(OF_CONTROL))
        control = _control(key, found, epochs)
        if control is not None:
            row.update(_against(cells[key], cells[control], siblings(cells, key)))
    return list(found.values())


def siblings(cells: Iterable[CellKey], key: CellKey) -> int:
    """How many sparsities the method of a cell has."""
    return sum(other[:4] == key[:4] for other in cells)


def confidence(cells: Iterable[CellKey], key: CellKey) -> float:
    """Of one interval: .99, or more where more than five sparsities share the family."""
    return 1 - FAMILY / max(siblings(cells, key), RATIOS)


def interval(values: Floats, level: float) -> tuple[float, float] | tuple[None, None]:
    """mean -+ t s / sqrt(n), n - 1 degrees of freedom; None for one value."""
    if len(values) < 2:
        return None, None
    reach = float(stats.t.ppf((1 + level) / 2, len(values) - 1)) * float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean()) - reach, float(values.mean()) + reach


def label(low: float | None, high: float | None) -> str:
    """Whether an interval lies below 1 (<), above it (>) or holds it (?); nothing without one."""
    if low is None or high is None:
        return ""
    return "<" if high < 1 else ">" if low > 1 else "?"


def balances(rows: Iterable[Row]) -> tuple[Floats, Floats]:
    """[seed, class]: balances before and after pruning."""
    own = list(rows)
    return np.array([row["before"] for row in own], np.float64), np.array([row["after"] for row in own], np.float64)


def defined(rows: Iterable[Row]) -> list[Row]:
    """The trials that have an alpha."""
    return [row for row in rows if row["alpha"] is not None]


def pseudo_values(rows: Sequence[Row]) -> dict[str, float] | None:
    """Parent -> what stands for its alpha in tests of alpha*; None where there is no alpha*."""
    own = defined(rows)
    found = cross_seed.cross_seed(*balances(own)) if own else None
    return None if found is None else dict(zip((row["parent_id"] for row in own), found[1].tolist(), strict=True))


def _cell(key: CellKey, rows: list[Row], level: float) -> Row:
    own = defined(rows)
    notes = Counter(row["note"] for row in rows if row["alpha"] is None)
    row: Row = {
        **dict(zip(PLACE, key, strict=True)),
        "seeds": len(own),
        "undefined": len(rows) - len(own),
        "note": notes.most_common(1)[0][0] if notes else None,
        "classes": rows[0]["classes"],
        "is_balanced": all(one["is_balanced"] for one in rows),
        "collapsed": sum(one["is_collapsed"] for one in rows),
        "confidence": level,
        "alpha": fmean(one["alpha"] for one in own) if own else None,
        **{name: _mean(rows, name) for name in OF_ALL},
        **{name: _mean(own, name) for name in OF_DEFINED},
        **dict.fromkeys(OF_SEEDS),
    }
    if own:
        row |= _of_seeds(own, level)
        row["alpha_by_odds"] = row["alpha"] / row["odds_ratio"] if row["odds_ratio"] else None
    row["label"] = label(row["low"], row["high"])
    row["cross_label"] = label(row["cross_low"], row["cross_high"])
    return row


def _mean(rows: Iterable[Row], name: str) -> float | None:
    """None where any trial lacks the number: a mean of the others would be another cell's."""
    values = [row[name] for row in rows]
    return fmean(values) if values and None not in values else None


def _of_seeds(own: list[Row], level: float) -> Row:
    before, after = balances(own)
    alphas = np.array([row["alpha"] for row in own])
    low, high = interval(alphas, level)
    slope, r2 = cross_seed.pooled(before, after)
    found = cross_seed.cross_seed(before, after)
    cross_low, cross_high = (None, None) if found is None else interval(found[1], level)
    return {
        "deviation": stdev(alphas) if len(own) > 1 else None,
        "low": low,
        "high": high,
        "pooled": slope,
        "pooled_r2": None if np.isnan(r2) else r2,
        "reliability": cross_seed.reliability(before),
        "kappa": cross_seed.inherited(before, after),
        "dense_alpha": cross_seed.dense_slope(before),
        "cross_alpha": None if found is None else found[0],
        "cross_low": cross_low,
        "cross_high": cross_high,
    }


def _control(key: CellKey, cells: Mapping[CellKey, Row], epochs: Epochs) -> CellKey | None:
    """The reference beside a pruned cell: unpruned, with a parent, trained as long; none where there is no such one."""
    if not key[4]:
        return None
    beside = [other for other, row in cells.items() if other[:3] == key[:3] and not other[4] and row["seeds"]]
    as_long = [one for one in beside if epochs.get((one[0], *one[2:])) == epochs.get((key[0], *key[2:]))]
    return as_long[0] if as_long else None


def _against(rows: list[Row], control: list[Row], comparisons: int) -> Row:
    """Alpha and alpha* of a cell less those of its control, pair by pair of trials with one parent."""
    own, other = ({row["parent_id"]: row["alpha"] for row in defined(part)} for part in (rows, control))
    difference, p = paired(own, other)
    cross, cross_other = pseudo_values(rows), pseudo_values(control)
    cross_difference, cross_p = (None, None) if cross is None or cross_other is None else paired(cross, cross_other)
    return {
        "control": control[0]["method"],
        "control_alpha": fmean(other.values()),
        "control_difference": difference,
        "control_p": p,
        "corrected_p": None if p is None else min(1.0, p * comparisons),
        "cross_difference": cross_difference,
        "cross_p": cross_p,
    }


def paired(own: Mapping[str, float], other: Mapping[str, float]) -> tuple[float | None, float | None]:
    """Mean difference over parents, and the two-sided p of its t-test.

    None below two pairs, and where one side lacks a parent that the other has: to leave it out would be a choice.
    """
    if own.keys() != other.keys() or len(own) < 2:
        return None, None
    differences = np.array([own[parent] - other[parent] for parent in own])
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / len(differences) ** 0.5
    return mean, float(2 * stats.t.sf(abs(mean) / error, len(differences) - 1)) if error > 1e-15 else None
