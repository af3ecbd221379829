"""Are there enough seeds? How steady the set of PIEs is, and how well their rate is known, by number of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import Contest, Weights, contest
from analysis.statistics.interval import CONFIDENCE
from analysis.statistics.noise_floor import place, spread
from analysis.statistics.resampling import generator, halves, resamples

Row = dict[str, Any]

RESAMPLES = 200
SPLITS = 20
POINT = 0.01
MORE_SEEDS = 10


def adequacy_of(panel: Panel, cell: Answers) -> Iterator[Row]:
    """One row per number of seeds: 2, a quarter, half, all and twice all of those that both cells have, from 2 on.

    jaccard: of the sets of PIEs that two disjoint random sets of so many seeds give, |both| / |either|, mean over
    SPLITS pairs; null where there are too few seeds for two, 1 where neither finds a PIE. half_width: half the
    distance between the 2.5th and 97.5th percentile of the PIE rate of so many pairs of seeds drawn with replacement:
    so many seeds know the rate to ± that (the m out of n bootstrap, which may draw more than there are). measured:
    false beyond all.
    """
    dense = panel.dense
    shared = np.intersect1d(dense.seeds, cell.seeds) if dense is not None else np.zeros(0, np.int64)
    if dense is None or len(shared) < 2:
        return
    votes = contest(panel, dense, cell)
    if not votes.examples:
        return
    count = len(shared)
    sizes = sorted({size for size in (2, count // 4, count // 2, count, 2 * count) if size >= 2})
    steady = _jaccards(votes, dense, cell, [size for size in sizes if 2 * size <= count])
    for size, width in _half_widths(votes, dense, cell, sizes).items():
        yield place(panel, cell) | {
            "seeds": size,
            "jaccard": steady.get(size),
            "half_width": width,
            "measured": size <= count,
        }


def summary(rows: Sequence[Row]) -> Row:
    """What the rows of `adequacy_of` of one cell say together, by the model half_width(n) = slope / sqrt(n).

    slope: mean of half_width sqrt(n) over half, all and twice all seeds; a handful bends the curve. half_width: of all
    seeds. with_more: with MORE_SEEDS more. needed: seeds for ± one point, ceil((slope / POINT)^2). jaccard: of the
    largest disjoint sets of seeds.
    """
    seeds = max(row["seeds"] for row in rows if row["measured"])
    slope = float(np.mean([row["half_width"] * row["seeds"] ** 0.5 for row in rows if 2 * row["seeds"] >= seeds]))
    steady = [row["jaccard"] for row in rows if row["jaccard"] is not None]
    return {name: rows[0][name] for name in ("task", "split", "model", "method", "sparsity")} | {
        "seeds": seeds,
        "jaccard": steady[-1] if steady else None,
        "half_width": slope / seeds**0.5,
        "with_more": slope / (seeds + MORE_SEEDS) ** 0.5,
        "needed": max(2, ceil((slope / POINT) ** 2)),
    }


def _jaccards(votes: Contest, dense: Answers, cell: Answers, sizes: Sequence[int]) -> dict[int, float]:
    if not sizes:
        return {}
    shared = np.intersect1d(dense.seeds, cell.seeds)
    drawn = [halves(generator("subsets", str(size)), len(shared), SPLITS, size) for size in sizes]
    sides = [np.concatenate([split[side] for split in drawn]) for side in range(2)]
    voters = [(side, spread(half, shared, one.seeds)) for half in sides for side, one in enumerate((dense, cell))]
    found = votes.jaccards(voters, (0, 1), (2, 3))
    ends = np.cumsum([len(split[0]) for split in drawn])[:-1]
    return {size: float(part.mean()) for size, part in zip(sizes, np.split(found, ends), strict=True)}


def _half_widths(votes: Contest, dense: Answers, cell: Answers, sizes: Sequence[int]) -> dict[int, float]:
    shared = np.intersect1d(dense.seeds, cell.seeds)
    random = generator("widths")
    drawn: Weights = np.concatenate([resamples(random, len(shared), size, RESAMPLES) for size in sizes])
    voters = [(side, spread(drawn, shared, one.seeds)) for side, one in enumerate((dense, cell))]
    rates = votes.shares(voters, [(0, 1)]).reshape(len(sizes), RESAMPLES)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(rates, [tail, 1 - tail], axis=1)
    found: NDArray[np.float64] = (high - low) / 2
    return dict(zip(sizes, found.tolist(), strict=True))
