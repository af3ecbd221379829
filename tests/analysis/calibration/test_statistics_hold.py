"""In worlds whose truth is known, intervals hold it and tests err as promised; methods that are wrong are caught."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from analysis.calibration.experiments import ALPHA, ALWAYS_NULL, INTERVALS, TESTS, Numbers, Setting, experiment
from analysis.calibration.worlds import WORLDS, Examples, Size, simulate
from analysis.statistics.answers import Panel
from analysis.statistics.ballots import contest
from analysis.statistics.interval import centred_percentiles
from analysis.statistics.noise_floor import ACROSS, DENSE_PAIR, _halves_of, interval_of
from analysis.statistics.paired import paired_t
from analysis.statistics.resampling import generator, halves, paired_resamples, split_resamples

EXAMPLES, STUDIES, COVERED = 400, 48, 0.92
SEEDS = (5, 10)
NULLS = [name for name, world in WORLDS.items() if world.is_null]


@pytest.fixture(scope="module")
def studies() -> dict[tuple[str, int], list[Numbers]]:
    """What STUDIES studies give in every world, with five and with ten seeds."""
    found = {}
    with threadpool_limits(1, "blas"):
        for name, world in WORLDS.items():
            for seeds in SEEDS:
                random = np.random.default_rng(seeds)
                setting = Setting(world=world, seeds=seeds, examples=EXAMPLES)
                examples = Examples.of(world, EXAMPLES, random)
                found[name, seeds] = [experiment(setting, examples, random) for _ in range(STUDIES)]
    return found


def allowed(promised: float, studies: int, errors: float = 2.5) -> float:
    """By how much a share over so many studies may miss what is promised."""
    return errors * float(np.sqrt(promised * (1 - promised) / studies))


def coverage(rows: list[Numbers], name: str) -> float:
    """The share of studies whose interval holds the mean estimate."""
    low, high = INTERVALS[name]
    truth = np.mean([row[name] for row in rows])
    return float(np.mean([row[low] <= truth <= row[high] for row in rows]))


def error(rows: list[Numbers], test: str) -> float:
    """The share of studies in which a test finds something."""
    return float(np.mean([row[test] <= ALPHA for row in rows]))


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize("seeds", SEEDS)
def test_intervals_hold_the_truth_in_every_world(studies, name: str, seeds: int) -> None:
    """At least 92 % in each world, as far as so many studies can tell, and 95 % over all worlds together."""
    shares = {world: coverage(studies[world, seeds], name) for world in WORLDS}
    assert min(shares.values()) >= COVERED - allowed(COVERED, STUDIES, 1.5), shares
    assert np.mean(list(shares.values())) >= 0.95


@pytest.mark.parametrize("seeds", SEEDS)
def test_an_excess_is_called_one_where_votes_move_and_not_where_noise_grows(studies, seeds: int) -> None:
    """Null worlds and mere noise stay below the error; a shift is seen, also under a steadier method."""
    above = {world: np.mean([row["excess_low"] > 0 for row in studies[world, seeds]]) for world in WORLDS}
    assert max(above[world] for world in NULLS) <= ALPHA + allowed(ALPHA, STUDIES)
    assert above["noisier"] <= 0.15
    assert above["shift"] > {5: 0.5, 10: 0.9}[seeds]
    assert above["steadier, small shift"] > 0.25


@pytest.mark.parametrize("test", [test for test in TESTS if test != "mcnemar, PIE rate"])
@pytest.mark.parametrize("seeds", SEEDS)
def test_tests_err_as_often_as_they_say(studies, test: str, seeds: int) -> None:
    """At most 5 % where there is nothing to find, in every world and over all of them; five seeds never swap."""
    worlds = WORLDS if test in ALWAYS_NULL else NULLS
    errors = {world: error(studies[world, seeds], test) for world in worlds}
    assert max(errors.values()) <= ALPHA + allowed(ALPHA, STUDIES, 3), errors
    assert np.mean(list(errors.values())) <= ALPHA + allowed(ALPHA, STUDIES * len(worlds))
    if seeds == 5 and test.startswith("swap"):
        assert set(errors.values()) == {0.0}  # the least p is 2 / 32


def test_what_is_there_is_found(studies) -> None:
    """Ten seeds see the harm of a shift among ten classes in votes, in effectiveness and on held-out PIEs."""
    for test in ("swap, right votes", "t, effectiveness", "t, held-out PIEs"):
        assert error(studies["ten classes, shift", 10], test) > 0.9


def test_mcnemar_would_be_caught(studies) -> None:
    """Where seeds share noise, McNemar's test of two methods of one kind errs far above the bound of the others."""
    assert error(studies["null, strong shared noise", 10], "mcnemar, PIE rate") > ALPHA + allowed(ALPHA, STUDIES, 3)


def panels(world: str, seeds: int, studies: int) -> list[Panel]:
    """Studies in a world."""
    random = np.random.default_rng(seeds)
    examples = Examples.of(WORLDS[world], EXAMPLES, random)
    found = simulate(WORLDS[world], examples, Size(seeds=seeds, experiments=studies), random)
    return [found.panel(number) for number in range(studies)]


def dense_floor_alone(panel: Panel) -> tuple[float, float]:
    """The excess over the dense floor alone, and the lower end of its bootstrap interval."""
    dense, cell = panel.dense, panel.pruned[0]
    assert dense is not None
    seeds, votes = len(dense.seeds), contest(panel, dense, cell)

    def excesses(drawn):
        floor, one, two = votes.shares(_halves_of(dense, cell, drawn), [DENSE_PAIR, *ACROSS])
        return (one + two) / 2 - floor

    excess = float(excesses(halves(generator("splits"), seeds, 100)).mean())
    drawn = split_resamples(generator("bootstrap"), seeds, 200, 2)
    return excess, centred_percentiles(excess, excesses(drawn).reshape(2, -1), seeds)[0]


def circular_p(panel: Panel) -> float:
    """The t-test of effectiveness on PIEs against that on all examples, both of the seeds that found the PIEs."""
    dense, cell = panel.dense, panel.pruned[0]
    assert dense is not None
    votes = [np.stack([(one.codes == c).sum(axis=0) for c in (0, 1)]).argmax(axis=0) for one in (dense, cell)]
    right = cell.codes == panel.gold
    return float(paired_t(right[:, votes[0] != votes[1]].mean(axis=1) - right.mean(axis=1), ALPHA).p)


def three_seeds_interval(panel: Panel) -> tuple[float, float, float]:
    """A PIE rate of few seeds with the bootstrap interval that it does not get."""
    dense, cell = panel.dense, panel.pruned[0]
    assert dense is not None
    rate = interval_of(panel, cell, 10)["rate"]
    drawn = paired_resamples(generator("few"), dense.seeds, cell.seeds, 300)
    shares = contest(panel, dense, cell).shares(list(enumerate(drawn)), [(0, 1)])[0]
    return rate, *centred_percentiles(rate, shares, 1_000)


def test_the_excess_over_the_dense_floor_alone_would_be_caught() -> None:
    """It calls mere noise an effect of pruning in most studies, and is below 0 where a steadier model moves votes."""
    noisier = [dense_floor_alone(panel) for panel in panels("noisier", 10, 40)]
    assert np.mean([low > 0 for _, low in noisier]) > ALPHA + allowed(ALPHA, 40, 3)
    assert np.mean([excess for excess, _ in noisier]) > 0.03
    steadier = [dense_floor_alone(panel)[0] for panel in panels("steadier, small shift", 5, 40)]
    assert np.mean(steadier) < 0


@pytest.mark.parametrize("world", NULLS[:2])
def test_pies_scored_by_the_seeds_that_found_them_would_be_caught(world: str) -> None:
    """The circular test finds harm in nearly every study in which pruning does nothing."""
    assert np.mean([circular_p(panel) <= ALPHA for panel in panels(world, 10, 30)]) > 0.8


def test_intervals_of_three_seeds_would_be_caught() -> None:
    """They hold the truth far too seldom: that is why there are none."""
    rows = [three_seeds_interval(panel) for panel in panels("null, strong shared noise", 3, 80)]
    truth = np.mean([rate for rate, _, _ in rows])
    assert np.mean([low <= truth <= high for _, low, high in rows]) < COVERED - allowed(COVERED, 80)
    assert all(interval_of(panel, panel.pruned[0], 10)["low"] is None for panel in panels("null", 3, 2))


def test_ten_classes_and_thirty_seeds_are_no_exception() -> None:
    """Many seeds have intervals too, and a shift among ten classes is far above both floors."""
    (panel,) = panels("ten classes, shift", 30, 1)
    row = interval_of(panel, panel.pruned[0], 200)
    assert row["excess_low"] > 0.05
    assert row["half"] == 15
