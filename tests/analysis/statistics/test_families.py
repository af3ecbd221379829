"""Which comparisons of a family can be tested, and what an untested one does to the others."""

from __future__ import annotations

import pytest

from analysis.statistics.families import judge, over_examples, over_seeds

FAMILY = {"test": "paired-t", "correction": "bonferroni", "alpha": 0.05}
GOOD = [(seed, 0.9 + 0.001 * seed, 0.8) for seed in range(6)]


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(0, 0.9, 0.8), (1, 0.9, None), (2, None, 0.8)], "unpaired: one lacks seed 2, two lacks seed 1"),
        ([(seed, 0.9, None) for seed in range(3)], "nothing of two"),
        ([], "nothing of one and nothing of two"),
        (
            [(seed, 0.9, 0.8 if seed > 7 else None) for seed in range(9)],
            "unpaired: two lacks seeds 0, 1, 2, 3, 4 and more",
        ),
        ([(0, 0.9, 0.8)], "pairs: 1; paired-t needs 2"),
        ([(0, 0.9, 0.8), (1, 0.7, 0.6)], "no spread: all seeds differ by the same amount"),
        ([(0, 0.9, 0.9), (1, 0.7, 0.7)], "no spread: all seeds differ by the same amount"),
    ],
)
def test_what_cannot_be_tested_says_why(pairs, reason):
    """Seeds of one side alone are named and never dropped; one pair, or no spread, is no test."""
    comparison = over_seeds(pairs, "paired-t", "one", "two")
    assert comparison.reason == reason
    (row,) = judge([FAMILY], [comparison])
    assert (row["p"], row["corrected_p"], row["verdict"], row["reason"]) == (None, None, "not tested", reason)


def test_an_untested_comparison_still_counts():
    """It stays in the family as one with p = 1, so that a missing cell makes nothing easier to find."""
    good, bad = over_seeds(GOOD, "paired-t", "one", "two"), over_seeds(GOOD[:1], "paired-t", "one", "two")
    (alone,) = judge([FAMILY], [good])
    beside, _ = judge([FAMILY] * 2, [good, bad])
    assert beside["p"] == alone["p"]
    assert beside["corrected_p"] == pytest.approx(2 * alone["corrected_p"])


def test_verdicts():
    """Higher and lower by the sign of the difference; neither where the corrected p is above alpha."""
    other_way = [(seed, two, one) for seed, one, two in GOOD]
    noise = [(seed, 0.9 + 0.01 * (-1) ** seed, 0.9) for seed in range(6)]
    comparisons = [over_seeds(pairs, "paired-t", "one", "two") for pairs in (GOOD, other_way, noise)]
    rows = judge([FAMILY] * 3, comparisons)
    assert [row["verdict"] for row in rows] == ["higher", "lower", "no difference shown"]
    assert rows[0]["low"] < rows[0]["estimate"] < rows[0]["high"]


def test_unequal_numbers_of_pairs():
    """Comparisons of different sizes are tested in one family, in their order."""
    comparisons = [over_seeds(GOOD[:size], "paired-t", "one", "two") for size in (6, 3, 6)]
    assert [row["pairs"] for row in judge([FAMILY] * 3, comparisons)] == [6, 3, 6]


@pytest.mark.parametrize(
    ("seeds", "other_seeds", "unpaired", "reason"),
    [
        ([0, 1], [0], 0, "unpaired: two lacks seed 1"),
        ([0], [0], 3, "unpaired: 3 examples were answered on one side alone"),
        ([], [0], 0, "no examples that both sides answered"),
        ([0], [0], 0, ""),
    ],
)
def test_votes_are_paired_too(seeds, other_seeds, unpaired, reason):
    """Votes of different seeds, or on different examples, are not compared."""
    counted = {"examples": 10, "yes_no": 3, "no_yes": 1, "unpaired": unpaired}
    assert over_examples({"seeds": seeds, "other_seeds": other_seeds}, counted, "one", "two").reason == reason
