"""When weights are removed."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.pruning.moment import Timeline
from runner.pruning.schedules import SCHEDULES, AtInitialization, Cubic, Levels, OneShot, Rounds, Schedule, Unpruned

PRUNING = [schedule for schedule in SCHEDULES.values() if not isinstance(schedule, Unpruned | Levels)]


def decisions(schedule: Schedule, epochs: int, target: float, steps_per_epoch: int = 4) -> dict[int, float]:
    """Step -> fraction that is gone from then on."""
    timeline = Timeline(schedule.phases(epochs, epochs), steps_per_epoch)
    asked = {step: schedule.removed(timeline.at(step), target) for step in range(timeline.steps + 1)}
    return {step: fraction for step, fraction in asked.items() if fraction is not None}


@pytest.mark.parametrize(
    ("sparsity", "rate"), [(0.2, 0.0717), (0.5, 0.2063), (0.7, 0.3306), (0.9, 0.5358), (0.99, 0.7846)]
)
def test_three_rounds_remove_the_papers_rate_of_what_is_left(sparsity, rate):
    """Each round takes the same share x of the remaining weights, (1 - x)^3 = 1 - s, and lands exactly on s."""
    fractions = list(decisions(Rounds(3), 5, sparsity).values())
    kept = [1.0] + [1 - fraction for fraction in fractions]
    rates = [1 - after / before for before, after in itertools.pairwise(kept)]
    assert rates == pytest.approx([rate] * 3, abs=5e-5)
    assert fractions[-1] == sparsity


@given(st.floats(0.001, 0.999), st.integers(1, 40), st.integers(1, 5), st.integers(0, 1))
def test_every_schedule_rises_to_its_target_within_training(sparsity, epochs, steps_per_epoch, late):
    """Fractions never fall and end exactly at the target, however few steps there are."""
    for schedule in (*PRUNING, Rounds(3, late=late), Cubic(0.2, 1.0, every=3), Cubic(afterwards="every-step")):
        fractions = list(decisions(schedule, epochs, sparsity, steps_per_epoch).values())
        assert fractions[-1] == sparsity
        assert all(0 <= a <= b for a, b in itertools.pairwise(fractions))


def test_every_level_takes_a_fifth_of_what_is_left():
    """Level k has 1 - .8^k gone; its trial is the one of level k - 1 with a phase more, and decides alike before."""
    levels = [Levels().gone(level) for level in range(1, 21)]
    assert levels[:3] == pytest.approx([0.2, 0.36, 0.488])
    assert levels[-1] == pytest.approx(1 - 0.8**20)
    for level, target in enumerate(levels, 1):
        schedule = Levels().towards(target)
        assert schedule.phases(3, 2) == (3, *(2,) * level)
        assert list(decisions(schedule, 3, target).values()) == levels[:level]
        assert schedule.before(target) == (levels[level - 2] if level > 1 else 0.0)
    assert Levels().towards(0.4880001).level == 3
    for other in (0.5, 0.1, 0.99):
        with pytest.raises(ValueError, match=r"is no level: .* allowed are 1 - 0.8\^k, such as"):
            Levels().towards(other)


def test_phases_are_equal_or_off_by_one():
    """Equal phases are E, E, E, E epochs long; the released code's are E + 1, E, E, E - 1."""
    assert list(decisions(Rounds(3), 14, 0.5, 1)) == [14, 28, 42]
    assert list(decisions(Rounds(3, late=1), 14, 0.5, 1)) == [15, 29, 43]
    assert list(decisions(Rounds(3, late=1), 1, 0.5, 1)) == [2, 3, 4]
    assert sum(Rounds(3).phases(14, 14)) == sum(Rounds(3, late=1).phases(14, 14)) == 56


def test_at_initialization_cuts_once_before_training():
    """One cut to the target before step 0, in no more epochs than the dense model's."""
    assert decisions(AtInitialization(), 14, 0.9) == {0: 0.9}
    assert AtInitialization().phases(14, 14) == (14,)


def test_one_shot_cuts_once_after_the_dense_training():
    """One cut where the dense training ends, then the epochs asked for, or as many again."""
    assert decisions(OneShot(finetune_epochs=2), 14, 0.9, 10) == {140: 0.9}
    assert OneShot(finetune_epochs=2).phases(14, 14) == (14, 2)
    assert OneShot().phases(14, 14) == (14, 14)


def test_the_cubic_ramp_is_that_of_its_formula():
    """At every k-th step between its ends r(t) = s - s (1 - (t - t_0) / (t_n - t_0))^3, then s, and no more."""
    found = decisions(Cubic(begins=0.1, ends=0.7, every=20), 10, 0.8, 10)
    assert found == pytest.approx({10: 0, 30: 0.8 * (1 - (2 / 3) ** 3), 50: 0.8 * (1 - (1 / 3) ** 3), 70: 0.8})
    assert found[70] == 0.8
    assert list(decisions(Cubic(ends=0.95, every=50, afterwards="every-step"), 1, 0.8, 100)) == [0, 50, *range(95, 101)]
    assert min(decisions(Cubic(initial=0.3), 10, 0.8).values()) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"begins": 0.8, "ends": 0.3}, "begins at 0.8"),
        ({"ends": 1.2}, "0 <= begins < ends <= 1"),
        ({"every": 0}, "k at least 1"),
        ({"initial": 1.0}, "lies in"),
    ],
)
def test_a_ramp_that_does_not_fit_the_training_is_refused(options, message):
    """Ends before it begins, ends after training, no step: a message with what is allowed."""
    with pytest.raises(ValueError, match=message):
        Cubic(**options)


def test_a_reference_is_trained_as_long_as_rounds_and_never_cut():
    """Four phases, no cut; a fraction to remove is refused."""
    assert decisions(Unpruned(), 14, 0.0) == {}
    assert Unpruned().phases(14, 14) == Rounds(3).phases(14, 14)
    with pytest.raises(ValueError, match=r"its sparsity is 0; 0\.5 was given"):
        decisions(Unpruned(), 14, 0.5)


@pytest.mark.parametrize("sparsity", [0.0, 1.0, -0.2, 90])
def test_sparsity_is_a_fraction(sparsity):
    """A percentage or an end of the interval is refused by every schedule."""
    for schedule in PRUNING:
        with pytest.raises(ValueError, match="fraction"):
            decisions(schedule, 3, sparsity)


def test_where_a_phase_ends_the_next_one_begins():
    """Moments say the phase, the steps done in it, and whole epochs; a last phase without epochs begins at the end."""
    timeline = Timeline((2, 1, 0), 5)
    assert [(timeline.at(step).phase, timeline.at(step).phase_step) for step in (0, 9, 10, 14, 15)] == [
        (0, 0),
        (0, 9),
        (1, 0),
        (1, 4),
        (2, 0),
    ]
    assert [timeline.at(step).epoch for step in (0, 4, 5, 15)] == [0, 0, 1, 3]
    assert timeline.at(15).is_end
    assert timeline.at(3).progress == 0.2


def test_schedules_load_without_torch():
    """Planning asks schedules how long training takes, and must not wait for torch."""
    code = "import runner.pruning.schedules, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
