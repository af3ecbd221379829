"""Test whether the votes of two cells differ by more than their seeds do: the sides change places, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import CellPair, Weights, contest
from analysis.statistics.interval import centred_percentiles
from analysis.statistics.resampling import generator, resamples, spread
from runner.studies.hypotheses import SWAPS
from runner.studies.seed_advice import LEAST_SEEDS

RESAMPLES = 1_000
EXACT = 1e-9
"""Differences of shares that are equal as fractions differ by less as floating-point numbers."""


@dataclass(frozen=True, kw_only=True)
class PairedCells:
    """Two cells over the same seeds, and what the votes of each are compared with.

    reference, other_reference: the dense cell of each, or the gold answers; they may be one and the same. sign: 1 where
    votes that differ from the reference are counted for a side (PIE rate), -1 where those that agree are (share of
    right votes).
    """

    one: Answers
    other: Answers
    reference: Answers
    other_reference: Answers
    sign: int

    @property
    def has_one_reference(self) -> bool:
        return self.reference is self.other_reference


def swap(panel: Panel, duel: PairedCells, alpha: float) -> dict[str, float | None]:
    """estimate, low, high, statistic and p of the difference between two shares of votes, one minus the other.

    If the two sides are of one kind, the two models of a seed could as well have changed places. So the difference is
    computed anew for every way to exchange some seeds' models (2^(n - 1) of them, since exchanging all changes the sign
    alone), or for SWAPS random ways where there are more: p is the share of those whose difference is at least as
    large, the observed one among them (Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular
    Biology 9). It is at least 2^(1 - n): three seeds can show nothing at 5 %, six can. Seeds are the units: it speaks
    of further seeds, on these examples. Where each side has a dense cell of its own, that is exchanged along.

    low, high: interval over seeds at confidence 1 - alpha (`centred_percentiles`); null below five.
    """
    votes = contest(panel, *_stacked(duel))
    estimate, p = _swapped(votes, duel)
    low, high = _interval(votes, duel, estimate, 1 - alpha)
    return {"estimate": estimate, "low": low, "high": high, "statistic": estimate, "p": p}


def p_of_swap(panel: Panel, duel: PairedCells) -> float:
    """The p of `swap` alone, which takes half the time."""
    return _swapped(contest(panel, *_stacked(duel)), duel)[1]


def _swapped(votes: CellPair, duel: PairedCells) -> tuple[float, float]:
    """The observed difference, and its p."""
    exchanged, is_complete = _exchanges(len(duel.one.seeds))
    found = duel.sign * _difference(votes, duel, *_sides(exchanged))
    extreme = np.abs(found) >= abs(found[0]) - EXACT
    return float(found[0]), float(extreme.mean() if is_complete else (1 + extreme[1:].sum()) / len(found))


def _exchanges(seeds: int) -> tuple[NDArray[np.bool_], bool]:
    """[way, seed]: whose models change places; the first way exchanges nobody. And whether these are all ways."""
    if 2**seeds <= SWAPS + 1:
        return np.array([(False, *rest) for rest in product((False, True), repeat=seeds - 1)]), True
    drawn = generator("swaps").integers(0, 2, (SWAPS, seeds)).astype(np.bool_)
    return np.vstack([np.zeros(seeds, np.bool_), drawn]), False


def _sides(exchanged: NDArray[np.bool_]) -> tuple[Weights, Weights]:
    """The electorates of both sides among the models of one cell followed by those of the other."""
    one = np.hstack([~exchanged, exchanged]).astype(np.float32)
    return one, 1 - one


def _stacked(duel: PairedCells) -> tuple[Answers, Answers]:
    """The references as one cell, and both cells as one: those of the first side, then those of the other."""
    references = duel.reference if duel.has_one_reference else _both(duel.reference, duel.other_reference)
    return references, _both(duel.one, duel.other)


def _both(one: Answers, other: Answers) -> Answers:
    codes = np.concatenate([one.codes, other.codes])
    return Answers(method=one.method, sparsity=one.sparsity, seeds=np.arange(len(codes)), codes=codes)


def _difference(votes: CellPair, duel: PairedCells, one: Weights, other: Weights) -> NDArray[np.float64]:
    """[electorate]: share of votes of the first side that differ from its reference, minus that of the other side."""
    if not duel.has_one_reference:
        pairs = [(0, 2), (1, 3)]
        shares = votes.shares([(0, one), (0, other), (1, one), (1, other)], pairs)
    else:
        everyone = np.ones((len(one), len(duel.reference.seeds)), np.float32)
        shares = votes.shares([(0, everyone), (1, one), (1, other)], [(0, 1), (0, 2)])
    return np.asarray(shares[0] - shares[1])


def _interval(
    votes: CellPair, duel: PairedCells, estimate: float, confidence: float
) -> tuple[float | None, float | None]:
    """Pairs of seeds drawn together, with the dense models of these seeds where the reference has them."""
    seeds = len(duel.one.seeds)
    if seeds < LEAST_SEEDS:
        return None, None
    drawn = resamples(generator("bootstrap", "duel"), seeds, seeds, RESAMPLES)
    nobody = np.zeros_like(drawn)
    one, other = np.hstack([drawn, nobody]), np.hstack([nobody, drawn])
    if duel.has_one_reference:
        is_paired = np.array_equal(duel.reference.seeds, duel.one.seeds)
        voters = spread(drawn, duel.one.seeds, duel.reference.seeds) if is_paired else None
        everyone = np.ones((RESAMPLES, len(duel.reference.seeds)), np.float32) if voters is None else voters
        shares = votes.shares([(0, everyone), (1, one), (1, other)], [(0, 1), (0, 2)])
        found = shares[0] - shares[1]
    else:
        found = _difference(votes, duel, one, other)
    return centred_percentiles(estimate, duel.sign * found, seeds, confidence)
