"""Measure how good predictions are: accuracy, macro-F1, correlations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def accuracy(gold: ArrayLike, predicted: ArrayLike) -> float:
    """The share of examples whose predicted class is the gold one.

    gold, predicted: class indices [n]. Returns a fraction in [0, 1]. ValueError if empty or of unequal length.
    """
    truth, guess = _same_shape(gold, predicted, 1)
    return float(np.mean(truth == guess))


def macro_f1(gold: ArrayLike, predicted: ArrayLike) -> float:
    """The mean over classes of F1 = 2 tp / (2 tp + fp + fn), 0 for a class that is neither gold nor predicted.

    gold, predicted: indicators [n, classes] of 0 and 1. Equals scikit-learn's
    `f1_score(average="macro", zero_division=0)`. Returns a fraction in [0, 1]. ValueError if empty or of unequal shape.
    """
    truth, guess = _same_shape(gold, predicted, 2)
    yes, said = truth.astype(bool), guess.astype(bool)
    hits = 2 * np.sum(yes & said, axis=0)
    mentions = np.sum(yes, axis=0) + np.sum(said, axis=0)  # 2 tp + fp + fn
    return float(np.mean(np.divide(hits, mentions, out=np.zeros(hits.shape), where=mentions > 0)))


def indicators(labels: list[list[int]], classes: int) -> NDArray[np.bool_]:
    """Class lists as a table of yes and no: bool [n, classes], true where the class is in the example's list."""
    table = np.zeros((len(labels), classes), dtype=bool)
    rows = np.repeat(np.arange(len(labels)), [len(row) for row in labels])
    table[rows, np.array([name for row in labels for name in row], dtype=np.int64)] = True
    return table


def _same_shape(gold: ArrayLike, predicted: ArrayLike, dimensions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    truth, guess = np.asarray(gold), np.asarray(predicted)
    if truth.shape != guess.shape or truth.ndim != dimensions or truth.shape[0] == 0:
        raise ValueError(
            f"gold has shape {truth.shape} and predictions {guess.shape}; both need the same {dimensions}-d shape "
            "and at least one example"
        )
    return truth, guess


def pearson(gold: ArrayLike, predicted: ArrayLike) -> float:
    """Pearson's correlation of numbers [n], as SciPy has it; NaN where either side is constant or holds no number."""
    from scipy.stats import pearsonr

    return _correlation(gold, predicted, pearsonr)


def spearman(gold: ArrayLike, predicted: ArrayLike) -> float:
    """Spearman's rank correlation, equal numbers sharing their mean rank, as SciPy has it; NaN as for Pearson's."""
    from scipy.stats import spearmanr

    return _correlation(gold, predicted, spearmanr)


def _correlation(gold: ArrayLike, predicted: ArrayLike, measure: Callable[..., Any]) -> float:
    truth, guess = np.asarray(gold, np.float64), np.asarray(predicted, np.float64)
    if truth.shape != guess.shape or truth.ndim != 1 or not len(truth):
        raise ValueError(f"gold has shape {truth.shape} and predictions {guess.shape}; both need the same, [n], n > 0")
    known = np.isfinite(truth).all() and np.isfinite(guess).all()
    if not known or np.ptp(truth) == 0 or np.ptp(guess) == 0:
        return float("nan")
    return float(measure(truth, guess).statistic)
