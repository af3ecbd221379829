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
    assert 0.88 <= np.mean(np.abs(rates - rates.mean()) <= 0.02) <= 0.998


def test_more_seeds_are_steadier() -> None:
    """With more seeds the set of PIEs is steadier and the width smaller; what is drawn beyond the seeds is marked."""
    dense, pruned = cells(np.random.default_rng(5), 24)
    one, other = answers(dense, "dense", 0.0), answers(pruned, "x", 0.9)
    rows = list(adequacy_of(panel(one, other), other))
    assert [row["seeds"] for row in rows] == [2, 6, 12, 24, 48]
    assert [row["jaccard"] is None for row in rows] == [False, False, False, True, True]
    assert [row["measured"] for row in rows] == [True, True, True, True, False]
    assert rows[0]["jaccard"] < rows[2]["jaccard"]
    assert rows[-1]["half_width"] < rows[2]["half_width"]
    told = summary(rows)
    assert told["seeds"] == 24
    assert told["with_more"] == pytest.approx(told["half_width"] * (24 / 34) ** 0.5)


def test_sets_that_never_change_are_as_steady_as_can_be() -> None:
    """Seeds that all agree give Jaccard 1 and width 0, and two seeds are enough."""
    one, other = (answers(np.full((6, 10), value), name, 0.5) for name, value in (("dense", 0), ("x", 1)))
    told = summary(list(adequacy_of(panel(one, other), other)))
    assert (told["jaccard"], told["half_width"], told["needed"]) == (1, 0, 2)


def test_too_few_seeds_have_no_rows() -> None:
    """One seed, no dense cell, or no shared seed: nothing, and no error."""
    one, other = answers(np.array([[0, 1]]), "dense", 0.0), answers(np.array([[1, 1]]), "x", 0.5)
    assert list(adequacy_of(panel(one, other), other)) == []
    assert list(adequacy_of(panel(None, other), other)) == []
    strangers = answers(np.array([[1, 1], [0, 1]]), "x", 0.5, [7, 8])
    assert list(adequacy_of(panel(one, strangers), strangers)) == []
