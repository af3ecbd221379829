"""When weights are removed."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.pruning.schedules import SCHEDULES, AtInitialization, Rounds, Unpruned

PRUNING = [schedule for schedule in SCHEDULES.values() if not isinstance(schedule, Unpruned)]


@pytest.mark.parametrize(
    ("sparsity", "rate"), [(0.2, 0.0717), (0.5, 0.2063), (0.7, 0.3306), (0.9, 0.5358), (0.99, 0.7846)]
)
def test_three_rounds_remove_the_papers_rate_of_what_is_left(sparsity, rate):
    """Each round takes the same share x of the remaining weights, (1 - x)^3 = 1 - s, and lands exactly on s."""
    fractions = list(Rounds(3).cuts(5, sparsity).values())
    kept = [1.0] + [1 - fraction for fraction in fractions]
    rates = [1 - after / before for before, after in itertools.pairwise(kept)]
    assert rates == pytest.approx([rate] * 3, abs=5e-5)
    assert fractions[-1] == sparsity


@given(st.floats(0.001, 0.999), st.integers(1, 80), st.integers(0, 1))
def test_every_schedule_rises_to_its_target_within_training(sparsity, epochs, late):
    """Fractions rise strictly, end exactly at the target, and no cut comes after the last epoch."""
    for schedule in PRUNING:
        cuts = schedule.cuts(epochs, sparsity, late=late)
        fractions = [cuts[epoch] for epoch in sorted(cuts)]
        assert fractions[-1] == sparsity
        assert all(0 < a < b for a, b in itertools.pairwise(fractions))
        assert max(cuts) <= schedule.total_epochs(epochs)


def test_phases_are_equal_or_off_by_one():
    """Equal phases are E, E, E, E epochs long; the released code's are E + 1, E, E, E - 1."""
    assert list(Rounds(3).cuts(14, 0.5)) == [14, 28, 42]
    assert list(Rounds(3).cuts(14, 0.5, late=1)) == [15, 29, 43]
    assert Rounds(3).total_epochs(14) == 56


def test_at_initialization_cuts_once_before_training():
    """One cut to the target before epoch 0, in no more epochs than the dense model's."""
    assert AtInitialization().cuts(14, 0.9, late=1) == {0: 0.9}
    assert AtInitialization().total_epochs(14) == 14


def test_a_reference_is_trained_as_long_as_rounds_and_never_cut():
    """Four phases, no cut; a fraction to remove is refused."""
    assert Unpruned().cuts(14, 0.0, late=1) == {}
    assert Unpruned().total_epochs(14) == Rounds(3).total_epochs(14)
    with pytest.raises(ValueError, match=r"its sparsity is 0; 0\.5 was given"):
        Unpruned().cuts(14, 0.5)


@pytest.mark.parametrize("sparsity", [0.0, 1.0, -0.2, 90])
def test_sparsity_is_a_fraction(sparsity):
    """A percentage or an end of the interval is refused by both schedules."""
    for schedule in PRUNING:
        with pytest.raises(ValueError, match="fraction"):
            schedule.cuts(3, sparsity)


def test_schedules_load_without_torch():
    """Planning asks schedules how long training takes, and must not wait for torch."""
    code = "import runner.pruning.schedules, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
