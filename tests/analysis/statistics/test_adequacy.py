"""Seed adequacy: what it foretells comes true."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics import adequacy
from analysis.statistics.adequacy import adequacy_of, summary
from tests.analysis.statistics.small_panels import answers, drawn, panel

MARGINS = np.random.default_rng(3).normal(size=400)


def cells(random: np.random.Generator, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Dense and pruned answers of paired seeds that share a direction of noise."""
    return drawn(random, seeds, MARGINS, 0.3), drawn(random, seeds, MARGINS + 0.8, 0.3)


def test_the_seeds_that_are_said_to_be_needed_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments with the foretold number of seeds have rates within the wanted distance in about 95 % of cases."""
    monkeypatch.setattr(adequacy, "POINT", 0.02)
    random = np.random.default_rng(4)
    needed = []
    for _ in range(8):
        dense, pruned = cells(random, 20)
        one, other = answers(dense, "dense", 0.0), answers(pruned, "x", 0.9)
        needed.append(summary(list(adequacy_of(panel(one, other), other)))["needed"])
    seeds = round(float(np.median(needed)))

    def rate() -> float:
        votes = [2 * side.sum(axis=0) > seeds for side in cells(random, seeds)]
        return float((votes[0] != votes[1]).mean())

    rates = np.array([rate() for _ in range(300)])
    assert 5 < seeds < 500
    assert 0.85 <= np.mean(np.abs(rates - rates.mean()) <= 0.02) <= 0.998


def test_more_seeds_are_steadier() -> None:
    """With more seeds the rate is lower, the set of PIEs steadier and the width smaller; what is beyond is marked."""
    dense, pruned = cells(np.random.default_rng(5), 24)
    one, other = answers(dense, "dense", 0.0), answers(pruned, "x", 0.9)
    rows = list(adequacy_of(panel(one, other), other))
    assert [row["seeds"] for row in rows] == [1, 3, 5, 7, 11, 15, 21, 24, 48]
    assert [row["jaccard"] is None for row in rows] == [False] * 5 + [True] * 4
    assert [row["measured"] for row in rows] == [True] * 8 + [False]
    assert rows[0]["rate"] > rows[2]["rate"] > rows[7]["rate"]
    assert rows[0]["dense_rate"] > rows[4]["dense_rate"]
    assert rows[0]["jaccard"] < rows[4]["jaccard"]
    assert rows[-1]["half_width"] < rows[2]["half_width"]
    told = summary(rows)
    assert told["seeds"] == 24
    assert 0.2 <= rows[0]["decay"] <= 0.5
    assert told["with_more"] == pytest.approx(told["half_width"] * (24 / 34) ** rows[0]["decay"])


def test_the_rate_of_all_seeds_is_the_pie_rate() -> None:
    """At all seeds there is one subset, whose rate is that of the votes; at one seed it is that of single models."""
    dense, pruned = cells(np.random.default_rng(6), 7)
    one, other = answers(dense, "dense", 0.0), answers(pruned, "x", 0.9)
    rows = {row["seeds"]: row for row in adequacy_of(panel(one, other), other)}
    votes = [2 * side.sum(axis=0) > 7 for side in (dense, pruned)]
    assert rows[7]["rate"] == pytest.approx((votes[0] != votes[1]).mean())
    assert rows[1]["rate"] == pytest.approx((dense != pruned).mean(), abs=0.03)


def test_the_width_has_no_noise_of_drawing() -> None:
    """The foretold width is about that of the rates of repeated studies, not 1.4 times as wide and more."""
    random = np.random.default_rng(7)
    told = []
    for _ in range(60):
        dense, pruned = cells(random, 10)
        one, other = answers(dense, "dense", 0.0), answers(pruned, "x", 0.9)
        row = summary(list(adequacy_of(panel(one, other), other)))
        told.append(row["half_width"])
    assert 0.6 < np.sqrt(np.mean(np.square(told))) / (1.96 * spread_of_rates(random)) < 1.35


def spread_of_rates(random: np.random.Generator) -> float:
    """The standard deviation of the PIE rate over repeated studies of ten seeds."""
    rates = []
    for _ in range(300):
        votes = [2 * side.sum(axis=0) > 10 for side in cells(random, 10)]
        rates.append((votes[0] != votes[1]).mean())
    return float(np.std(rates))


def test_sets_that_never_change_are_as_steady_as_can_be() -> None:
    """Seeds that all agree give Jaccard 1 and width 0, and two are enough; five do not know how many are."""
    one, other = (answers(np.full((6, 10), value), name, 0.5) for name, value in (("dense", 0), ("x", 1)))
    told = summary(list(adequacy_of(panel(one, other), other)))
    assert (told["jaccard"], told["half_width"], told["needed"]) == (1, 0, 2)
    few, fewer = (answers(cell.codes[:5], cell.method, 0.5) for cell in (one, other))
    assert summary(list(adequacy_of(panel(few, fewer), fewer)))["needed"] is None


def test_too_few_seeds_have_no_rows() -> None:
    """One seed, no dense cell, or no shared seed: nothing, and no error."""
    one, other = answers(np.array([[0, 1]]), "dense", 0.0), answers(np.array([[1, 1]]), "x", 0.5)
    assert list(adequacy_of(panel(one, other), other)) == []
    assert list(adequacy_of(panel(None, other), other)) == []
    strangers = answers(np.array([[1, 1], [0, 1]]), "x", 0.5, [7, 8])
    assert list(adequacy_of(panel(one, strangers), strangers)) == []
