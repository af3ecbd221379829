"""What moved between two stores: intervals hold the truth, tests err as promised, and what is planted is found."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from analysis.calibration.worlds import WORLDS, Examples, Size, World, simulate
from analysis.statistics.definitions import differ, votes
from analysis.two_stores.cells import SharedLabels, Side, _distances, _ways, compared, difference_bounds, least_p
from tests.analysis.statistics.small_panels import answers

CHANGES = ("effectiveness_change", "pie_rate_change", "excess_change")
TESTS = ("effectiveness_change_p", "distance_change_p", "changed_p")


def pairs(world: World, seeds: int, count: int, moved: float = 0.0) -> list[dict[str, float]]:
    """What `compared` says of so many pairs of stores with the same examples; of B's, pruned margins are `moved`."""
    random = np.random.default_rng(seeds)
    found = []
    for _ in range(count):
        examples = Examples.of(world, 150, random)
        sides = []
        for shift in (0.0, moved):
            panel = simulate(world, examples, Size(seeds=seeds, experiments=1), random).panel(0)
            cell = panel.pruned[0]
            turned = random.random(cell.codes.shape) < shift
            cell = answers(np.where(turned, 1 - cell.codes, cell.codes), "imp-ft", 0.5)
            sides.append(Side(dense=panel.dense, cell=cell))
        found.append(compared(SharedLabels(panel=panel, gold=panel.gold), *sides))
    return found


@pytest.mark.parametrize("name", ["null, shared noise", "shift"])
def test_two_stores_of_one_kind_are_seldom_told_apart(name: str) -> None:
    """Of 80 pairs the intervals of what moved hold 0 in 90 % or more, and each test finds something in 11 % at most."""
    rows = pairs(WORLDS[name], 5, 80)
    for change in CHANGES:
        assert np.mean([row[f"{change}_low"] <= 0 <= row[f"{change}_high"] for row in rows]) >= 0.9, change
    for test in TESTS:
        assert np.mean([row[test] <= 0.05 for row in rows]) <= 0.11, test
    assert np.mean([row["beyond_low"] <= 0 <= row["beyond_high"] for row in rows]) >= 0.9
    assert np.mean([row["beyond"] for row in rows]) == pytest.approx(0, abs=0.005)


def test_what_is_planted_is_found() -> None:
    """A quarter of B's pruned answers turned: all tests find it, and PIE rates differ by more than their interval."""
    rows = pairs(WORLDS["null, shared noise"], 6, 6, moved=0.4)
    assert all(row[test] <= 0.05 for row in rows for test in TESTS)
    assert all(row["pie_rate_change_low"] > 0 > row["effectiveness_change_high"] for row in rows)


def test_numbers_are_those_of_the_definitions() -> None:
    """Rates, changed votes and the p of the exact test of 3 seeds a side, counted one by one."""
    random = np.random.default_rng(2)
    gold = random.integers(0, 3, 40)
    said = [random.integers(0, 3, (3, 40)) for _ in range(4)]
    dense, pruned, other_dense, other = (answers(one, "imp-ft", 0.5) for one in said)
    world = WORLDS["ten classes"]
    panel = simulate(world, Examples.of(world, 40, random), Size(seeds=3, experiments=1), random).panel(0)
    ground = SharedLabels(panel=panel, gold=gold.astype(np.int32))
    row = compared(ground, Side(dense=dense, cell=pruned), Side(dense=other_dense, cell=other))
    vote = [votes(panel, one) for one in (dense, pruned, other_dense, other)]
    assert row["pie_rate"] == pytest.approx(differ(vote[0], vote[1]).mean())
    assert row["other_pie_rate"] == pytest.approx(differ(vote[2], vote[3]).mean())
    assert row["changed"] == pytest.approx(differ(vote[1], vote[3]).mean())
    assert row["effectiveness_change"] == pytest.approx((said[3] == gold).mean() - (said[1] == gold).mean())
    assert {row[name] for name in row if name.endswith(("_p", "_low", "_high"))} == {None}
    apart = np.array(
        [[(one != two).mean() for two in np.vstack([said[1], said[3]])] for one in np.vstack([said[1], said[3]])]
    )
    lies = [
        [(said[2 * side][i] != said[2 * side + 1][j]).mean() for i in range(3) for j in range(3) if i != j]
        for side in (0, 1)
    ]
    inner = [np.mean([(one[i] != one[j]).mean() for i in range(3) for j in range(3) if i != j]) for one in said]
    expected = [np.mean(lies[side]) - (inner[2 * side] + inner[2 * side + 1]) / 2 for side in (0, 1)]
    assert [row["distance"], row["other_distance"]] == pytest.approx(expected)
    sides = Side(dense=dense, cell=pruned), Side(dense=other_dense, cell=other)
    ways, is_complete = _ways(3)
    assert (len(ways), is_complete, ways[0].tolist()) == (10, True, [True] * 3 + [False] * 3)
    found = _distances(sides, ways)[1]["changed_p"]
    for way, one in zip(ways, found, strict=True):
        across = apart[way][:, ~way].mean()
        within = [apart[own][:, own].sum() / 6 for own in (way, ~way)]
        assert one == pytest.approx(2 * across - sum(within))


def test_seeds_that_never_waver_are_told_apart() -> None:
    """Five seeds that all say otherwise than five others: the least p there is, though any three make the vote."""
    gold = np.zeros(30, np.int32)
    dense, right, wrong = (np.tile((np.arange(30) < turned).astype(np.int32), (5, 1)) for turned in (0, 0, 9))
    panel = simulate(
        WORLDS["null"],
        Examples.of(WORLDS["null"], 30, np.random.default_rng(0)),
        Size(seeds=5, experiments=1),
        np.random.default_rng(0),
    ).panel(0)
    sides = (Side(dense=answers(dense, "dense", 0.0), cell=answers(one, "imp-ft", 0.5)) for one in (right, wrong))
    row = compared(SharedLabels(panel=panel, gold=gold), *sides)
    assert [row[test] for test in TESTS] == [1 / 126] * 3
    assert (row["beyond"], row["pie_rate_change"]) == pytest.approx((0.3, 0.3))


def test_unequal_seeds_count_as_equally_many() -> None:
    """Of eight and five seeds the lowest five of both; which is said."""
    world = WORLDS["shift"]
    random = np.random.default_rng(3)
    examples = Examples.of(world, 60, random)
    many, few = (simulate(world, examples, Size(seeds=seeds, experiments=1), random).panel(0) for seeds in (8, 5))
    ground = SharedLabels(panel=few, gold=few.gold)
    whole, part = (
        Side(dense=answers(many.dense.codes[:kept], "dense", 0.0), cell=answers(many.pruned[0].codes[:kept], "a", 0.5))
        for kept in (8, 5)
    )
    other = Side(dense=few.dense, cell=few.pruned[0])
    row = compared(ground, whole, other)
    assert (row["seeds"], row["other_seeds"], row["compared_seeds"]) == (8, 5, 5)
    assert row | {"seeds": 5} == compared(ground, part, other)


def test_least_p_and_ways() -> None:
    """All ways to hand out up to 13 seeds, else random ones; the first is always the actual one."""
    assert least_p(3) == pytest.approx(1 / comb(5, 2))
    assert [len(_ways(seeds)[0]) for seeds in (1, 5, 6, 7, 20)] == [1, 126, 462, 1716, 2000]
    assert all(way.sum() == 20 for way in _ways(20)[0])
    assert _ways(20)[0][0].tolist() == [True] * 20 + [False] * 20


def test_bounds_of_a_difference() -> None:
    """Each half by the halves on its side: 3, 2 to 5 less 1, 0 to 3 is 2 -+ (sqrt 5, sqrt 5); null without one."""
    low, high = difference_bounds((3.0, 2.0, 5.0), (1.0, 0.0, 3.0))
    assert (low, high) == pytest.approx((2 - 5**0.5, 2 + 5**0.5))
    assert difference_bounds((3.0, None, None), (1.0, 0.0, 3.0)) == (None, None)
