"""Split a PIE rate into seed noise and the rest: rates within dense and within pruned models, and what is beyond."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import CellPair, Side, Weights, contest
from analysis.statistics.interval import centred_percentiles, jackknife, two_way
from analysis.statistics.resampling import (
    generator,
    halves,
    halves_without_one,
    odd_half,
    paired_resamples,
    split_resamples,
    spread,
)
from runner.studies.seed_advice import LEAST_SEEDS

Row = dict[str, Any]
Voters = list[tuple[Side, Weights]]

RESAMPLES = 1_000
SPLITS = 100
SPLITS_OF_A_RESAMPLE = 2
FEW_SEEDS = 10

# Places among the voters of `_halves_of`: two halves of the dense seeds, then the same two of the pruned ones.
DENSE_PAIR, PRUNED_PAIR, ACROSS = (0, 1), (2, 3), ((0, 3), (1, 2))
EXCESS = dict.fromkeys((DENSE_PAIR, PRUNED_PAIR), -0.5) | dict.fromkeys(ACROSS, 0.5)


def interval_of(panel: Panel, cell: Answers, resamples: int = RESAMPLES) -> Row:
    """A pruned cell's PIE rate with intervals, both noise floors, and the excess over them with intervals.

    With D(S), P(S) the votes of the dense and pruned models of the seeds S, and d the share of examples on which two
    votes differ:

        rate          d(D(all), P(all)), the PIE rate of the view pie_rate
        noise_floor   mean over splits of the shared seeds into disjoint odd halves A, B of d(D(A), D(B))
        pruned_floor  mean over the same splits of d(P(A), P(B))
        halves_rate   mean over the same splits of d(D(A), P(B)) and d(D(B), P(A))
        excess        halves_rate - (noise_floor + pruned_floor) / 2

    Votes of fewer seeds waver more, so halves must be compared with halves: neither floor is to be taken off `rate`.
    All terms of `excess` have equally many seeds, none on both sides. Its expectation is the mean over examples of
    1/2 sum_k (p_k - q_k)^2, where p and q are the chances that half of the dense and of the pruned seeds vote for k:
    an energy distance (Szekely and Rizzo 2013; Gretton et al. 2012), 0 if and only if the votes' distributions agree.
    Less the dense floor alone it would also grow where pruning merely adds noise of the seeds. An estimate may fall
    below 0. `rate` profits from pairs besides: a pruned and a dense model of one seed share initial weights and data
    order, or more, which makes them agree; methods that share unequally much are compared by `halves_rate`.

    low, high; excess_low, excess_high: 95 % intervals over seeds (`interval`), pairs of seeds drawn together;
    two_way_low, ..., excess_two_way_high: the same over seeds and examples. Null, with a `reason`, below five seeds.
    The comparison asks of Hooker et al. 2019 (arXiv:1911.05248) how much their PIEs owe to chance.
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
    (
        *("rate", "low", "high", "two_way_low", "two_way_high"),
        *("half", "halves_rate", "noise_floor", "pruned_floor", "excess"),
        *("excess_low", "excess_high", "excess_two_way_low", "excess_two_way_high"),
    )
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
    shared = len(np.intersect1d(dense.seeds, cell.seeds))
    drawn = resamples if shared >= LEAST_SEEDS else 0
    row = counts | NOTHING | _rate(votes, dense, cell, drawn)
    if shared < 2:
        return row | {"reason": "fewer than two seeds on both sides"}
    reason = None if drawn else f"fewer than {LEAST_SEEDS} seeds on both sides: no interval"
    return row | _excess(votes, dense, cell, drawn) | {"reason": reason}


def _rate(votes: CellPair, dense: Answers, cell: Answers, resamples: int) -> Row:
    everyone = [(side, np.ones((1, len(one.seeds)), np.float32)) for side, one in enumerate((dense, cell))]
    rate = float(votes.shares(everyone, [(0, 1)])[0, 0])
    if not resamples:
        return {"rate": rate}
    random = generator("bootstrap", "pairs")
    drawn = paired_resamples(random, dense.seeds, cell.seeds, resamples)
    seeds = min(len(dense.seeds), len(cell.seeds))
    low, high = centred_percentiles(rate, votes.shares(list(enumerate(drawn)), [(0, 1)])[0], seeds)
    wide_low, wide_high = two_way(rate, low, high, rate * (1 - rate) / votes.examples)
    return {
        "rate": rate,
        "low": max(low, 0.0),
        "high": min(high, 1.0),
        "two_way_low": max(wide_low, 0.0),
        "two_way_high": min(wide_high, 1.0),
    }


def _excess(votes: CellPair, dense: Answers, cell: Answers, resamples: int) -> Row:
    seeds = len(np.intersect1d(dense.seeds, cell.seeds))
    voters = _halves_of(dense, cell, halves(generator("splits"), seeds, SPLITS))
    between_dense, between_pruned, across, back = (
        float(share.mean()) for share in votes.shares(voters, [DENSE_PAIR, PRUNED_PAIR, *ACROSS])
    )
    halves_rate = (across + back) / 2
    excess = halves_rate - (between_dense + between_pruned) / 2
    row = {
        "half": odd_half(seeds),
        "halves_rate": halves_rate,
        "noise_floor": between_dense,
        "pruned_floor": between_pruned,
        "excess": excess,
    }
    if not resamples:
        return row
    low, high = _excess_interval(votes, dense, cell, excess, resamples)
    wide_low, wide_high = two_way(excess, low, high, votes.variance(voters, EXCESS) / votes.examples)
    bounds = {"excess_low": low, "excess_high": high}
    return row | bounds | {"excess_two_way_low": wide_low, "excess_two_way_high": wide_high}


def _excess_interval(
    votes: CellPair, dense: Answers, cell: Answers, excess: float, resamples: int
) -> tuple[float, float]:
    """The jackknife where seeds are few and halves of the same size remain without one, else the bootstrap.

    Resamples of a handful repeat their seeds so often that intervals are three to six times as wide as need be, and
    too narrow at five seeds with much shared noise (they cover 90 %).
    """
    seeds = len(np.intersect1d(dense.seeds, cell.seeds))
    is_left_out = seeds < FEW_SEEDS and odd_half(seeds - 1) == odd_half(seeds)
    drawn = (
        halves_without_one(generator("jackknife"), seeds, SPLITS // 2)
        if is_left_out
        else split_resamples(generator("bootstrap", "halves"), seeds, resamples // 2, SPLITS_OF_A_RESAMPLE)
    )
    shares = votes.shares(_halves_of(dense, cell, drawn), list(EXCESS))
    found = np.tensordot(list(EXCESS.values()), shares, axes=1)
    if is_left_out:
        return jackknife(excess, found.reshape(seeds, -1).mean(axis=1))
    return centred_percentiles(excess, found.reshape(SPLITS_OF_A_RESAMPLE, -1), seeds)


def _halves_of(dense: Answers, cell: Answers, drawn: tuple[Weights, Weights]) -> Voters:
    """Both halves of the shared seeds as electorates of dense models, then as electorates of pruned ones."""
    shared = np.intersect1d(dense.seeds, cell.seeds)
    return [(side, spread(half, shared, one.seeds)) for side, one in enumerate((dense, cell)) for half in drawn]
