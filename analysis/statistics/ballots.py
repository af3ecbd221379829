"""Votes of many differently weighted electorates at once, on the examples that could become PIEs.

An electorate weights seeds: all once for the vote itself, 0 and 1 for a subset, counts for a bootstrap resample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Codes, Panel
from analysis.statistics.place_codes import ranked

Weights = NDArray[np.float32]
"""[electorate, seed]: how often each seed votes."""
Side = int
"""0: the first cell (dense, as a rule), 1: the second."""
BLOCK = 400_000
FEW = 4


@dataclass(frozen=True)
class Column:
    """Questions that are voted on in one way.

    ballots: per side, [seed, question]: with two classes 1 for the higher, -1 for the lower, 0 for neither; with more
    the class, -1 for no answer. classes: how many. counts[pattern]: how many examples answer so. questions: how many a
    pattern has, one after another: more than one where a label set's classes, or words, are voted on one by one.
    """

    ballots: tuple[NDArray[np.integer], NDArray[np.integer]]
    classes: int
    counts: NDArray[np.float32]
    questions: int = 1


@dataclass(frozen=True)
class CellPair:
    """Two cells side by side. examples: those that at least one seed of either cell predicts.

    Equal answers of all seeds of both cells can never make a PIE: such examples are counted and left out. Of the
    others, each pattern of answers is voted on once and counted as often as it occurs.
    """

    examples: int
    columns: tuple[Column, ...]

    def blocks(self, voters: Sequence[tuple[Side, Weights]]) -> Iterator[Block]:
        """The votes of all electorates, a few patterns at a time."""
        width = max(1, BLOCK // max(len(weights) for _, weights in voters))
        sure = [_outvoted(weights) for _, weights in voters]
        for column in self.columns:
            step = max(1, width // column.questions)
            for low in range(0, len(column.counts), step):
                yield _block(column, slice(low, low + step), voters, sure)

    def shares(self, voters: Sequence[tuple[Side, Weights]], pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """[pair, electorate]: the share of examples on which the votes of two voters differ.

        voters: a side and its electorates each, equally many; pairs: places in voters. Ties go to the lowest class; a
        multi-label vote is every class with more than half of the weight (Tropeano et al. 2025, section 2). An example
        that no seed of an electorate predicts counts as voted for the lowest class, or for none.
        """
        totals = np.zeros((len(pairs), len(voters[0][1])))
        for block in self.blocks(voters):
            for place, pair in enumerate(pairs):
                totals[place] += block.counts @ block.differ(*pair)
        return totals / max(self.examples, 1)

    def variance(self, voters: Sequence[tuple[Side, Weights]], terms: Mapping[tuple[int, int], float]) -> float:
        """Variance over examples of sum_pair term [the votes of a pair differ], mean over the electorates.

        Divided by the number of examples it is the variance that drawing other examples gives the share, or the sum of
        shares, that `terms` describes.
        """
        total = squares = 0.0
        for block in self.blocks(voters):
            value = sum(factor * block.differ(*pair).mean(axis=1, dtype=np.float64) for pair, factor in terms.items())
            total += float(block.counts @ value)
            squares += float(block.counts @ np.square(value))
        mean = total / max(self.examples, 1)
        return max(squares / max(self.examples, 1) - mean**2, 0.0)

    def jaccards(
        self, voters: Sequence[tuple[Side, Weights]], first: tuple[int, int], second: tuple[int, int]
    ) -> NDArray[np.float64]:
        """[electorate]: |both| / |either| of the examples on which each pair's votes differ; 1 where there is none."""
        both = np.zeros(len(voters[0][1]))
        either = np.zeros(len(voters[0][1]))
        for block in self.blocks(voters):
            one, other = block.differ(*first), block.differ(*second)
            both += block.counts @ (one * other)
            either += block.counts @ np.maximum(one, other)
        return np.divide(both, either, out=np.ones_like(both), where=either > 0)


@dataclass(frozen=True)
class Block:
    """Votes on some patterns: votes[voter][question, electorate], or [question, 1] where all electorates vote alike."""

    votes: list[NDArray[Any]]
    counts: NDArray[np.float32]
    questions: int

    def differ(self, one: int, other: int) -> NDArray[np.float32]:
        """[pattern, electorate]: 1 where two voters' votes differ; [pattern, 1] where all electorates vote alike."""
        found: NDArray[np.bool_] = self.votes[one] != self.votes[other]
        by_pattern = found.reshape(-1, self.questions, found.shape[1])
        any_ = by_pattern[:, 0]
        for question in range(1, self.questions):  # five times as fast as logical_or.reduce
            any_ |= by_pattern[:, question]
        return any_.astype(np.float32)


def contest(panel: Panel, first: Answers, second: Answers) -> CellPair:
    """Two cells of a panel, ready to be voted on."""
    codes = np.concatenate([first.codes, second.codes])
    seeds = len(first.seeds)
    both = (codes[:seeds] >= 0).any(axis=0) & (codes[seeds:] >= 0).any(axis=0)
    open_ = both & (codes != codes[0]).any(axis=0)
    patterns, counts = _distinct(codes[:, open_])
    if panel.places is not None:
        columns = _by_place(patterns, counts, panel.places, seeds)
    elif panel.sets is not None:
        columns = _questions(patterns, counts, panel, seeds)
    else:
        columns = _choices(patterns, counts, seeds)
    return CellPair(int(both.sum()), tuple(columns))


def _distinct(codes: Codes) -> tuple[Codes, NDArray[np.float32]]:
    """Distinct columns, and how often each occurs; by a 64-bit hash, which errs for two in 10^19 pairs."""
    factors = np.random.default_rng(0).integers(1, 2**63, len(codes), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = np.zeros(codes.shape[1], np.uint64)
    for factor, row in zip(factors, codes, strict=True):
        mixed += factor * (row + 2).astype(np.uint64)
    _, place, counts = np.unique(mixed, return_index=True, return_counts=True)
    return codes[:, place], counts.astype(np.float32)


def _choices(patterns: Codes, counts: NDArray[np.float32], seeds: int) -> Iterator[Column]:
    """Single-label columns, one for every number of classes that occur in a pattern.

    Classes are renumbered within each pattern, in their order: most patterns have two, whatever the task has.
    """
    if not patterns.size:
        return
    occurs = np.zeros((int(patterns.max()) + 2, patterns.shape[1]), np.bool_)
    np.put_along_axis(occurs, patterns + 1, values=True, axis=0)
    occurs = occurs[1:]
    rank = np.cumsum(occurs, axis=0, dtype=np.int16) - np.int16(1)
    classes = rank[-1] + 1
    own = np.where(patterns >= 0, np.take_along_axis(rank, np.maximum(patterns, 0), axis=0), -1)
    for number in np.unique(classes[classes > 1]):
        chosen = own[:, classes == number]
        sizes = counts[classes == number]
        ballots = np.array([0, -1, 1], np.int8)[chosen + 1] if number == 2 else chosen.astype(np.int16)
        if number == 2:  # near-unanimous patterns side by side: a block of them need not be counted
            order = np.lexsort((_dissent(ballots[seeds:]), np.minimum(_dissent(ballots[:seeds]), FEW)))
            ballots, sizes = ballots[:, order], sizes[order]
        yield Column((ballots[:seeds], ballots[seeds:]), int(number), sizes)


def _questions(patterns: Codes, counts: NDArray[np.float32], panel: Panel, seeds: int) -> Iterator[Column]:
    """One question for each class of a label set on which not all seeds agree."""
    assert panel.sets is not None
    sets = np.vstack([panel.sets, np.zeros(panel.sets.shape[1], np.bool_)])  # the last, -1, is no answer
    says = sets[patterns]
    pattern, class_index = np.nonzero(says.any(axis=0) & ~says.all(axis=0))
    if not len(pattern):
        return
    ballots = np.where(says[:, pattern, class_index], 1, -1).astype(np.int8)
    asked, starts, questions = np.unique(pattern, return_index=True, return_counts=True)
    for number in np.unique(questions):
        chosen = questions == number
        own = ballots[:, (starts[chosen][:, None] + np.arange(number)).ravel()]
        yield Column((own[:seeds], own[seeds:]), 2, counts[asked[chosen]], int(number))


def _by_place(patterns: Codes, counts: NDArray[np.float32], places: NDArray[np.int16], seeds: int) -> Iterator[Column]:
    """One question for each place on whose code not all seeds agree; codes are renumbered within it, in their order."""
    says = places[patterns]
    pattern, place = np.nonzero((says != says[:1]).any(axis=0))
    if not len(pattern):
        return
    ranks = ranked(says[:, pattern, place])
    asked, starts, questions = np.unique(pattern, return_index=True, return_counts=True)
    for number in np.unique(questions):
        chosen = questions == number
        ballots = ranks[:, (starts[chosen][:, None] + np.arange(number)).ravel()]
        # Two codes are counted as three are: with two classes ballots would have signs.
        classes = max(3, int(ballots.max()) + 1)
        yield Column((ballots[:seeds], ballots[seeds:]), classes, counts[asked[chosen]], int(number))


def _dissent(ballots: NDArray[Any]) -> NDArray[np.intp]:
    """[question]: how many seeds do not vote as the most do, of two classes."""
    most: NDArray[np.intp] = np.maximum((ballots > 0).sum(axis=0), (ballots < 0).sum(axis=0))
    return len(ballots) - most


def _outvoted(weights: Weights) -> int:
    """So many seeds, whichever they are, have less than half of the weight in each of these electorates."""
    heaviest = np.sort(weights, axis=1)[:, ::-1].cumsum(axis=1)
    return int((2 * heaviest < weights.sum(axis=1, keepdims=True)).all(axis=0).sum())


def _block(column: Column, patterns: slice, voters: Sequence[tuple[Side, Weights]], sure: Sequence[int]) -> Block:
    questions = slice(patterns.start * column.questions, patterns.stop * column.questions)
    ballots = [side[:, questions] for side in column.ballots]
    dissent = [_dissent(side).max() if column.classes == 2 else len(side) for side in ballots]
    votes = []
    for (side, weights), outvoted in zip(voters, sure, strict=True):
        # Where no electorate can vote otherwise than all seeds do, one vote stands for those of all.
        cast = np.ones((1, len(ballots[side])), np.float32) if dissent[side] <= outvoted else weights
        votes.append(_votes(cast, ballots[side], column.classes))
    return Block(votes, column.counts[patterns], column.questions)


def _votes(weights: Weights, ballots: NDArray[Any], classes: int) -> NDArray[Any]:
    """[question, electorate]: with two classes whether the higher wins, else which."""
    if classes == 2:
        return ballots.T.astype(np.float32) @ weights.T > 0
    most = np.equal(ballots.T, 0).astype(np.float32) @ weights.T
    winner = np.zeros(most.shape, np.int16)
    for class_index in range(1, classes):
        votes = np.equal(ballots.T, class_index).astype(np.float32) @ weights.T
        np.maximum(winner, (votes > most) * np.int16(class_index), out=winner)
        np.maximum(most, votes, out=most)
    return winner
