"""How much of a PIE rate is noise of the seeds: the rate between dense seeds alone, and what pruning adds to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import Contest, Weights, contest
from analysis.statistics.interval import centred_percentiles
from analysis.statistics.resampling import generator, halves, paired_resamples, split_resamples

Row = dict[str, Any]

RESAMPLES = 1_000
SPLITS = 100
SPLITS_OF_A_RESAMPLE = 2


def interval_of(panel: Panel, cell: Answers, resamples: int = RESAMPLES) -> Row:
    """A pruned cell's PIE rate with interval, the noise floor, and the excess over it with interval.

    With D(S), P(S) the votes of the dense and pruned models of the seeds S, and d the share of examples on which two
    votes differ:

        rate          d(D(all), P(all)), the PIE rate of the view pie_rate
        noise_floor   mean over splits of the shared seeds into disjoint halves A, B of d(D(A), D(B))
        halves_rate   mean over the same splits of d(D(A), P(B)) and d(D(B), P(A))
        excess        halves_rate - noise_floor

    Votes of fewer seeds waver more, so halves must be compared with halves: `noise_floor` is not to be taken off
    `rate`. In `excess` both terms have equally many seeds, none on both sides, and differ in the pruning alone: it is
    0 on average if pruned models are no more unlike dense ones than these are unlike each other. `rate` profits from
    pairs besides: a pruned and a dense model of one seed share initial weights and data order, which makes them agree.

    low, high; excess_low, excess_high: 95 % bootstrap intervals over seeds (`interval`), pairs of seeds drawn
    together; null, with a `reason`, where there are too few seeds. The comparison asks of Hooker et al. 2019
    (arXiv:1911.05248) how much their PIEs owe to chance; the estimators are ours.
    """
    return place(panel, cell) | _measured(panel, cell, resamples)


def place(panel: Panel, cell: Answers) -> Row:
    """The columns that name a cell on a split."""
    return {
        "task": panel.task,
        "split": panel.split,
        "model": panel.model,
        "method": cell.method,
        "sparsity": cell.sparsity,
    }


NOTHING: Row = dict.fromkeys(
    ("rate", "low", "high", "half", "halves_rate", "noise_floor", "excess", "excess_low", "excess_high")
)


def _measured(panel: Panel, cell: Answers, resamples: int) -> Row:
    dense = panel.dense
    counts = {"seeds": len(cell.seeds), "dense_seeds": 0 if dense is None else len(dense.seeds), "examples": 0}
    if dense is None:
        return counts | NOTHING | {"reason": "no dense trial has committed"}
    votes = contest(panel, dense, cell)
    counts["examples"] = votes.examples
    if not votes.examples:
        return counts | NOTHING | {"reason": "no example was predicted by both"}
    shared = np.intersect1d(dense.seeds, cell.seeds)
    row = counts | NOTHING | _rate(votes, dense, cell, resamples if len(shared) > 1 else 0)
    reason = "fewer than two seeds on both sides" if len(shared) < 2 else None
    return row | ({} if reason else _excess(votes, dense, cell, resamples)) | {"reason": reason}


def _rate(votes: Contest, dense: Answers, cell: Answers, resamples: int) -> Row:
    everyone = [(side, np.ones((1, len(one.seeds)), np.float32)) for side, one in enumerate((dense, cell))]
    rate = float(votes.shares(everyone, [(0, 1)])[0, 0])
    if not resamples:
        return {"rate": rate}
    random = generator("bootstrap", "pairs")
    drawn = paired_resamples(random, dense.seeds, cell.seeds, resamples)
    low, high = centred_percentiles(rate, votes.shares(list(enumerate(drawn)), [(0, 1)])[0])
    return {"rate": rate, "low": max(low, 0.0), "high": min(high, 1.0)}


def _excess(votes: Contest, dense: Answers, cell: Answers, resamples: int) -> Row:
    shared = np.intersect1d(dense.seeds, cell.seeds)
    split = halves(generator("splits"), len(shared), SPLITS)
    floor, rate = _of_halves(votes, dense, cell, split)
    drawn = split_resamples(generator("bootstrap", "halves"), len(shared), resamples // 2, SPLITS_OF_A_RESAMPLE)
    floors, rates = (found.reshape(SPLITS_OF_A_RESAMPLE, -1) for found in _of_halves(votes, dense, cell, drawn))
    excess = float(rate.mean() - floor.mean())
    low, high = centred_percentiles(excess, rates - floors)
    return {
        "half": len(shared) // 2,
        "halves_rate": float(rate.mean()),
        "noise_floor": float(floor.mean()),
        "excess": excess,
        "excess_low": low,
        "excess_high": high,
    }


def _of_halves(
    votes: Contest, dense: Answers, cell: Answers, drawn: tuple[Weights, Weights]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per split: the noise floor, and the rate between dense and pruned votes."""
    shared = np.intersect1d(dense.seeds, cell.seeds)
    voters = [(side, spread(half, shared, one.seeds)) for side, one in enumerate((dense, cell)) for half in drawn]
    between_dense, across, back = votes.shares(voters, [(0, 1), (0, 3), (1, 2)])
    return between_dense, (across + back) / 2


def spread(weights: Weights, shared: NDArray[np.int64], seeds: NDArray[np.int64]) -> Weights:
    """Weights of the shared seeds as weights of all seeds of a cell, 0 for the others."""
    wide = np.zeros((len(weights), len(seeds)), np.float32)
    wide[:, np.isin(seeds, shared)] = weights
    return wide
