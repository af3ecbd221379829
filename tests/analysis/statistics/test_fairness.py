"""Which class loses most: chosen for its fall, so that its interval and its test must hold for all classes at once."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics.corrections import correct_family
from analysis.statistics.fairness import fairness, losses

STUDIES, SEEDS, CLASSES = 300, 8, 10


def study(random: np.random.Generator, fall: float = 0.0) -> list[dict[str, float]]:
    """Recalls of 100 examples a class; the first class loses so much."""
    chance = np.linspace(0.6, 0.9, CLASSES)
    dense = random.binomial(100, chance, size=(SEEDS, CLASSES)) / 100
    pruned = random.binomial(100, chance - fall * (np.arange(CLASSES) == 0), size=(SEEDS, CLASSES)) / 100
    return losses(pruned, dense)


def test_nothing_lost_is_seldom_called_a_loss() -> None:
    """The class that seems to lose most has 0 in its interval in 95 of 100 studies, and is seldom marked."""
    random = np.random.default_rng(1)
    covered, marked = [], []
    for _ in range(STUDIES):
        rows = study(random)
        correct_family(rows)
        worst = min(rows, key=lambda row: row["change"])
        covered.append(worst["low"] <= 0 <= worst["high"])
        marked.append(worst["corrected_p"] <= 0.05)
    assert np.mean(covered) >= 0.93
    assert np.mean(marked) <= 0.07


def test_a_class_that_loses_is_found() -> None:
    """A fall of 20 points is seen in most studies, and its interval holds it."""
    random = np.random.default_rng(2)
    rows = [study(random, 0.2) for _ in range(100)]
    found = [min(range(CLASSES), key=lambda at, one=one: one[at]["change"]) == 0 for one in rows]
    assert np.mean(found) > 0.95
    assert np.mean([one[0]["high"] < 0 for one in rows]) > 0.8
    assert np.mean([one[0]["low"] <= -0.2 <= one[0]["high"] for one in rows]) > 0.95


def test_no_interval_says_more_than_all_is_lost() -> None:
    """Where most networks of a cell have lost a class and some have not, the interval ends at -1."""
    dense, pruned = np.full((5, 2), 0.95), np.array([[0.0, 0.9], [0.0, 0.9], [0.0, 0.9], [0.0, 0.9], [0.6, 0.8]])
    row = losses(pruned, dense)[0]
    assert row["low"] == -1 < row["change"] < row["high"] <= 1


def trial(method: str, seed: int, recalls: list[float], classes: str = "xyz") -> dict[str, object]:
    """One trial's recalls."""
    place = {"task": "t", "split": "test", "model": "m", "method": method, "sparsity": 0.5 * (method != "dense")}
    return {**place, "seed": seed, "classes": list(classes), "recalls": recalls}


def test_worst_class_gap_and_loser_of_a_cell() -> None:
    """By means over seeds; four seeds have no interval, and a cell that answered other classes has no row."""
    rows = [
        *(trial("dense", seed, [0.9, 0.8, 0.7]) for seed in range(4)),
        *(trial("mp", seed, [0.9, 0.4, 0.6]) for seed in range(4)),
        trial("up", 0, [0.9, 0.4], "xy"),
    ]
    (row,) = fairness(rows, "dense")
    assert (row["worst_class"], row["dense_worst_class"], row["loser"]) == ("y", "z", "y")
    assert [row[name] for name in ("worst_recall", "gap", "dense_gap", "change")] == pytest.approx(
        [0.4, 0.5, 0.2, -0.4]
    )
    assert (row["low"], row["p"], row["corrected_p"]) == (None, None, 1.0)
