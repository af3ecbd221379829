"""What a random search tries: Ray Tune's own draws, the same again for the same names and ranges."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from runner.sweep.environment import prepare

prepare(None)

from runner.studies.tuning import Ranges  # noqa: E402
from runner.tuning.draws import draws  # noqa: E402

RANGES = Ranges(epochs=(2, 6), learning_rate=(2e-5, 2e-4))


def test_a_larger_budget_adds_draws():
    """The first draws are the same, so that nothing that was tried is lost."""
    assert draws(RANGES, 10, "snli", "bert") == draws(RANGES, 50, "snli", "bert")[:10]


def test_cells_are_drawn_apart():
    """Another task or model has draws of its own."""
    first = draws(RANGES, 5, "snli", "bert")
    assert first != draws(RANGES, 5, "imdb", "bert")
    assert first != draws(RANGES, 5, "snli", "bilstm")


def test_draws_are_pinned():
    """These draws are what stores of earlier searches hold: if this fails, those searches cannot be resumed."""
    assert draws(RANGES, 2, "snli", "bert") == [
        {"epochs": 4, "learning_rate": pytest.approx(1.047016372077374e-4, rel=1e-12)},
        {"epochs": 6, "learning_rate": pytest.approx(9.821137132594924e-5, rel=1e-12)},
    ]


@pytest.mark.parametrize("scale", ["uniform", "log"])
def test_draws_are_uniform(scale):
    """Every number of epochs equally often, both ends included; the rate, or its logarithm, uniform in its range."""
    ranges = Ranges(epochs=(2, 6), learning_rate=(2e-5, 2e-2), scale=scale)
    found = draws(ranges, 1500, "snli", "bert")
    epochs = Counter(draw["epochs"] for draw in found)
    assert sorted(epochs) == [2, 3, 4, 5, 6]
    assert stats.chisquare(list(epochs.values())).pvalue > 1e-4
    rates, ends = np.array([draw["learning_rate"] for draw in found]), np.array(ranges.learning_rate)
    if scale == "log":
        rates, ends = np.log(rates), np.log(ends)
    assert stats.kstest((rates - ends[0]) / (ends[1] - ends[0]), "uniform").pvalue > 1e-4


def test_what_is_not_searched_is_not_set():
    """A study that gives a range for one setting leaves the other as it is."""
    assert all(set(draw) == {"epochs"} for draw in draws(Ranges(epochs=(1, 3)), 3, "a", "b"))
    assert draws(Ranges(epochs=(4, 4)), 2, "a", "b") == [{"epochs": 4}, {"epochs": 4}]
