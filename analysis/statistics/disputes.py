"""Count what halves of the seeds vote differently: the reference for statements about which examples pruning breaks.

Examples near a decision boundary turn with the seeds, pruned or not. They are longer, harder to read, more influential
than others, and make up most PIEs; only where PIEs differ from them does pruning have a hand in it. Both are counted by
equally many seeds: a vote of all seeds wavers on fewer and harder examples than one of half, so that where pruning does
nothing, PIEs of all seeds differ from what dense halves dispute, and PIEs of halves do not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Codes, Panel, panels
from analysis.statistics.cell_keys import CellKey
from analysis.statistics.resampling import generator, halves
from analysis.statistics.votes_of_splits import Flags, differ

SPLITS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Disputes:
    """What halves of the seeds that a pruned cell and its dense one share vote differently, by example.

    crossed[example]: of SPLITS pairs of disjoint odd halves, both ways round, those where one half votes dense and the
    other pruned, and differently. dense[example]: of the same pairs those whose dense votes differ. example_ids:
    ascending, those that both cells have answered. gold[example], sets: the true answers, as in a Panel.
    """

    example_ids: NDArray[np.int32]
    crossed: Floats
    dense: Floats
    gold: Codes | None = None
    sets: Flags | None = None

    def at(self, example_ids: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """crossed and dense of these examples, 0 for those that a side has not answered."""
        place = np.minimum(np.searchsorted(self.example_ids, example_ids), len(self.example_ids) - 1)
        is_known = self.example_ids[place] == example_ids
        return np.where(is_known, self.crossed[place], 0.0), np.where(is_known, self.dense[place], 0.0)


def disputes(connection: Database, split: str) -> Iterator[tuple[CellKey, Disputes]]:
    """Every pruned cell on one split of which there are disputes; none where an answer has several places."""
    for panel in panels(connection, split):
        # Matrices are small here: threads that share one cost more than they bring, so each cell has one of its own.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(partial(disputes_of, panel), panel.pruned))
        for cell, one in zip(panel.pruned, found, strict=True):
            if one:
                yield (panel.task, panel.split, panel.model, cell.method, cell.sparsity), one


def disputes_of(panel: Panel, cell: Answers) -> Disputes | None:
    """The disputes of one pruned cell; None below two seeds, or without an example, that its dense cell has too."""
    if panel.dense is None:
        return None
    dense, pruned = panel.dense.of(cell.seeds), cell.of(panel.dense.seeds)
    crossed, disputed = crossed_share(panel.sets, dense, pruned), disputed_share(panel.sets, dense)
    known = (dense.codes >= 0).any(axis=0) & (pruned.codes >= 0).any(axis=0)
    if crossed is None or disputed is None or not known.any():
        return None
    return Disputes(
        example_ids=panel.example_ids[known],
        crossed=crossed[known],
        dense=disputed[known],
        gold=None if panel.gold is None else panel.gold[known],
        sets=panel.sets,
    )


def disputed_share(sets: Flags | None, dense: Answers) -> Floats | None:
    """[example]: of SPLITS pairs of disjoint odd halves of the seeds, those that vote differently; None below two."""
    if len(dense.seeds) < 2:
        return None
    one, other = halves(generator("disputes"), len(dense.seeds), SPLITS)
    return np.asarray(differ(sets, (dense, one), (dense, other)).mean(axis=0, dtype=np.float64))


def crossed_share(sets: Flags | None, dense: Answers, cell: Answers) -> Floats | None:
    """[example]: the same where one half is of the dense seeds and the other of the pruned ones, both ways round.

    Both sides have the same seeds.
    """
    if len(dense.seeds) < 2:
        return None
    one, other = halves(generator("disputes"), len(dense.seeds), SPLITS)
    turned = [differ(sets, (dense, first), (cell, second)) for first, second in ((one, other), (other, one))]
    return np.asarray(np.concatenate(turned).mean(axis=0, dtype=np.float64))
