"""Noise floor, excess and intervals: on cells whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.statistics.interval import centred_percentiles, two_way
from analysis.statistics.noise_floor import interval_of
from analysis.statistics.resampling import (
    generator,
    halves,
    halves_without_one,
    odd_half,
    paired_resamples,
    split_resamples,
)
from analysis.statistics.survey import survey
from tests.analysis.statistics.small_panels import answers, drawn, panel, write_store

MARGINS = np.random.default_rng(99).normal(size=200)
EFFECT = 0.5 * np.random.default_rng(97).normal(size=200)


def measured(random: np.random.Generator, effect: float, resamples: int = 400) -> dict[str, float]:
    """A cell of 16 pairs of seeds whose pruning moves every margin by its part of `effect`."""
    dense = answers(drawn(random, 16, MARGINS, shared=0.3), "dense", 0.0)
    pruned = answers(drawn(random, 16, MARGINS + effect * EFFECT, shared=0.3), "x", 0.9)
    return interval_of(panel(dense, pruned), pruned, resamples)


@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_intervals_cover_the_truth(effect: float) -> None:
    """Over repeated experiments, 95 % intervals hold the expected rate and excess in about 95 % of cases or more."""
    random = np.random.default_rng(5)
    rows = [measured(random, effect) for _ in range(40)]
    for value, low, high in (("rate", "low", "high"), ("excess", "excess_low", "excess_high")):
        truth = np.mean([row[value] for row in rows])
        covered = np.mean([row[low] <= truth <= row[high] for row in rows])
        assert covered >= 0.9
        spread = 4 * np.std([row[value] for row in rows])
        assert np.mean([row[high] - row[low] for row in rows]) < 2.2 * spread  # and they are no wider than need be


def test_plain_percentiles_would_see_an_effect_where_there_is_none() -> None:
    """The bias that centring takes off is real: resampled rates of null data lie above the rate itself."""
    random = np.random.default_rng(6)
    rows = [measured(random, 0.0) for _ in range(20)]
    assert abs(np.mean([row["excess"] for row in rows])) < 0.01
    assert sum(row["excess_low"] > 0 for row in rows) <= 2
    replicates = np.array([0.10, 0.11, 0.12, 0.13, 0.14])
    low, high = centred_percentiles(0.08, replicates, 10)
    assert low + high == pytest.approx(2 * 0.08)


def test_an_effect_of_pruning_is_seen() -> None:
    """A real effect gives an excess whose interval lies above zero; the noise floor does not change."""
    random = np.random.default_rng(7)
    null, real = measured(random, 0.0), measured(random, 2.0)
    assert real["excess_low"] > 0
    assert real["excess"] > 0.05
    assert real["noise_floor"] == pytest.approx(null["noise_floor"], abs=0.05)


def test_equal_answers_have_no_excess() -> None:
    """Pruned models that answer as the dense ones of their seed have rate 0, and excess 0 over a floor above 0."""
    dense = drawn(np.random.default_rng(8), 10, MARGINS)
    pruned = answers(dense.copy(), "x", 0.5)
    row = interval_of(panel(answers(dense, "dense", 0.0), pruned), pruned, 100)
    assert (row["rate"], row["low"], row["high"], row["excess"]) == (0, 0, 0, 0)
    assert row["noise_floor"] > 0


def test_the_noise_floor_is_the_mean_over_all_halves() -> None:
    """Odd halves of four dense seeds are single seeds; the floor is the mean over their pairs, counted by hand."""
    dense = answers(np.array([[0, 0], [0, 1], [1, 1], [1, 1]]), "dense", 0.0)
    pruned = answers(dense.codes.copy(), "x", 0.5)
    row = interval_of(panel(dense, pruned), pruned, 10)
    # First example: 4 of 6 pairs of seeds differ. Second: 3 of 6.
    assert row["half"] == 1
    assert row["noise_floor"] == row["pruned_floor"] == pytest.approx((4 / 6 + 3 / 6) / 2)


@pytest.mark.parametrize(("seeds", "half"), [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 3), (9, 3), (10, 5), (30, 15)])
def test_halves_are_odd(seeds: int, half: int) -> None:
    """The largest odd size of which there are two: an even one would tie, and ties go to the lowest class."""
    assert odd_half(seeds) == half


def test_the_excess_takes_off_both_floors() -> None:
    """With single seeds as halves it is half of the mean product of two seeds' changes of vote, example by example."""
    random = np.random.default_rng(11)
    dense, pruned = drawn(random, 5, MARGINS), drawn(random, 5, MARGINS + EFFECT)
    cell = answers(pruned, "x", 0.5)
    row = interval_of(panel(answers(dense, "dense", 0.0), cell), cell, 50)
    change = pruned - dense  # of class 1; that of class 0 is the opposite, so that their squares add up to twice it
    pairs = [change[s] @ change[t] / len(MARGINS) for s in range(5) for t in range(5) if s != t]
    assert row["excess"] == pytest.approx(np.mean(pairs))
    assert row["excess"] == pytest.approx(row["halves_rate"] - (row["noise_floor"] + row["pruned_floor"]) / 2)


def test_the_interval_over_examples_too_is_wider() -> None:
    """Drawing other examples adds to the interval over seeds on both sides, of the rate and of the excess."""
    random = np.random.default_rng(12)
    row = measured(random, 2.0)
    assert row["two_way_low"] < row["low"] < row["rate"] < row["high"] < row["two_way_high"]
    assert row["excess_two_way_low"] < row["excess_low"] < row["excess_high"] < row["excess_two_way_high"]
    only_examples = two_way(0.2, 0.2, 0.2, 0.2 * 0.8 / 100)
    assert only_examples == pytest.approx((0.2 - 1.96 * 0.04, 0.2 + 1.96 * 0.04), abs=1e-4)


@pytest.mark.parametrize(
    ("dense", "pruned", "reason"),
    [
        (None, [0, 1], "no dense trial has committed"),
        ([0], [0], "fewer than two seeds on both sides"),
        ([0, 1], [2, 3], "fewer than two seeds on both sides"),
        ([0, 1, 2, 3, 4], [1, 2, 3, 4], "fewer than 5 seeds on both sides: no interval"),
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], None),
    ],
)
def test_few_or_missing_seeds_are_no_error(dense: list[int] | None, pruned: list[int], reason: str | None) -> None:
    """A cell that cannot have an interval has none, says why, and keeps its rate where there is one."""
    random = np.random.default_rng(9)
    cell = answers(drawn(random, len(pruned), MARGINS), "x", 0.5, pruned)
    other = None if dense is None else answers(drawn(random, len(dense), MARGINS), "dense", 0.0, dense)
    row = interval_of(panel(other, cell), cell, 50)
    assert row["reason"] == reason
    assert (row["rate"] is None) == (dense is None)
    assert (row["low"] is None) == (row["two_way_low"] is None) == (row["excess_low"] is None) == (reason is not None)
    assert (row["excess"] is None) == (dense is None or len(set(dense) & set(pruned)) < 2)


def test_rates_are_those_of_the_view_and_the_same_each_time(tmp_path: Path) -> None:
    """A store's rows have the rates of pie_rate, and computing them again gives the same numbers to the last digit."""
    random = np.random.default_rng(10)
    cells = {
        ("dense", 0.0): dict(enumerate(drawn(random, 4, MARGINS[:40]))),
        ("imp-ft", 0.5): dict(enumerate(drawn(random, 4, MARGINS[:40]))),
        ("imp-ft", 0.9): dict(enumerate(drawn(random, 3, MARGINS[:40] - 1))),
    }
    connection = connect(write_store(tmp_path, cells, np.array([0, 1] * 20)))
    rates = {row[0]: row[1] for row in connection.sql("SELECT sparsity, rate FROM pie_rate").fetchall()}
    once, again = survey(connection, resamples=50), survey(connection, resamples=50)
    assert {row["sparsity"]: row["rate"] for row in once.intervals} == pytest.approx(rates)
    assert (once.intervals, once.adequacy, once.definitions) == (again.intervals, again.adequacy, again.definitions)


def test_electorates_are_what_they_are_called() -> None:
    """Resamples draw as many seeds as there are, pairs together; halves are disjoint; few splits are all of them."""
    random = generator("test")
    first, second = np.array([0, 1, 2, 5]), np.array([1, 2, 5, 7, 8])
    left, right = paired_resamples(random, first, second, 30)
    assert (left[:, 1:] == right[:, :3]).all()
    assert (left[:, 0] == 1).all()
    assert set(left.sum(axis=1)) == {4}
    assert set(right.sum(axis=1)) == {5}
    for seeds, count in ((4, 12), (5, 20), (12, 40)):
        one, other = halves(random, seeds, 40)
        assert len(one) == count
        assert len({row.tobytes() + twin.tobytes() for row, twin in zip(one, other, strict=True)}) == count
        assert (one * other == 0).all()
        assert set(one.sum(axis=1)) == set(other.sum(axis=1)) == {odd_half(seeds)}
    one, other = split_resamples(random, 7, 7, 2)
    assert one.shape == other.shape == (14, 7)
    assert set(one.sum(axis=1)) == set(other.sum(axis=1)) == {3}
    one, other = halves_without_one(random, 7, 10)
    assert one.shape == other.shape == (70, 7)
    assert all((side[10 * seed : 10 * (seed + 1), seed] == 0).all() for side in (one, other) for seed in range(7))
    assert set(one.sum(axis=1)) == {3}
