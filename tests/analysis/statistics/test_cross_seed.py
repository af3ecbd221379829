"""Slopes of class balances where the truth is known: what all seeds share, and what each has alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.statistics import cross_seed
from analysis.statistics.recall_distortions import interval, paired

Floats = NDArray[np.float64]
EXPERIMENTS, CLASSES, LEVEL = 300, 10, 0.95


def world(random: np.random.Generator, seeds: int, kappas: tuple[float, ...], slope: float = 1.0) -> list[Floats]:
    """Balances before pruning and after it by each of several methods: S beta + kappa eps + eta, beta twice eps.

    What is drawn anew keeps the variance of the seeds' own deviations as it is.
    """
    beta = random.normal(size=CLASSES)
    beta *= 2 / np.sqrt(np.square(beta).mean())
    own = random.normal(size=(seeds, CLASSES))
    drawn = [random.normal(size=own.shape) * np.sqrt(1 - kappa**2) for kappa in kappas]
    after = [slope * beta + kappa * own + noise for kappa, noise in zip(kappas, drawn, strict=True)]
    return [beta + own, *after]


def worlds(seeds: int, *kappas: float, slope: float = 1.0) -> Iterator[list[Floats]]:
    """Many of one kind."""
    random = np.random.default_rng([seeds, *(int(10 * kappa) for kappa in kappas)])
    for _ in range(EXPERIMENTS):
        yield world(random, seeds, kappas, slope)


def holds(values: Floats, truth: float) -> bool:
    """Whether the interval of their mean has the truth in it."""
    low, high = interval(values, LEVEL)
    assert low is not None
    assert high is not None
    return low <= truth <= high


@pytest.mark.parametrize(("seeds", "kappa", "slope"), [(30, 0.0, 1.0), (30, 0.5, 1.3), (10, 0.0, 1.0), (5, 0.5, 1.0)])
def test_intervals_of_the_cross_seed_slope_hold_the_truth(seeds: int, kappa: float, slope: float) -> None:
    """In about 95 of 100 studies, whatever the seeds inherit; alpha lies below it and its interval misses it."""
    covered, missed, estimates = [], [], []
    for before, after in worlds(seeds, kappa, slope=slope):
        found = cross_seed.cross_seed(before, after)
        assert found is not None
        estimates.append(found[0])
        covered.append(holds(found[1], slope))
        missed.append(not holds(cross_seed.slopes(before, after), slope))
    assert np.mean(estimates) == pytest.approx(slope, abs=0.02)
    assert 0.91 <= np.mean(covered) <= 0.985
    assert np.mean(missed) > (0.75 if seeds == 30 else 0.15)


def test_methods_that_do_the_same_differ_in_alpha_alone() -> None:
    """Two methods that keep .9 and .3 of the seeds' own deviations, and intensify nothing: paired t-tests of alpha say
    that they differ in half of the studies, those of alpha* in one of twenty.
    """
    plain, cross = [], []
    for before, *methods in worlds(30, 0.9, 0.3):
        names = [str(seed) for seed in range(len(before))]
        found = [cross_seed.cross_seed(before, after) for after in methods]
        alphas = [dict(zip(names, cross_seed.slopes(before, after), strict=True)) for after in methods]
        pseudo = [dict(zip(names, one[1], strict=True)) for one in found if one is not None]
        plain.append((paired(*alphas)[1] or 1) < 0.05)
        cross.append((paired(*pseudo)[1] or 1) < 0.05)
    assert np.mean(plain) > 0.3
    assert np.mean(cross) <= 0.09


def test_reliability_and_what_is_inherited_are_what_was_put_in() -> None:
    """lambda = 4 / (4 + 1), kappa as it was chosen, and the slope of one dense trial on another near lambda."""
    found = [
        (cross_seed.reliability(before), cross_seed.inherited(before, after), cross_seed.dense_slope(before))
        for before, after in worlds(30, 0.5)
    ]
    assert np.mean(found, axis=0) == pytest.approx([0.8, 0.5, 0.82], abs=0.02)


def test_nothing_is_said_of_four_seeds_or_where_seeds_share_nothing() -> None:
    """No cross-seed slope below five seeds, nor where the balances of different seeds have no product to divide by."""
    random = np.random.default_rng(1)
    before, after = world(random, 4, (0.5,))
    assert cross_seed.cross_seed(before, after) is None
    noise = random.normal(size=(2, 12, CLASSES))
    assert cross_seed.cross_seed(noise[0], noise[1]) is None


def test_one_seed_has_a_slope_and_nothing_beside_it() -> None:
    """Reliability, what is inherited and the dense slope need two seeds; so does an interval."""
    before, after = world(np.random.default_rng(1), 1, (0.5,))
    assert [cross_seed.reliability(before), cross_seed.inherited(before, after), cross_seed.dense_slope(before)] == [
        None
    ] * 3
    assert interval(cross_seed.slopes(before, after), 0.99) == (None, None)


def test_a_side_that_lacks_a_parent_is_not_paired() -> None:
    """Pairs are of one parent each; what one side lacks is not left out in silence."""
    assert paired({"a": 1.0, "b": 2.0}, {"a": 1.5}) == (None, None)
    assert paired({"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 1.0})[0] == 0.5
