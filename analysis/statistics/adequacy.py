"""Are there enough seeds? The PIE rate, how well it is known, and how steady the set of PIEs is, by number of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import CellPair, Weights, contest
from analysis.statistics.interval import Z
from analysis.statistics.noise_floor import place
from analysis.statistics.resampling import generator, halves, spread

Row = dict[str, Any]
Found = dict[str, NDArray[np.float64]]

SPLITS = 40
POINT = 0.01
MORE_SEEDS = 10
GROWTH = 1.4
USUAL_DECAY = 0.3
DECAYS = (0.2, 0.5)
MOST_NEEDED = 9_999
TINY = 1e-9
ROUNDING = 1e-6


def adequacy_of(panel: Panel, cell: Answers) -> Iterator[Row]:
    """One row per odd number of seeds up to all that both cells have, one for all of them, and one for twice as many.

    rate: the PIE rate of so many seeds, mean over SPLITS subsets; it falls as seeds are added, since votes waver less,
    and is no property of the cell alone. dense_rate: that of two disjoint sets of so many dense seeds. jaccard: of the
    sets of PIEs that two disjoint sets of so many seeds give, |both| / |either|, 1 where neither finds a PIE.
    half_width: 1.96 standard deviations of the rate of so many seeds. The variance of odd sizes of which there are two
    sets is half of the mean square by which the rates of two disjoint sets differ: without replacement, so that
    drawing adds no noise of its own. Beyond, `Widths` extrapolates. measured: false beyond all.
    """
    dense = panel.dense
    shared = np.intersect1d(dense.seeds, cell.seeds) if dense is not None else np.zeros(0, np.int64)
    if dense is None or len(shared) < 2:
        return
    votes = contest(panel, dense, cell)
    if not votes.examples:
        return
    count = len(shared)
    found = {size: _by_size(votes, (dense, cell), size) for size in sizes_of(count)}
    widths = WidthLaw.of({size: numbers["apart"] for size, numbers in found.items() if "jaccard" in numbers})
    for size, numbers in found.items():
        two = 2 * size <= count
        yield place(panel, cell) | {
            "seeds": size,
            "rate": float(numbers["rate"].mean()),
            "dense_rate": float(numbers["dense_rate"].mean()) if two else None,
            "jaccard": float(numbers["jaccard"].mean()) if two else None,
            "half_width": widths.at(size),
            "decay": widths.decay,
            "measured": True,
        }
    beyond = dict.fromkeys(("rate", "dense_rate", "jaccard"))
    last = {"seeds": 2 * count, "half_width": widths.at(2 * count), "decay": widths.decay, "measured": False}
    yield place(panel, cell) | beyond | last


@dataclass(frozen=True)
class WidthLaw:
    """half_width(n) = width (n / size)^-decay.

    Votes of more seeds waver less, but the examples that still waver do so together: widths shrink more slowly than
    with the square root of n, which would be a decay of 0.5. It is fitted to the sizes of which there are two disjoint
    sets; null where there is one such size alone, and USUAL_DECAY is used.
    """

    size: int
    width: float
    decay: float | None

    @staticmethod
    def of(apart: Mapping[int, NDArray[np.float64]]) -> WidthLaw:
        """apart: odd size -> by how much the rates of two disjoint sets of so many seeds differ."""
        widths = {size: Z * sqrt(float(np.square(own).mean()) / 2) for size, own in apart.items() if size % 2}
        sizes = sorted(widths)
        decay = None
        if len(sizes) > 1:
            logs = np.log([max(widths[size], TINY) for size in sizes])
            decay = float(np.clip(-np.polyfit(np.log(sizes), logs, 1)[0], *DECAYS))
        return WidthLaw(sizes[-1], widths[sizes[-1]], decay)

    def at(self, seeds: int) -> float:
        """Half the width with so many seeds."""
        return float(self.width * (seeds / self.size) ** -(self.decay or USUAL_DECAY))


def sizes_of(seeds: int) -> list[int]:
    """Odd numbers of seeds, ever further apart, and all of them."""
    found, size = {seeds}, 1
    while size < seeds:
        found.add(size)
        grown = max(size + 2, round(GROWTH * size))
        size = grown if grown % 2 else grown + 1
    return sorted(found)


def summary(rows: Sequence[Row]) -> Row:
    """What the rows of `adequacy_of` of one cell say together, by the model of `Widths`.

    half_width: of all seeds. with_more: with MORE_SEEDS more. needed: seeds for ± one point around the rate of so many
    seeds, at most MOST_NEEDED; null where no decay is known. jaccard: of the largest disjoint sets of seeds.
    """
    last = next(row for row in reversed(rows) if row["measured"])
    seeds, decay = last["seeds"], last["decay"]
    widths = WidthLaw(seeds, last["half_width"], decay)
    needed = None
    if decay is not None:
        factor = min((last["half_width"] / POINT) ** (1 / decay), MOST_NEEDED)
        needed = min(max(2, ceil(seeds * factor - ROUNDING)), MOST_NEEDED)
    steady = [row["jaccard"] for row in rows if row["jaccard"] is not None]
    return {name: rows[0][name] for name in ("task", "split", "model", "method", "sparsity")} | {
        "seeds": seeds,
        "jaccard": steady[-1] if steady else None,
        "half_width": last["half_width"],
        "with_more": widths.at(seeds + MORE_SEEDS),
        "needed": needed,
    }


def _by_size(votes: CellPair, cells: tuple[Answers, Answers], size: int) -> Found:
    """Of pairs of disjoint sets of so many seeds, or of single sets where there are no two."""
    dense, cell = cells
    shared = np.intersect1d(dense.seeds, cell.seeds)
    random = generator("subsets", str(size))
    two = 2 * size <= len(shared)
    one, other = halves(random, len(shared), SPLITS, size) if two else _subsets(random, len(shared), size)
    voters = [(side, spread(half, shared, own.seeds)) for half in (one, other) for side, own in enumerate(cells)]
    first, second, between = votes.shares(voters, [(0, 1), (2, 3), (0, 2)])
    found = {"rate": (first + second) / 2, "apart": first - second, "dense_rate": between}
    return found | ({"jaccard": votes.jaccards(voters, (0, 1), (2, 3))} if two else {})


def _subsets(random: np.random.Generator, seeds: int, size: int) -> tuple[Weights, Weights]:
    """Sets of so many seeds, twice: one alone if these are all."""
    count = 1 if size == seeds else SPLITS
    order = random.permuted(np.tile(np.arange(seeds), (count, 1)), axis=1)
    found = (order < size).astype(np.float32)
    return found, found
