"""Trainings too short for a method that ranks weights by windows of steps are refused before anything is written."""

from __future__ import annotations

import pytest

from runner.studies import StudyError
from runner.sweep.enough_steps import require_windows
from runner.training import Training
from tests.runner.small_trials import DATA, spec_of


def trial(method, *options, epochs=3):
    """A trial of the small network with 8 steps an epoch."""
    training = Training(epochs=epochs, batch_size=16, learning_rate=0.02)
    return spec_of(method, method_options=options, training=training)


def test_windows_that_have_ended_by_the_first_cut_are_enough():
    """One window of ten in 24 steps; a method without windows may cut at once."""
    require_windows([trial("pins"), trial("platon"), trial("dense"), trial("rp-ai", epochs=1)], {"points": DATA})


@pytest.mark.parametrize(
    ("options", "epochs", "said"),
    [
        ((), 1, r"'pins' on points: weights go after step 5 of 8, and it ranks them by windows of 10 steps"),
        ((("window", 20),), 3, r"weights go after step 12 of 24, and it ranks them by windows of 20 steps"),
        ((("every", 1),), 3, "weights go after step 3 of 24.*choose a later `begins`"),
    ],
)
def test_a_cut_before_the_first_window_is_refused(options, epochs, said):
    """A training shorter than the warm-up of its scores, too long a window, and a ramp that begins too early."""
    with pytest.raises(StudyError, match=said):
        require_windows([trial("pins", *options, epochs=epochs)], {"points": DATA})
