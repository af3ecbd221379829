"""How good predictions are: accuracy for one class per example, macro-F1 for several."""

from __future__ import annotations

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
