"""Electorates drawn from the seeds of a cell: bootstrap resamples, and halves."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.ballots import Weights


def generator(purpose: str, *names: str) -> np.random.Generator:
    """The generator for one purpose and place: the same names draw the same numbers, on every machine."""
    return np.random.default_rng(list(":".join([purpose, *names]).encode()))


def resamples(random: np.random.Generator, seeds: int, size: int, count: int) -> Weights:
    """[count, seeds]: `size` seeds drawn with replacement, count times (Efron and Tibshirani 1993, chapter 6)."""
    return random.multinomial(size, np.full(seeds, 1 / seeds), count).astype(np.float32)


def paired_resamples(
    random: np.random.Generator, first: NDArray[np.int64], second: NDArray[np.int64], count: int
) -> tuple[Weights, Weights]:
    """Electorates of two cells, [count, seeds of the cell]: seeds that both have are drawn as pairs, others apart."""
    shared = np.intersect1d(first, second)
    common = resamples(random, len(shared), len(shared), count) if len(shared) else np.zeros((count, 0), np.float32)
    drawn = []
    for seeds in (first, second):
        weights = np.zeros((count, len(seeds)), np.float32)
        own = np.isin(seeds, shared)
        weights[:, own] = common
        if not own.all():
            weights[:, ~own] = resamples(random, int((~own).sum()), int((~own).sum()), count)
        drawn.append(weights)
    return drawn[0], drawn[1]


def odd_half(seeds: int) -> int:
    """The largest odd number of seeds of which there are two disjoint sets; 0 where there is none.

    An even electorate ties, and a tie goes to the lowest class: with two classes its vote is "both say 1", another
    question than the majority vote of all seeds.
    """
    half = seeds // 2
    return half if half % 2 else max(half - 1, 0)


def halves(random: np.random.Generator, seeds: int, count: int, size: int | None = None) -> tuple[Weights, Weights]:
    """Two disjoint sets of `size` seeds each (None: an odd half), [splits, seeds]: all splits where they are at most
    `count`, else `count` at random.
    """
    size = odd_half(seeds) if size is None else size
    if comb(seeds, size) * comb(seeds - size, size) <= count:
        found = [
            (left, right)
            for left in combinations(range(seeds), size)
            for right in combinations(sorted({*range(seeds)} - {*left}), size)
        ]
    else:
        order = random.permuted(np.tile(np.arange(seeds), (count, 1)), axis=1)
        found = [(tuple(row[:size]), tuple(row[size : 2 * size])) for row in order]
    sides = np.zeros((2, len(found), seeds), np.float32)
    for number, split in enumerate(found):
        for side, chosen in enumerate(split):
            sides[side, number, list(chosen)] = 1
    return sides[0], sides[1]


def split_resamples(random: np.random.Generator, seeds: int, count: int, times: int) -> tuple[Weights, Weights]:
    """Bootstrap resamples, each split `times` times into odd halves of the draws: [times * count, seeds] a half.

    Given the seeds at hand, the halves of one resample are independent samples of them.
    """
    draws = random.integers(0, seeds, (count, seeds))
    size = odd_half(seeds)
    sides = np.zeros((2, times * count, seeds), np.float32)
    for time in range(times):
        order = random.permuted(draws, axis=1)
        rows = np.arange(time * count, (time + 1) * count)[:, None]
        for side in range(2):
            np.add.at(sides[side], (rows, order[:, side * size : (side + 1) * size]), 1)
    return sides[0], sides[1]


def halves_without_one(random: np.random.Generator, seeds: int, count: int) -> tuple[Weights, Weights]:
    """Odd halves of all seeds but one, for each seed in turn: [seeds * splits, seeds], equally many splits a seed."""
    sides = [
        [np.insert(side, seed, 0, axis=1) for side in halves(random, seeds - 1, count, odd_half(seeds))]
        for seed in range(seeds)
    ]
    return np.concatenate([one for one, _ in sides]), np.concatenate([two for _, two in sides])


def spread(weights: Weights, shared: NDArray[np.int64], seeds: NDArray[np.int64]) -> Weights:
    """Weights of the shared seeds as weights of all seeds of a cell, 0 for the others."""
    wide = np.zeros((len(weights), len(seeds)), np.float32)
    wide[:, np.isin(seeds, shared)] = weights
    return wide
